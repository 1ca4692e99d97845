import { BlockList, isIP } from 'node:net';
import { normalizeIp } from '../domain/address.ts';
import type { Endpoint } from '../domain/peer.ts';

const NON_HOST_ADDRESSES = new BlockList();
for (const [network, bits, family] of [
  ['0.0.0.0', 8, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'], // multicast, reserved, broadcast
  ['::', 128, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const) {
  NON_HOST_ADDRESSES.addSubnet(network, bits, family);
}

/** An endpoint with the address of a single host; undefined for other text and for multicast. */
export function parseUnicastEndpoint({ address, port }: Endpoint): Endpoint | undefined {
  const bare = normalizeIp(address);
  const family = isIP(bare);
  if (family === 0 || NON_HOST_ADDRESSES.check(bare, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  return { address: bare, port };
}
