import { isIP } from 'node:net';

export const LEGACY_PROTOCOLS = ['gold', 'forum', 'share', 'market', 'sum'] as const;
export type LegacyProtocolName = (typeof LEGACY_PROTOCOLS)[number];

/** Where a legacy protocol is served. */
export interface ListenAddress {
  readonly dialect: LegacyProtocolName;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Protocols that may share a port: their clients send first, and the first object tells them apart. */
const PORT_SHARING_PROTOCOLS: ReadonlySet<LegacyProtocolName> = new Set(['market', 'sum']);

const DEFAULT_HOST = '127.0.0.1';

/** Parses `gold:8888`, `gold:0.0.0.0:8888` or `gold:[::]:8888`; undefined for other text. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, name, host, port] = /^([a-z]+):(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const protocol = LEGACY_PROTOCOLS.find((each) => each === name);
  const address = host === undefined ? DEFAULT_HOST : host.replace(/^\[(.+)\]$/, '$1');
  if (protocol === undefined || isIP(address) === 0 || Number(port) > 65_535) return undefined;
  if (host !== undefined && (isIP(address) === 6) !== host.startsWith('[')) return undefined;
  return { dialect: protocol, host: address, port: Number(port) };
}

/** Why two addresses conflict; undefined if they do not. */
export function describeConflict(one: ListenAddress, other: ListenAddress): string | undefined {
  if (one.port === 0 || one.port !== other.port || one.host !== other.host) return undefined;
  if (one.dialect === other.dialect) return `has ${one.dialect} twice on port ${one.port}`;
  if (PORT_SHARING_PROTOCOLS.has(one.dialect) && PORT_SHARING_PROTOCOLS.has(other.dialect)) return undefined;
  return `has ${one.dialect} and ${other.dialect} on port ${one.port}, which only ${[...PORT_SHARING_PROTOCOLS].join(' and ')} can share`;
}
