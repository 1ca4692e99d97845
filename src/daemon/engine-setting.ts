import { isIPv6 } from 'node:net';
import { isAbsolute } from 'node:path';
import Type, { type Static } from 'typebox';
import { formatAddress, isLoopback } from '../address.ts';
import { type Problem, show } from './problem.ts';

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
  // A password may have commas: no piece of it may be taken for a host, which messages name.
  if (rest!.includes('@'))
    return 'has a user in it, which lists of processes show; write engine.user and engine.password';
  const servers: { host: string; port: number }[] = [];
  for (const part of rest!.split(',')) {
    const place = part
      .trim()
      .replace(new RegExp(`^${scheme}://`, 'i'), '')
      .replace(/\/$/, '');
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

const text = (maxLength: number) => Type.Optional(Type.String({ minLength: 1, maxLength }));

/** The setting `engine`: where the journal is; without a url, on this machine. */
export const Engine = Type.Object(
  {
    /** `nats://host1,host2,host3`: in a NATS cluster. */
    url: text(2048),
    /** Begins every name of the room in the cluster: rooms share one. */
    prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 32, default: 'goldctl' })),
    /** Nodes that hold the journal. */
    replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
    /** Clear text to other machines. */
    plain: Type.Optional(Type.Boolean({ default: false })),
    user: text(256),
    password: text(1024),
    nkeyFile: text(4096),
    credentialsFile: text(4096),
    caFile: text(4096),
    certFile: text(4096),
    keyFile: text(4096),
  },
  { additionalProperties: false },
);

export type EngineConfig = Readonly<Static<typeof Engine> & { prefix: string; plain: boolean }>;

/** What is wrong with it, one thing by another. */
export function engineProblems(engine: EngineConfig): Problem[] {
  const problems: Problem[] = [];
  const refuse = (name: keyof EngineConfig, problem: string) => problems.push({ path: `engine.${name}`, problem });
  const { url, prefix, plain: clear, user, password, nkeyFile, credentialsFile, certFile, keyFile } = engine;
  const parsed = url === undefined ? undefined : parseEngineUrl(url);
  if (typeof parsed === 'string') refuse('url', parsed);
  if (!/^[A-Za-z0-9_-]+$/.test(prefix)) {
    refuse('prefix', `is ${show(prefix)}; take letters without accents, digits, - and _`);
  }
  if (clear && typeof parsed === 'object' && parsed.tls) {
    refuse('plain', 'goes against tls:// in engine.url; leave one of them out');
  }
  const ways = [user, nkeyFile, credentialsFile].filter((way) => way !== undefined);
  if (ways.length > 1)
    refuse('user', 'stands beside other credentials; leave one of user, nkeyFile and credentialsFile');
  if (password !== undefined && user === undefined) refuse('password', 'has no engine.user beside it');
  if ((certFile === undefined) !== (keyFile === undefined)) {
    refuse(certFile === undefined ? 'keyFile' : 'certFile', 'needs the other one of certFile and keyFile beside it');
  }
  for (const name of ['nkeyFile', 'credentialsFile', 'caFile', 'certFile', 'keyFile'] as const) {
    const file = engine[name];
    if (file !== undefined && !isAbsolute(file)) refuse(name, `is ${show(file)}; write the whole path`);
  }
  return problems;
}
