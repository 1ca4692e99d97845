import { BlockList, isIP } from 'node:net';
import { bareAddress } from '../domain/address.ts';
import type { Place } from '../domain/peer.ts';

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
