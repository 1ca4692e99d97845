import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { type AddressRange, bareAddress, isWithin, parseRange } from '../domain/address.ts';
import type { Place } from '../protocol/datagram.ts';
import { isLoopback } from './places.ts';

/** Private address blocks: sites number their networks within them. */
const PRIVATE_BLOCKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  (text) => parseRange(text)!,
);
const LOOPBACK = ['127.0.0.0/8', '::1'].map((text) => parseRange(text)!);

/**
 * The networks that this machine is in. A peer names its own addresses there; only those that may be in the same network
 * are probed, or members could aim each other's clients at strangers.
 */
export class SharedNetworks {
  /** Everything in them is near. */
  readonly #subnets: readonly AddressRange[];
  /** What is in them is near for machines of the same site. */
  readonly #blocks: readonly AddressRange[];

  /** @param own where this machine is registered, in its own networks */
  constructor(own: readonly Place[], interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()) {
    const infos = Object.values(interfaces).flatMap((all) => all ?? []);
    const subnets: AddressRange[] = [];
    const blocks: AddressRange[] = [];
    for (const { address } of own) {
      const bare = bareAddress(address);
      if (isLoopback(bare)) {
        subnets.push(...LOOPBACK);
        continue;
      }
      const cidr = infos.find((info) => bareAddress(info.address) === bare)?.cidr;
      const subnet = cidr ? parseRange(cidr.replace(/%[^/]*/, '')) : undefined;
      const block = PRIVATE_BLOCKS.find((range) => isWithin(range, bare));
      if (block) blocks.push(block);
      // A VPN with a prefix of one address says nothing of who else is in it.
      if (subnet?.bits === 128 && block) subnets.push(block);
      else if (subnet) subnets.push(subnet);
    }
    this.#subnets = subnets;
    this.#blocks = blocks;
  }

  /** @param sameSite the daemon sees both sides at one address: their networks may be behind one router */
  includes(address: string, sameSite = false): boolean {
    const bare = bareAddress(address);
    return [...this.#subnets, ...(sameSite ? this.#blocks : [])].some((range) => isWithin(range, bare));
  }
}
