import { isIPv6 } from 'node:net';
import { formatAddress, isLoopback } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';

export const DEFAULT_PORT = 4000;

/** The address of a daemon. `key` is its name in known_hosts. */
export type Target = { readonly kind: 'local'; readonly key: 'local'; readonly path: string } | RemoteTarget;

interface RemoteTarget {
  readonly kind: 'tls' | 'plain';
  readonly key: string;
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Further servers of the same cluster, in the order of failover. */
  readonly fallbacks?: readonly RemoteTarget[];
}

const MAX_SERVERS = 16;

/** The daemon that a command addresses: `--server`, else GOLDCTL_SERVER, else the local one. @throws AppError USAGE */
export function chooseTarget(home: HomeDirectory, server?: string, env: NodeJS.ProcessEnv = process.env): Target {
  const named = server ?? (env.GOLDCTL_SERVER || undefined);
  return named === undefined ? localTarget(home) : parseTarget(named);
}

/** The local daemon, over its control socket. */
export function localTarget(home: HomeDirectory): Target {
  return { kind: 'local', key: 'local', path: home.controlSocket };
}

/**
 * Parses `HOST`, `HOST:PORT`, `::1`, `[::1]:4000`, or several servers of one cluster separated by commas. A `tcp://`
 * prefix means clear text, which a daemon offers with `--plain` and clients accept for loopback addresses only.
 * @throws AppError USAGE
 */
export function parseTarget(text: string): Target {
  const all = text.split(',').map((each) => parseServer(each));
  const servers = new Map(all.map((server) => [serverId(server), server]));
  if (servers.size > MAX_SERVERS) throw new AppError('USAGE', `Name ${MAX_SERVERS} servers at most.`);
  const [first, ...others] = [...servers.values()] as [RemoteTarget, ...RemoteTarget[]];
  return others.length === 0 ? first : { ...first, fallbacks: others };
}

/** Every server of a target, each with the others as fallbacks. */
export function failoverOrder(target: Target): Target[] {
  if (target.kind === 'local' || !target.fallbacks) return [target];
  const { fallbacks, ...first } = target;
  const all: RemoteTarget[] = [first, ...fallbacks];
  return all.map((server, i) => ({ ...server, fallbacks: [...all.slice(i + 1), ...all.slice(0, i)] }));
}

/** The name of a server in credentials.json: TLS and clear text on one port are two servers. */
export function serverId(target: Target): string {
  return target.kind === 'local' ? 'local' : `${target.kind === 'plain' ? 'tcp' : 'tls'}://${target.key}`;
}

/** Identifies the cluster, whichever of its servers is in use. */
export function clusterKey(target: Target): string {
  return failoverOrder(target)
    .map(({ key }) => key)
    .sort()[0]!;
}

function parseServer(text: string): RemoteTarget {
  const match = /^(?:(tcp|tls):\/\/)?(.*)$/is.exec(text.trim());
  const kind = match?.[1]?.toLowerCase() === 'tcp' ? 'plain' : 'tls';
  const { host, port } = parseAddress(match?.[2] ?? '', text);
  if (kind === 'plain' && !isLoopback(host)) {
    throw new AppError(
      'USAGE',
      `Clear text (tcp://) is allowed for loopback addresses only: on a network, passwords could be read. Use --server ${formatAddress(host, port)}.`,
    );
  }
  return { kind, key: formatAddress(host, port), host, port };
}

function parseAddress(address: string, text: string): { host: string; port: number } {
  const match = /^\[([^\]]*)\](?::(\d+))?$/.exec(address);
  if (match) {
    if (!isIPv6(match[1]!)) throw invalidServerError(text, 'the text in brackets is not an IPv6 address');
    return { host: match[1]!.toLowerCase(), port: parsePort(match[2], text) };
  }
  if (isIPv6(address)) return { host: address.toLowerCase(), port: DEFAULT_PORT };
  const [host, port, ...rest] = address.split(':');
  if (rest.length > 0) throw invalidServerError(text, 'an IPv6 address with a port needs brackets: [::1]:4000');
  if (!host || host.length > 253 || !/^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}.])?$/u.test(host)) {
    throw invalidServerError(text, 'the host is not a valid name or address');
  }
  return { host: host.toLowerCase(), port: parsePort(port, text) };
}

function parsePort(port: string | undefined, text: string): number {
  if (port === undefined) return DEFAULT_PORT;
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number < 1 || number > 65_535) throw invalidServerError(text, 'a port is 1-65535');
  return number;
}

function invalidServerError(text: string, why: string): AppError {
  return new AppError(
    'USAGE',
    `"${text.slice(0, 300)}" is not a valid server: ${why}. Expected HOST:PORT, for example example.org:${DEFAULT_PORT}.`,
  );
}

/** A target as people read it. */
export function describeTarget(target: Target): string {
  return target.kind === 'local' ? `the control socket ${target.path}` : target.key;
}

/** A target in `--server` syntax. */
export function describeServer(target: Target): string {
  return target.kind === 'plain' ? serverId(target) : describeTarget(target);
}
