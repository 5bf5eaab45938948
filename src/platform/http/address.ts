import ipaddr from 'ipaddr.js';

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
