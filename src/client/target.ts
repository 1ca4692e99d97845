import { isIPv6 } from 'node:net';
import { formatAddress, isLoopback } from '../address.ts';
import { Failure } from '../domain/failure.ts';
import type { Home } from '../home.ts';

export const DEFAULT_PORT = 4000;

/** Where a daemon is. `key` names it in known_hosts. */
export type Target = { readonly kind: 'local'; readonly key: 'local'; readonly path: string } | Server;

interface Server {
  readonly kind: 'tls' | 'plain';
  readonly key: string;
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Further servers of the same room, in the order in which they are tried where this one does not answer. */
  readonly others?: readonly Server[];
}

/** Servers of one room that are named at a time. */
const MOST_SERVERS = 16;

/**
 * The daemon that a command means: `--server`, else GOLDCTL_SERVER, else the local one.
 * @throws Failure USAGE when the text names none.
 */
export function chooseTarget(home: Home, server?: string, env: NodeJS.ProcessEnv = process.env): Target {
  const named = server ?? (env.GOLDCTL_SERVER || undefined);
  return named === undefined ? localTarget(home) : parseTarget(named);
}

/** The daemon of this home, over its control socket. */
export function localTarget(home: Home): Target {
  return { kind: 'local', key: 'local', path: home.controlSocket };
}

/**
 * Reads `HOST`, `HOST:PORT`, `::1`, `[::1]:4000`, or several servers of one room with commas between them. `tcp://`
 * before one means clear text, which a daemon offers with `--plain` and this takes on loopback addresses only.
 * @throws Failure USAGE
 */
export function parseTarget(text: string): Target {
  const servers = new Map(
    text
      .split(',')
      .map((each) => parseServer(each))
      .map((server) => [serverId(server), server]),
  );
  if (servers.size > MOST_SERVERS) throw new Failure('USAGE', `Name ${MOST_SERVERS} servers at most.`);
  const [first, ...others] = [...servers.values()] as [Server, ...Server[]];
  return others.length === 0 ? first : { ...first, others };
}

/** Every server that a target names, each with the others behind it: where to go on when the one before fails. */
export function rotations(target: Target): Target[] {
  if (target.kind === 'local' || !target.others) return [target];
  const { others, ...first } = target;
  const all: Server[] = [first, ...others];
  return all.map((server, i) => ({ ...server, others: [...all.slice(i + 1), ...all.slice(0, i)] }));
}

/** Names a server in credentials.json: one port may speak TLS and clear text, and they are two servers. */
export function serverId(target: Target): string {
  return target.kind === 'local' ? 'local' : `${target.kind === 'plain' ? 'tcp' : 'tls'}://${target.key}`;
}

/** Names the room: the same whichever of its servers is the one in use. */
export function roomKey(target: Target): string {
  return rotations(target)
    .map(({ key }) => key)
    .sort()[0]!;
}

function parseServer(text: string): Server {
  const match = /^(?:(tcp|tls):\/\/)?(.*)$/is.exec(text.trim());
  const kind = match?.[1]?.toLowerCase() === 'tcp' ? 'plain' : 'tls';
  const { host, port } = parseAddress(match?.[2] ?? '', text);
  if (kind === 'plain' && !isLoopback(host)) {
    throw new Failure(
      'USAGE',
      `Clear text (tcp://) is for loopback addresses only: over a network anybody could read passwords. Use --server ${formatAddress(host, port)}.`,
    );
  }
  return { kind, key: formatAddress(host, port), host, port };
}

function parseAddress(address: string, text: string): { host: string; port: number } {
  const match = /^\[([^\]]*)\](?::(\d+))?$/.exec(address);
  if (match) {
    if (!isIPv6(match[1]!)) throw bad(text, 'what stands in brackets is no IPv6 address');
    return { host: match[1]!.toLowerCase(), port: parsePort(match[2], text) };
  }
  if (isIPv6(address)) return { host: address.toLowerCase(), port: DEFAULT_PORT };
  const [host, port, ...rest] = address.split(':');
  if (rest.length > 0) throw bad(text, 'an IPv6 address with a port stands in brackets, as [::1]:4000');
  if (!host || host.length > 253 || !/^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}.])?$/u.test(host)) {
    throw bad(text, 'the host is not a name or an address');
  }
  return { host: host.toLowerCase(), port: parsePort(port, text) };
}

function parsePort(port: string | undefined, text: string): number {
  if (port === undefined) return DEFAULT_PORT;
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number < 1 || number > 65_535) throw bad(text, 'a port is a number of 1-65535');
  return number;
}

function bad(text: string, why: string): Failure {
  return new Failure(
    'USAGE',
    `"${text.slice(0, 300)}" does not name a server: ${why}. Expected HOST:PORT, as example.org:${DEFAULT_PORT}.`,
  );
}

/** A target as people read it. */
export function describeTarget(target: Target): string {
  return target.kind === 'local' ? `the control socket ${target.path}` : target.key;
}

/** A target as `--server` has it. */
export function describeServer(target: Target): string {
  return target.kind === 'plain' ? serverId(target) : describeTarget(target);
}
