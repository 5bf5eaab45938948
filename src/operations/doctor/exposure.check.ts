import { isIP } from 'node:net';
import type { ParsedConfig } from '../../platform/config/config.schema.js';
import { findingsOf, type Finding } from './finding.js';

const proxy = findingsOf('proxy trust');
const cors = findingsOf('CORS');
const metrics = findingsOf('metrics');
const mode = findingsOf('mode');
const node = findingsOf('Node.js');

const isLoopback = (host: string): boolean => /^(127\.|::1$|localhost$)/.test(host);

/** What the settings let in. */
export function checkExposure(config: ParsedConfig, nodeVersion: string): Finding[] {
  return [modeOf(config), proxyTrust(config), origins(config), metricsOf(config), runtime(nodeVersion)];
}

function modeOf({ nodeEnv, host }: ParsedConfig): Finding {
  if (nodeEnv === 'production' || isLoopback(host)) return mode.ok(`NODE_ENV ${nodeEnv}, HOST ${host}`);
  return mode.warn(`NODE_ENV ${nodeEnv}, HOST ${host}`, 'set NODE_ENV=production where others can reach it');
}

function proxyTrust({ trustProxy, host, nodeEnv }: ParsedConfig): Finding {
  // Wider than a provider's whole network.
  const wide = trustProxy.filter((range) => {
    const [address = '', prefix] = range.split('/');
    return prefix !== undefined && Number(prefix) < (isIP(address) === 4 ? 8 : 16);
  });
  if (wide.length > 0)
    return proxy.fail(
      `believes X-Forwarded-For from ${wide.join(', ')}`,
      'name your own proxies only: others choose their address',
    );
  if (trustProxy.length > 0) return proxy.ok(`believes ${trustProxy.join(', ')}`);
  return nodeEnv === 'production' && isLoopback(host)
    ? proxy.warn(
        'believes nobody, and only this machine can reach it',
        'behind a proxy set TRUST_PROXY, or all clients count as one',
      )
    : proxy.ok('believes nobody');
}

function origins({ corsOrigins, nodeEnv }: ParsedConfig): Finding {
  if (corsOrigins.length === 0) return cors.ok('off');
  const plain = corsOrigins.filter(
    (origin) => origin.startsWith('http:') && !isLoopback(new URL(origin).hostname),
  );
  if (plain.length > 0)
    return cors.fail(
      `pages without TLS may call: ${plain.join(', ')}`,
      'name https origins: whoever is on the line could change such a page',
    );
  const local = corsOrigins.filter((origin) => isLoopback(new URL(origin).hostname));
  if (nodeEnv === 'production' && local.length > 0)
    return cors.warn(
      `pages of this machine may call: ${local.join(', ')}`,
      'take them out of CORS_ORIGINS in production',
    );
  return cors.ok(corsOrigins.join(', '));
}

function metricsOf({ managementPort, managementHost, metricsToken }: ParsedConfig): Finding {
  if (managementPort === undefined)
    return metrics.ok(metricsToken === undefined ? 'not served' : 'served to the bearer of METRICS_TOKEN');
  const found = `served on ${managementHost}, port ${managementPort}`;
  return isLoopback(managementHost) || metricsToken !== undefined
    ? metrics.ok(found)
    : metrics.warn(
        `${found}, to everybody who reaches it`,
        'set METRICS_TOKEN, or keep the port behind a firewall',
      );
}

function runtime(version: string): Finding {
  const major = Number(version.split('.')[0]);
  return major < 22
    ? node.warn(`Node.js ${version}`, 'upgrade to 24: 20 no longer gets security fixes')
    : node.ok(`Node.js ${version}`);
}
