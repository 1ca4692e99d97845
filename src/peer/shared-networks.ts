import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { type Cidr, cidrContains, isLoopback, normalizeIp, parseCidr } from '../domain/address.ts';
import type { Endpoint } from '../protocol/datagram.ts';

const PRIVATE_BLOCKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map(
  (text) => parseCidr(text)!,
);
const LOOPBACK_RANGES = ['127.0.0.0/8', '::1'].map((text) => parseCidr(text)!);

/**
 * The networks of this machine. Of the local addresses that a peer claims, only those that may be in one of these
 * networks are probed. Otherwise members could aim each other's clients at third parties.
 */
export class SharedNetworks {
  readonly #subnets: readonly Cidr[];
  /** Used only for peers of the same site. */
  readonly #blocks: readonly Cidr[];

  /** @param own this machine's registered local endpoints */
  constructor(own: readonly Endpoint[], interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()) {
    const infos = Object.values(interfaces).flatMap((all) => all ?? []);
    const subnets: Cidr[] = [];
    const blocks: Cidr[] = [];
    for (const { address } of own) {
      const bare = normalizeIp(address);
      if (isLoopback(bare)) {
        subnets.push(...LOOPBACK_RANGES);
        continue;
      }
      const cidr = infos.find((info) => normalizeIp(info.address) === bare)?.cidr;
      const subnet = cidr ? parseCidr(cidr.replace(/%[^/]*/, '')) : undefined;
      const block = PRIVATE_BLOCKS.find((range) => cidrContains(range, bare));
      if (block) blocks.push(block);
      // A VPN with a one-address prefix does not tell which other addresses it contains.
      if (subnet?.prefixLength === 128 && block) subnets.push(block);
      else if (subnet) subnets.push(subnet);
    }
    this.#subnets = subnets;
    this.#blocks = blocks;
  }

  /** @param sameSite the daemon observes both sides at one address, so they may be behind the same router */
  includes(address: string, sameSite = false): boolean {
    const bare = normalizeIp(address);
    return [...this.#subnets, ...(sameSite ? this.#blocks : [])].some((range) => cidrContains(range, bare));
  }
}
