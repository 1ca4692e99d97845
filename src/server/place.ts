import { BlockList, isIP } from 'node:net';
import type { Place } from '../domain/peer.ts';

const MAPPED = /^::ffff:(?=\d+\.)/i;

/** An address as people write it: an IPv4 one in its own form however it came, an IPv6 one without its zone. */
export function bareAddress(address: string): string {
  return address.replace(MAPPED, '').replace(/%.*$/s, '');
}

const NOBODY = new BlockList();
for (const [network, bits, family] of [
  ['0.0.0.0', 8, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'], // multicast, reserved, broadcast
  ['::', 128, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const) {
  NOBODY.addSubnet(network, bits, family);
}

/** The place where one host may be; undefined where the text is no address, or that of many or of none. */
export function placeOfHost({ address, port }: Place): Place | undefined {
  const bare = bareAddress(address);
  const family = isIP(bare);
  if (family === 0 || NOBODY.check(bare, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  return { address: bare, port };
}
