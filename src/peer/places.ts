import { isIP, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { bareAddress, wordsOf } from '../domain/address.ts';
import { isNear, type Place } from '../protocol/datagram.ts';

/** As many as fit into a HELLO. */
const MAX_PLACES = 4;
/** Networks of containers and virtual machines on this machine: nobody else can reach them. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|podman)/;

/** Equal for the same place, however it is spelled. */
export function placeKey({ address, port }: Place): string {
  return `${wordsOf(bareAddress(address))?.join(':') ?? address} ${port}`;
}

export function isLoopback(address: string): boolean {
  const bare = bareAddress(address);
  return bare === '::1' || bare.startsWith('127.');
}

/**
 * Where this machine is in its own networks, most promising first: what only a virtual machine of it can reach comes
 * last, link-local addresses never (they mean something else at the other side).
 * @param families which a socket can be reached by
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
      const rank = (VIRTUAL.test(name) ? 4 : 0) + (isIPv6(address) ? 2 : 0) + (isNear(address) ? 0 : 1);
      ranked.push({ address, rank });
    }
  }
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, MAX_PLACES).map(({ address }) => address);
}
