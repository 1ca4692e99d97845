import { isIPv6 } from 'node:net';
import { formatAddress, isLoopback } from '../address.ts';

const PORT = 4222;

/** What `engine.url` names. */
export interface EngineServers {
  /** `host:port` each. */
  readonly servers: readonly string[];
  /** `tls://`: TLS is required, whatever the servers say. */
  readonly tls: boolean;
  /** None of them is on another machine. */
  readonly near: boolean;
}

/** `nats://host1,host2:4223,[::1]`, or the same with `tls://`. @returns what is wrong with another text, as a clause */
export function parseEngineUrl(url: string): EngineServers | string {
  const [, scheme, rest] = /^(nats|tls):\/\/(.+)$/i.exec(url) ?? [];
  if (scheme === undefined) return 'is no address of a NATS cluster; write it as "nats://host1,host2,host3"';
  const servers: { host: string; port: number }[] = [];
  for (const part of rest!.split(',')) {
    const place = part
      .trim()
      .replace(new RegExp(`^${scheme}://`, 'i'), '')
      .replace(/\/$/, '');
    if (place.includes('@'))
      return 'has a user in it, which lists of processes show; write engine.user and engine.password';
    const [, six, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([\p{L}\p{N}._-]+))(?::(\d{1,5}))?$/iu.exec(place) ?? [];
    const port = Number(digits ?? PORT);
    const host = six ?? name;
    if (host === undefined || (six !== undefined && !isIPv6(six)) || port < 1 || port > 65_535) {
      return `has no host and port in "${place}"; write it as "nats://host1,host2:${PORT}"`;
    }
    servers.push({ host, port });
  }
  return {
    servers: servers.map(({ host, port }) => formatAddress(host, port)),
    tls: scheme.toLowerCase() === 'tls',
    near: servers.every(({ host }) => isLoopback(host)),
  };
}
