import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { closest, distance } from 'fastest-levenshtein';
import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { isLoopback } from '../address.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { parseSpan } from '../domain/instant.ts';
import { dialectProblems } from './dialect-setting.ts';
import { Engine, type EngineConfig, engineProblems } from './engine-setting.ts';
import { findJsonError } from './json-error.ts';
import { type Problem, show } from './problem.ts';
import type { StartOptions } from './start-options.ts';

const MIB = 1024 * 1024;

function strict<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** A whole number of `minimum` to `maximum`; `preset` where config.json has none. */
function count(preset: number, minimum: number, maximum: number) {
  return Type.Optional(Type.Integer({ minimum, maximum, default: preset }));
}

const Listen = strict({
  /** Address or name to listen on. */
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 253, default: '127.0.0.1' })),
  /** TCP port; 0: a free one. */
  port: count(4000, 0, 65_535),
  /** Clear text in place of TLS, on loopback addresses only. */
  plain: Type.Optional(Type.Boolean({ default: false })),
  /** `HOST` or `HOST:PORT` by which members reach this daemon, where that is another one than it listens on. */
  public: Type.Optional(Type.String({ minLength: 1, maxLength: 260 })),
});

/** Every one is a bound that a client can meet; times are milliseconds. */
const Limits = strict({
  lineBytes: count(64 * 1024, 1024, 8 * MIB),
  postCharacters: count(4096, 1, 8192),
  callsPerSecond: count(20, 1, 1_000_000),
  callsBurst: count(60, 1, 1_000_000),
  connections: count(10_000, 1, 1_000_000),
  connectionsPerAddress: count(64, 1, 1_000_000),
  helloMs: count(10_000, 10, 3_600_000),
  signInMs: count(60_000, 10, 86_400_000),
  pingMs: count(30_000, 10, 3_600_000),
  /** Without a call on any connection, a member is idle. */
  idleMs: count(300_000, 10, 86_400_000),
  queueSoftBytes: count(MIB, 1024, 1024 * MIB),
  queueHardBytes: count(4 * MIB, 1024, 1024 * MIB),
  stallMs: count(10_000, 10, 3_600_000),
  /** Accounts that one address may make. */
  signUpsPerHour: count(20, 1, 1_000_000),
  /** Accounts that all addresses together may make. */
  signUpsInAllPerHour: count(1000, 1, 1_000_000),
  /** Passwords that wait to be hashed. */
  passwordQueue: count(64, 1, 100_000),
  /** Files that one member may list. */
  listings: count(10_000, 1, 1_000_000),
  /** What one member may write, and all members of one source (an IPv4 address, the /64 of an IPv6 one). */
  postsPerDay: count(5000, 1, 1_000_000_000),
  bytesPerDay: count(16 * MIB, 1024, 1024 * 1024 * MIB),
  postsPerDayPerSource: count(20_000, 1, 1_000_000_000),
  bytesPerDayPerSource: count(64 * MIB, 1024, 1024 * 1024 * MIB),
  /** With less room on the disk, nothing is written that members send. */
  freeBytes: count(32 * MIB, 0, 1024 ** 3 * MIB),
  /** Introductions of peers that are relayed at the same time; 0: none. */
  relays: count(64, 0, 10_000),
  /** What is relayed of one of them, each way. */
  relayBytesPerSecond: count(4 * MIB, 1024, 1024 * MIB),
});

/** What every provider may be told; the settings of one that is made by configuration alone are checked in rates/. */
const Provider = Type.Object({
  enabled: Type.Optional(Type.Boolean()),
  url: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
  key: Type.Optional(Type.String({ maxLength: 4096 })),
  every: Type.Optional(Type.String({ maxLength: 16 })),
});

const SeriesChoice = strict({
  provider: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  company: Type.Optional(Type.String({ maxLength: 128 })),
  brand: Type.Optional(Type.String({ maxLength: 128 })),
});

const Rates = strict({
  /** Records that only confirm a price, and that no look-up needs, are made void after so many days; 0: never. */
  compactAfterDays: count(30, 0, 36_500),
  /** By instrument: the series that lists, changes and charts show. */
  reference: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Z0-9][A-Z0-9.-]{0,47}$' }), SeriesChoice)),
  providers: Type.Optional(Type.Record(Type.String(), Provider)),
});

const Schema = strict({
  listen: Type.Optional(Listen),
  /** Wrong passwords before an account is locked for an address. */
  attempts: count(3, 1, 5),
  sumPort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  /** Figures and health over HTTP, on 127.0.0.1 alone. */
  metricsPort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  /** Ports for old clients, as `gold:8888` or `gold:0.0.0.0:8888`. */
  dialects: Type.Optional(Type.Array(Type.String())),
  /** What the daemon calls itself. */
  serverName: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  log: Type.Optional(
    strict({ level: Type.Optional(Type.Enum(['debug', 'info', 'warn', 'error'], { default: 'info' })) }),
  ),
  limits: Type.Optional(Limits),
  engine: Type.Optional(Engine),
  rates: Type.Optional(Rates),
});

/** `rates.providers.<id>` as it is written; more keys may stand in it. */
export type ProviderConfig = Static<typeof Provider> & Readonly<Record<string, unknown>>;

/** The daemon's settings: config.json, and the presets where it has none. */
export interface Config {
  readonly listen: Readonly<Required<Omit<Static<typeof Listen>, 'public'>> & Pick<Static<typeof Listen>, 'public'>>;
  readonly attempts: number;
  readonly sumPort?: number;
  readonly metricsPort?: number;
  readonly dialects: readonly string[];
  readonly serverName?: string;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  readonly limits: Readonly<Required<Static<typeof Limits>>>;
  readonly engine: EngineConfig;
  readonly rates: {
    readonly compactAfterDays: number;
    readonly reference: Readonly<Record<string, Static<typeof SeriesChoice>>>;
    readonly providers: Readonly<Record<string, ProviderConfig>>;
  };
}

/** The settings of `config.json`; without the file, the presets. @throws Failure CONFIG_INVALID, STORE_FAILED */
export async function loadConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return parseConfig('{}', file);
    throw new Failure('STORE_FAILED', `${file} cannot be read (${code}).`, { cause, data: { file } });
  }
  return parseConfig(text, file);
}

/** The settings of a text. `file` is its name in errors. @throws Failure CONFIG_INVALID with what is wrong first */
export function parseConfig(text: string, file: string): Config {
  const { config, failures } = readConfig(text, file);
  const [first] = failures;
  if (config && !first) return config;
  if (failures.length === 1) throw first;
  const all = `There are ${failures.length} mistakes in all: \`goldctl config check\` names them.`;
  throw new Failure('CONFIG_INVALID', `${first!.message} ${all}`, { data: first!.data });
}

/**
 * The settings of a text, and everything that is wrong with it. What two settings make together is looked at when
 * each of them is right; then there is a config, also where it is not to be used.
 */
export function readConfig(text: string, file: string): { config?: Config; failures: Failure[] } {
  const json = text.replace(/^\ufeff/, '');
  const broken = findJsonError(json);
  if (broken) {
    const { line, column, expected } = broken;
    const failure = new Failure(
      'CONFIG_INVALID',
      `${file}, line ${line}, column ${column} is no JSON: expected ${expected}.`,
      { data: { file, line, column } },
    );
    return { failures: [failure] };
  }
  const value: unknown = JSON.parse(json);
  const failed = ({ path, problem }: Problem) => invalid(file, path, problem);
  const wrong = errors(value);
  if (wrong.length > 0) return { failures: wrong.map(failed) };
  const written = value as Static<typeof Schema>;
  const config: Config = {
    listen: { ...presets(Listen), ...written.listen },
    attempts: written.attempts ?? 3,
    ...(written.sumPort === undefined ? {} : { sumPort: written.sumPort }),
    ...(written.metricsPort === undefined ? {} : { metricsPort: written.metricsPort }),
    dialects: written.dialects ?? [],
    ...(written.serverName === undefined ? {} : { serverName: written.serverName }),
    log: { level: 'info', ...written.log },
    limits: { ...presets(Limits), ...written.limits },
    engine: { prefix: 'goldctl', plain: false, ...written.engine },
    rates: { compactAfterDays: 30, reference: {}, providers: {}, ...written.rates },
  };
  return { config, failures: refusals(config).map(failed) };
}

/**
 * The settings with what the command line says instead.
 * @throws Failure USAGE when the two together are refused.
 */
export function applyFlags(config: Config, flags: StartOptions): Config {
  const { host, port, plain: clear, attempts, sumPort, metricsPort, dialects, engine } = flags;
  const applied: Config = {
    ...config,
    listen: {
      ...config.listen,
      host: host ?? config.listen.host,
      port: port ?? config.listen.port,
      plain: clear ?? config.listen.plain,
    },
    attempts: attempts ?? config.attempts,
    engine: { ...config.engine, ...(engine === undefined ? {} : { url: engine }) },
    ...(sumPort === undefined ? {} : { sumPort }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(dialects === undefined ? {} : { dialects }),
  };
  const [numbers] = errors({
    attempts: applied.attempts,
    listen: applied.listen,
    engine: applied.engine,
    ...(sumPort === undefined ? {} : { sumPort }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
  });
  const refused = numbers ?? refusals(applied)[0];
  if (refused) throw new Failure('USAGE', `${FLAGS[refused.path] ?? refused.path} ${refused.problem}.`);
  return applied;
}

const FLAGS: Readonly<Record<string, string>> = {
  'listen.host': '--host',
  'listen.port': '--port',
  'listen.plain': '--plain',
  attempts: '--attempts',
  sumPort: '--sum-port',
  metricsPort: '--metrics-port',
  dialects: '--dialect',
  'engine.url': '--engine',
};

function presets<P extends TProperties>(schema: { properties: P }): Required<Static<ReturnType<typeof strict<P>>>> {
  const entries = Object.entries(schema.properties).flatMap(([key, property]) =>
    'default' in (property as object) ? [[key, (property as { default?: unknown }).default]] : [],
  );
  return Object.fromEntries(entries);
}

/** A schema as it is walked: TypeBox lists no more than a handful of errors at a time. */
interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Everything in a value that does not fit, in the order in which it is written. */
function errors(value: unknown, node: Node = Schema as Node, keys: readonly string[] = []): Problem[] {
  const path = keys.join('.');
  if (node.type !== 'object' || typeof value !== 'object' || value === null || Array.isArray(value)) {
    const problem = misfit(value, node);
    return problem === undefined ? [] : [{ path, problem }];
  }
  const { properties = {}, patternProperties = {} } = node;
  const [any] = Object.values(patternProperties); // of providers: whatever its name
  return Object.entries(value).flatMap(([key, part]) => {
    const known = any ?? (Object.hasOwn(properties, key) ? properties[key] : undefined);
    if (known) return errors(part, known, [...keys, key]);
    if (node.additionalProperties !== false) return [];
    return [{ path: [...keys, key].join('.'), problem: `is no setting${nearest(key, Object.keys(properties))}` }];
  });
}

/** What is wrong with one setting, undefined for nothing. */
function misfit(value: unknown, node: Node): string | undefined {
  const [error] = Errors(node as TSchema, value);
  if (!error) return undefined;
  switch (error.keyword) {
    case 'type':
      return `is ${article(value)}; write ${KINDS[String(error.params.type)] ?? error.params.type}`;
    case 'enum':
      return `is ${show(value)}; write one of ${(error.params.allowedValues as unknown[]).join(', ')}`;
    case 'minimum':
    case 'maximum':
      return `is ${show(value)}; write a whole number of ${node.minimum} to ${node.maximum}`;
    default:
      return `does not fit: it ${error.message}`;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'an object, as { … }',
  array: 'a list, as [ … ]',
  integer: 'a whole number, without quotes',
  string: 'a text between double quotes',
  boolean: 'true or false, without quotes',
};

function refusals({ listen, limits, rates, sumPort, metricsPort, dialects, serverName, engine }: Config): Problem[] {
  const problems: Problem[] = engineProblems(engine);
  const { host, port, plain: clear, public: named } = listen;
  if (isIP(host) === 0 && !/^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?$/u.test(host)) {
    problems.push({
      path: 'listen.host',
      problem: `is ${show(host)}; write an address, as "127.0.0.1" or "::", or a host name`,
    });
  }
  if (
    named !== undefined &&
    isIP(named) === 0 &&
    !/^(\[[0-9a-f:.]+\]|[\p{L}\p{N}][\p{L}\p{N}._-]*)(:\d{1,5})?$/iu.test(named)
  ) {
    problems.push({
      path: 'listen.public',
      problem: `is ${show(named)}; write a host or an address, with a port or without, as "gold.example.org:4000"`,
    });
  }
  if (clear && !isLoopback(host)) {
    problems.push({
      path: 'listen.plain',
      problem: `sends passwords in clear text, and ${host} can be reached from other machines, where anybody on the way could read them; leave it out, or listen on 127.0.0.1`,
    });
  }
  if (sumPort !== undefined && sumPort === port && port !== 0) {
    problems.push({ path: 'sumPort', problem: `is ${port}, which listen.port is; write another port` });
  }
  if (metricsPort !== undefined && metricsPort !== 0 && [port, sumPort].includes(metricsPort)) {
    const taken = metricsPort === port ? 'listen.port' : 'sumPort';
    problems.push({ path: 'metricsPort', problem: `is ${metricsPort}, which ${taken} is; write another port` });
  }
  problems.push(...dialectProblems(dialects, listen, sumPort));
  if (serverName !== undefined && /\p{C}/u.test(serverName)) {
    problems.push({
      path: 'serverName',
      problem: 'has a control character; write a name of letters, digits, signs and spaces',
    });
  }
  if (limits.queueHardBytes < limits.queueSoftBytes) {
    problems.push({
      path: 'limits.queueHardBytes',
      problem: `is below limits.queueSoftBytes (${limits.queueSoftBytes}); write at least as much`,
    });
  }
  for (const [id, { every }] of Object.entries(rates.providers)) {
    const path = `rates.providers.${id}`;
    if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(id)) {
      problems.push({ path, problem: 'is no id for a provider; take 1-32 small letters, digits and -' });
    }
    const span = every === undefined ? Number.POSITIVE_INFINITY : (parseSpan(every) ?? 0);
    if (span < 1000)
      problems.push({
        path: `${path}.every`,
        problem: `is ${show(every)}; write a span of 1 s or more, as "30m", "90s" or "1h"`,
      });
  }
  return problems;
}

function nearest(key: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const match = closest(
    key.toLowerCase(),
    known.map((name) => name.toLowerCase()),
  );
  const name = known.find((name) => name.toLowerCase() === match)!;
  return distance(key.toLowerCase(), match) <= Math.max(2, name.length / 3)
    ? `; did you mean "${name}"?`
    : `; there is ${known.join(', ')}`;
}

/** The kind of a value: the value itself may be a key that no log and no screen may show. */
function article(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a broken number';
  return { string: 'a text', object: 'an object', boolean: 'true or false' }[typeof value as 'string'] ?? typeof value;
}

function invalid(file: string, path: string, problem: string): Failure {
  const where = path === '' ? 'the top level' : plain(path).slice(0, 200);
  const end = problem.endsWith('?') ? '' : '.';
  return new Failure('CONFIG_INVALID', `${file}: ${where} ${problem}${end}`, { data: { file, path } });
}
