import { isIPv6 } from 'node:net';
import { isAbsolute } from 'node:path';
import Type, { type Static } from 'typebox';
import { formatAddress, isLoopback } from '../domain/address.ts';
import { type ConfigProblem, quoteValue } from './config-problem.ts';

const DEFAULT_NATS_PORT = 4222;

/** A parsed `engine.url`. */
export interface EngineServers {
  /** Each as `host:port`. */
  readonly servers: readonly string[];
  /** `tls://`: TLS is required, whatever the servers offer. */
  readonly tls: boolean;
  /** All servers are on this machine. */
  readonly isLocal: boolean;
}

/** Parses `nats://host1,host2:4223,[::1]`, or the same with `tls://`. @returns the problem as a clause if it is not valid */
export function parseEngineUrl(url: string): EngineServers | string {
  const [, scheme, rest] = /^(nats|tls):\/\/(.+)$/i.exec(url) ?? [];
  if (scheme === undefined) return 'is not a NATS cluster address; use the form "nats://host1,host2,host3"';
  // A password may contain commas: no part of it may be mistaken for a host, because messages show hosts.
  if (rest!.includes('@'))
    return 'contains a user, which process lists would show; use engine.user and engine.password';
  const servers: { host: string; port: number }[] = [];
  for (const part of rest!.split(',')) {
    const address = part
      .trim()
      .replace(new RegExp(`^${scheme}://`, 'i'), '')
      .replace(/\/$/, '');
    const [, ipv6, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([\p{L}\p{N}._-]+))(?::(\d{1,5}))?$/iu.exec(address) ?? [];
    const port = Number(digits ?? DEFAULT_NATS_PORT);
    const host = ipv6 ?? name;
    if (host === undefined || (ipv6 !== undefined && !isIPv6(ipv6)) || port < 1 || port > 65_535) {
      return `has no valid host and port in "${address}"; use the form "nats://host1,host2:${DEFAULT_NATS_PORT}"`;
    }
    servers.push({ host, port });
  }
  return {
    servers: servers.map(({ host, port }) => formatAddress(host, port)),
    tls: scheme.toLowerCase() === 'tls',
    isLocal: servers.every(({ host }) => isLoopback(host)),
  };
}

const optionalText = (maxLength: number) => Type.Optional(Type.String({ minLength: 1, maxLength }));

/** The setting `engine`: where the journal is; without a url, on this machine. */
export const EngineSchema = Type.Object(
  {
    /** `nats://host1,host2,host3`: in a NATS cluster. */
    url: optionalText(2048),
    /** Prefix of every name in the NATS cluster, so that several rooms can share it. */
    prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 32, default: 'goldctl' })),
    replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
    /** Allow clear text to other machines. */
    plain: Type.Optional(Type.Boolean({ default: false })),
    user: optionalText(256),
    password: optionalText(1024),
    nkeyFile: optionalText(4096),
    credentialsFile: optionalText(4096),
    caFile: optionalText(4096),
    certFile: optionalText(4096),
    keyFile: optionalText(4096),
  },
  { additionalProperties: false },
);

export type EngineConfig = Readonly<Static<typeof EngineSchema> & { prefix: string; plain: boolean }>;

export function engineProblems(engine: EngineConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (name: keyof EngineConfig, problem: string) => problems.push({ path: `engine.${name}`, problem });
  const { url, prefix, plain: clear, user, password, nkeyFile, credentialsFile, certFile, keyFile } = engine;
  const parsed = url === undefined ? undefined : parseEngineUrl(url);
  if (typeof parsed === 'string') refuse('url', parsed);
  if (!/^[A-Za-z0-9_-]+$/.test(prefix)) {
    refuse('prefix', `is ${quoteValue(prefix)}; use ASCII letters, digits, - and _`);
  }
  if (clear && typeof parsed === 'object' && parsed.tls) {
    refuse('plain', 'conflicts with tls:// in engine.url; remove one of them');
  }
  const ways = [user, nkeyFile, credentialsFile].filter((way) => way !== undefined);
  if (ways.length > 1)
    refuse('user', 'is combined with other credentials; keep only one of user, nkeyFile and credentialsFile');
  if (password !== undefined && user === undefined) refuse('password', 'needs engine.user');
  if ((certFile === undefined) !== (keyFile === undefined)) {
    refuse(certFile === undefined ? 'keyFile' : 'certFile', 'is missing; set both certFile and keyFile');
  }
  for (const name of ['nkeyFile', 'credentialsFile', 'caFile', 'certFile', 'keyFile'] as const) {
    const file = engine[name];
    if (file !== undefined && !isAbsolute(file)) refuse(name, `is ${quoteValue(file)}; use an absolute path`);
  }
  return problems;
}
