import { isIP, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { normalizeIp, parseHextets } from '../domain/address.ts';
import { type Endpoint, isPrivateAddress } from '../protocol/datagram.ts';

/** The number that fits into a HELLO. */
const MAX_LOCAL_ADDRESSES = 4;
/** Networks of containers and virtual machines; other machines cannot reach them. */
const VIRTUAL_INTERFACE_PATTERN = /^(docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|podman)/;

/** Equal for the same endpoint, however its address is written. */
export function endpointKey({ address, port }: Endpoint): string {
  return `${parseHextets(normalizeIp(address))?.join(':') ?? address} ${port}`;
}

/**
 * Addresses of this machine in its own networks, most promising first. Those that only virtual machines can reach come
 * last; link-local addresses are left out, because they mean something else on the other side.
 * @param families address families of the socket
 */
export function localAddresses(
  families: readonly (4 | 6)[],
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string[] {
  const ranked: { address: string; rank: number }[] = [];
  for (const [name, infos = []] of Object.entries(interfaces)) {
    for (const { address, internal } of infos) {
      const family = isIP(address);
      if (internal || (family !== 4 && family !== 6) || !families.includes(family)) continue;
      if (/^(fe[89ab]|169\.254\.)/i.test(address)) continue;
      const rank =
        (VIRTUAL_INTERFACE_PATTERN.test(name) ? 4 : 0) +
        (isIPv6(address) ? 2 : 0) +
        (isPrivateAddress(address) ? 0 : 1);
      ranked.push({ address, rank });
    }
  }
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, MAX_LOCAL_ADDRESSES).map(({ address }) => address);
}
