import { bareAddress, dotted, isMapped, wordsOf } from './address.ts';

/**
 * The key under which everything that comes from one place is counted: an IPv4 address as it is, also when it is mapped
 * into IPv6 (`::ffff:192.0.2.1`), and an IPv6 address by its /64, the least that one subscriber has. Text that is no
 * address (the control socket has none) is its own key.
 */
export function sourceOf(address: string): string {
  const words = wordsOf(bareAddress(address));
  if (!words) return address;
  if (isMapped(words)) return dotted(words);
  const network = words.slice(0, 4).map((word) => word.toString(16));
  return `${network.join(':')}::/64`;
}
