import { isIP } from 'node:net';

/** The dialects that there are. */
export const DIALECTS = ['gold', 'forum', 'share', 'market', 'sum'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** Where a dialect is spoken. */
export interface DialectPlace {
  readonly dialect: DialectName;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** Those that may share a port: their clients speak first, and the first object says whose it is. */
const SHARING: ReadonlySet<DialectName> = new Set(['market', 'sum']);

const LOOPBACK = '127.0.0.1';

/** Reads `gold:8888`, `gold:0.0.0.0:8888` or `gold:[::]:8888`; undefined for other text. */
export function parsePlace(text: string): DialectPlace | undefined {
  const [, name, host, port] = /^([a-z]+):(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const dialect = DIALECTS.find((each) => each === name);
  const address = host === undefined ? LOOPBACK : host.replace(/^\[(.+)\]$/, '$1');
  if (dialect === undefined || isIP(address) === 0 || Number(port) > 65_535) return undefined;
  if (host !== undefined && (isIP(address) === 6) !== host.startsWith('[')) return undefined;
  return { dialect, host: address, port: Number(port) };
}

/** Why two of them cannot both be had at their places; undefined where they can. */
export function conflict(one: DialectPlace, other: DialectPlace): string | undefined {
  if (one.port === 0 || one.port !== other.port || one.host !== other.host) return undefined;
  if (one.dialect === other.dialect) return `has ${one.dialect} twice on port ${one.port}`;
  if (SHARING.has(one.dialect) && SHARING.has(other.dialect)) return undefined;
  return `has ${one.dialect} and ${other.dialect} on port ${one.port}, which only ${[...SHARING].join(' and ')} can share`;
}
