import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

/** The IP address that `request` comes from, without a zone; `unknown` where a proxy of ours wrote something else into X-Forwarded-For. */
export const addressOf = ({ ip }: FastifyRequest): string =>
  isIP(ip) > 0 ? ip.replace(/%.*/, '') : 'unknown';

/**
 * What counts as one address: an IPv4 address, also where it comes mapped into IPv6, or the /64 of an IPv6 one, of which a single
 * customer has 2^64.
 */
export function addressKey(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
