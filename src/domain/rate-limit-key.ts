import { formatMappedIPv4, isMappedIPv4, normalizeIp, parseHextets } from './address.ts';

/**
 * Groups clients by source: an IPv4 address, also mapped into IPv6 (`::ffff:192.0.2.1`), or the /64 of an IPv6 address,
 * the smallest network that a subscriber gets. Other text (the control socket has no address) is its own key.
 */
export function rateLimitKey(address: string): string {
  const words = parseHextets(normalizeIp(address));
  if (!words) return address;
  if (isMappedIPv4(words)) return formatMappedIPv4(words);
  const network = words.slice(0, 4).map((word) => word.toString(16));
  return `${network.join(':')}::/64`;
}
