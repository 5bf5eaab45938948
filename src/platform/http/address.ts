import { isIP, isIPv4 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/** As some proxies write it: `203.0.113.7:51423`, `[2001:db8::7]:51423`. */
const withPort = /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/;

/**
 * The IP address that `request` comes from, without port and zone; `unknown` where a proxy of ours wrote something else into
 * X-Forwarded-For.
 */
export function addressOf({ ip }: FastifyRequest): string {
  const [, inBrackets, plain] = withPort.exec(ip) ?? [];
  const address = inBrackets ?? plain ?? ip;
  return isIP(address) > 0 ? address.replace(/%.*/, '') : 'unknown';
}

/**
 * What counts as one address: an IPv4 address, also where it comes mapped into IPv6, or the /64 of an IPv6 one, of which a single
 * customer has 2^64.
 */
export function addressKey(address: string): string {
  if (isIPv4(address)) return address;
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
