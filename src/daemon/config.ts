import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { isLoopback } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { sanitizeText } from '../domain/text.ts';
import { parseDuration } from '../domain/time.ts';
import { parseJsonWithComments, suggestSetting } from '../settings-file.ts';
import { type ConfigProblem, quoteValue } from './config-problem.ts';
import { dialectProblems } from './dialect-setting.ts';
import { type EngineConfig, EngineSchema, engineProblems } from './engine-setting.ts';
import type { StartOptions } from './start-options.ts';

const MIB_BYTES = 1024 * 1024;

function strictSetting<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** A whole number from `minimum` to `maximum`; `preset` is the default. */
function integerSetting(preset: number, minimum: number, maximum: number) {
  return Type.Optional(Type.Integer({ minimum, maximum, default: preset }));
}

const ListenSchema = strictSetting({
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 253, default: '127.0.0.1' })),
  /** TCP port; 0: any free port. */
  port: integerSetting(4000, 0, 65_535),
  /** Clear text in place of TLS, on loopback addresses only. */
  plain: Type.Optional(Type.Boolean({ default: false })),
  /** `HOST` or `HOST:PORT` where members reach this daemon, if it differs from the listen address. */
  public: Type.Optional(Type.String({ minLength: 1, maxLength: 260 })),
});

/** Limits that a client can hit; times are in milliseconds. */
const LimitsSchema = strictSetting({
  lineBytes: integerSetting(64 * 1024, 1024, 8 * MIB_BYTES),
  postCharacters: integerSetting(4096, 1, 8192),
  callsPerSecond: integerSetting(20, 1, 1_000_000),
  callsBurst: integerSetting(60, 1, 1_000_000),
  connections: integerSetting(10_000, 1, 1_000_000),
  connectionsPerAddress: integerSetting(64, 1, 1_000_000),
  helloMs: integerSetting(10_000, 10, 3_600_000),
  signInMs: integerSetting(60_000, 10, 86_400_000),
  pingMs: integerSetting(30_000, 10, 3_600_000),
  /** A member without calls on any connection for this long is idle. */
  idleMs: integerSetting(300_000, 10, 86_400_000),
  queueSoftBytes: integerSetting(MIB_BYTES, 1024, 1024 * MIB_BYTES),
  queueHardBytes: integerSetting(4 * MIB_BYTES, 1024, 1024 * MIB_BYTES),
  stallMs: integerSetting(10_000, 10, 3_600_000),
  /** Accounts that one address may create. */
  signUpsPerHour: integerSetting(20, 1, 1_000_000),
  /** Accounts that all addresses together may create. */
  signUpsInAllPerHour: integerSetting(1000, 1, 1_000_000),
  passwordQueue: integerSetting(64, 1, 100_000),
  listings: integerSetting(10_000, 1, 1_000_000),
  /** Quotas for writes per member, and per source (an IPv4 address, or the /64 of an IPv6 address). */
  postsPerDay: integerSetting(5000, 1, 1_000_000_000),
  bytesPerDay: integerSetting(16 * MIB_BYTES, 1024, 1024 * 1024 * MIB_BYTES),
  postsPerDayPerSource: integerSetting(20_000, 1, 1_000_000_000),
  bytesPerDayPerSource: integerSetting(64 * MIB_BYTES, 1024, 1024 * 1024 * MIB_BYTES),
  /** With less free disk space, writes of members are rejected. */
  freeBytes: integerSetting(32 * MIB_BYTES, 0, 1024 ** 3 * MIB_BYTES),
  /** Concurrently relayed introductions of peers; 0: none. */
  relays: integerSetting(64, 0, 10_000),
  /** Relay bandwidth of one introduction, per direction. */
  relayBytesPerSecond: integerSetting(4 * MIB_BYTES, 1024, 1024 * MIB_BYTES),
});

/** Settings of every provider; those of a provider that is defined in config.json are checked in rates/. */
const ProviderSchema = Type.Object({
  enabled: Type.Optional(Type.Boolean()),
  url: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
  key: Type.Optional(Type.String({ maxLength: 4096 })),
  every: Type.Optional(Type.String({ maxLength: 16 })),
});

const SeriesChoiceSchema = strictSetting({
  provider: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  company: Type.Optional(Type.String({ maxLength: 128 })),
  brand: Type.Optional(Type.String({ maxLength: 128 })),
});

const RatesSchema = strictSetting({
  /** After this many days, confirmation records that no lookup needs are deleted; 0: never. */
  compactAfterDays: integerSetting(30, 0, 36_500),
  /** By instrument: the series that lists, changes and charts show. */
  reference: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Z0-9][A-Z0-9.-]{0,47}$' }), SeriesChoiceSchema)),
  providers: Type.Optional(Type.Record(Type.String(), ProviderSchema)),
});

const ConfigSchema = strictSetting({
  listen: Type.Optional(ListenSchema),
  /** Wrong passwords before an account is locked for an address. */
  attempts: integerSetting(3, 1, 5),
  sumPort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  /** Metrics and health over HTTP, on 127.0.0.1 only. */
  metricsPort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  /** Ports for legacy clients, such as `gold:8888` or `gold:0.0.0.0:8888`. */
  dialects: Type.Optional(Type.Array(Type.String())),
  serverName: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  log: Type.Optional(
    strictSetting({ level: Type.Optional(Type.Enum(['debug', 'info', 'warn', 'error'], { default: 'info' })) }),
  ),
  limits: Type.Optional(LimitsSchema),
  engine: Type.Optional(EngineSchema),
  rates: Type.Optional(RatesSchema),
});

/** `rates.providers.<id>` as written; it may have more keys. */
export type ProviderConfig = Static<typeof ProviderSchema> & Readonly<Record<string, unknown>>;

/** The daemon's settings: config.json with defaults filled in. */
export interface Config {
  readonly listen: Readonly<
    Required<Omit<Static<typeof ListenSchema>, 'public'>> & Pick<Static<typeof ListenSchema>, 'public'>
  >;
  readonly attempts: number;
  readonly sumPort?: number;
  readonly metricsPort?: number;
  readonly dialects: readonly string[];
  readonly serverName?: string;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  readonly limits: Readonly<Required<Static<typeof LimitsSchema>>>;
  readonly engine: EngineConfig;
  readonly rates: {
    readonly compactAfterDays: number;
    readonly reference: Readonly<Record<string, Static<typeof SeriesChoiceSchema>>>;
    readonly providers: Readonly<Record<string, ProviderConfig>>;
  };
}

/** Loads the settings of `config.json`; without the file, the defaults. @throws AppError CONFIG_INVALID, STORE_FAILED */
export async function loadConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return parseConfig('{}', file);
    throw new AppError('STORE_FAILED', `${file} cannot be read (${code}).`, { cause, data: { file } });
  }
  return parseConfig(text, file);
}

/** Parses settings. @param file its name in errors @throws AppError CONFIG_INVALID with the first problem */
export function parseConfig(text: string, file: string): Config {
  const { config, failures } = readConfig(text, file);
  const [first] = failures;
  if (config && !first) return config;
  if (failures.length === 1) throw first;
  const all = `There are ${failures.length} problems in total: \`goldctl config check\` lists them.`;
  throw new AppError('CONFIG_INVALID', `${first!.message} ${all}`, { data: first!.data });
}

/** Parses settings and collects every problem. `config` leaves out what is not valid, so that the rest can be checked. */
export function readConfig(text: string, file: string): { config?: Config; failures: AppError[] } {
  let value: unknown;
  try {
    value = parseJsonWithComments(text, file);
  } catch (thrown) {
    return { failures: [AppError.from(thrown)] };
  }
  const failed = ({ path, problem }: ConfigProblem) => invalidSettingError(file, path, problem);
  const wrong = schemaProblems(value);
  const rest = wrong.reduce<unknown>((left, { keys }) => withoutSetting(left, keys), value);
  if (rest === undefined) return { failures: wrong.map(failed) }; // it is not an object at all
  const written = rest as Static<typeof ConfigSchema>;
  const config: Config = {
    listen: { ...defaultsOf(ListenSchema), ...written.listen },
    attempts: written.attempts ?? 3,
    ...defined({ sumPort: written.sumPort, metricsPort: written.metricsPort }),
    dialects: written.dialects ?? [],
    ...defined({ serverName: written.serverName }),
    log: { level: 'info', ...written.log },
    limits: { ...defaultsOf(LimitsSchema), ...written.limits },
    engine: { prefix: 'goldctl', plain: false, ...written.engine },
    rates: { compactAfterDays: 30, reference: {}, providers: {}, ...written.rates },
  };
  const named = new Set(wrong.map(({ path }) => path));
  const further = semanticProblems(config).filter(({ path }) => !named.has(path));
  return { config, failures: [...wrong, ...further].map(failed) };
}

/** The settings with command-line flags applied. @throws AppError USAGE if the result is not valid */
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
    engine: { ...config.engine, ...defined({ url: engine }) },
    ...defined({ sumPort, metricsPort, dialects }),
  };
  const [numbers] = schemaProblems({
    attempts: applied.attempts,
    listen: applied.listen,
    engine: applied.engine,
    ...defined({ sumPort, metricsPort }),
  });
  const refused = numbers ?? semanticProblems(applied)[0];
  if (refused) throw new AppError('USAGE', `${FLAG_NAMES[refused.path] ?? refused.path} ${refused.problem}.`);
  return applied;
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  'listen.host': '--host',
  'listen.port': '--port',
  'listen.plain': '--plain',
  attempts: '--attempts',
  sumPort: '--sum-port',
  metricsPort: '--metrics-port',
  dialects: '--dialect',
  'engine.url': '--engine',
};

function defaultsOf<P extends TProperties>(schema: {
  properties: P;
}): Required<Static<ReturnType<typeof strictSetting<P>>>> {
  const entries = Object.entries(schema.properties).flatMap(([key, property]) =>
    'default' in (property as object) ? [[key, (property as { default?: unknown }).default]] : [],
  );
  return Object.fromEntries(entries);
}

/** A schema that we walk ourselves, because TypeBox lists only a few errors at a time. */
interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** `keys`: the path in parts, because a key can contain a dot. */
type SchemaProblem = ConfigProblem & { readonly keys: readonly string[] };

/** All problems of a value, in the order in which it is written. */
function schemaProblems(
  value: unknown,
  node: SchemaNode = ConfigSchema as SchemaNode,
  keys: readonly string[] = [],
): SchemaProblem[] {
  const path = keys.join('.');
  if (node.type !== 'object' || typeof value !== 'object' || value === null || Array.isArray(value)) {
    const problem = valueProblem(value, node);
    return problem === undefined ? [] : [{ path, problem, keys }];
  }
  const { properties = {}, patternProperties = {} } = node;
  const [any] = Object.values(patternProperties); // a provider may have any name
  return Object.entries(value).flatMap(([key, part]) => {
    const known = any ?? (Object.hasOwn(properties, key) ? properties[key] : undefined);
    if (known) return schemaProblems(part, known, [...keys, key]);
    if (node.additionalProperties !== false) return [];
    const problem = `is not a setting${suggestSetting(key, Object.keys(properties))}`;
    return [{ path: [...keys, key].join('.'), problem, keys: [...keys, key] }];
  });
}

/** A copy without the setting at a path; undefined if the path is empty. */
function withoutSetting(value: unknown, keys: readonly string[]): unknown {
  const [key, ...below] = keys;
  if (key === undefined) return undefined;
  const { [key]: part, ...others } = value as Record<string, unknown>;
  const left = below.length === 0 ? undefined : withoutSetting(part, below);
  return left === undefined ? others : { ...others, [key]: left };
}

function valueProblem(value: unknown, node: SchemaNode): string | undefined {
  const [error] = Errors(node as TSchema, value);
  if (!error) return undefined;
  switch (error.keyword) {
    case 'type':
      return `is ${describeType(value)}; use ${TYPE_DESCRIPTIONS[String(error.params.type)] ?? error.params.type}`;
    case 'enum':
      return `is ${quoteValue(value)}; use one of ${(error.params.allowedValues as unknown[]).join(', ')}`;
    case 'minimum':
    case 'maximum':
      return `is ${quoteValue(value)}; use a whole number from ${node.minimum} to ${node.maximum}`;
    case 'minLength':
    case 'maxLength': {
      const length = String(value).length;
      return `${length === 0 ? 'is empty' : `has ${length} characters`}; use ${node.minLength ?? 0}-${node.maxLength} characters`;
    }
    default:
      return `is not valid: it ${error.message}`;
  }
}

const TYPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  object: 'an object such as { … }',
  array: 'a list such as [ … ]',
  integer: 'a whole number, without quotes',
  string: 'a string in double quotes',
  boolean: 'true or false, without quotes',
};

function semanticProblems(config: Config): ConfigProblem[] {
  const { listen, limits, rates, sumPort, metricsPort, dialects, serverName, engine } = config;
  const problems: ConfigProblem[] = engineProblems(engine);
  const add = (path: string, problem: string) => problems.push({ path, problem });
  const { host, port, plain: clear, public: named } = listen;
  if (isIP(host) === 0 && !/^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?$/u.test(host))
    add('listen.host', `is ${quoteValue(host)}; use an address such as "127.0.0.1" or "::", or a host name`);
  if (
    named !== undefined &&
    isIP(named) === 0 &&
    !/^(\[[0-9a-f:.]+\]|[\p{L}\p{N}][\p{L}\p{N}._-]*)(:\d{1,5})?$/iu.test(named)
  ) {
    add(
      'listen.public',
      `is ${quoteValue(named)}; use a host or an address with an optional port, such as "gold.example.org:4000"`,
    );
  }
  if (clear && !isLoopback(host))
    add(
      'listen.plain',
      `would send passwords in clear text, and ${host} can be reached from other machines; remove it, or listen on 127.0.0.1`,
    );
  if (sumPort !== undefined && sumPort === port && port !== 0)
    add('sumPort', `is ${port}, which listen.port already uses; choose another port`);
  if (metricsPort !== undefined && metricsPort !== 0 && [port, sumPort].includes(metricsPort)) {
    const taken = metricsPort === port ? 'listen.port' : 'sumPort';
    add('metricsPort', `is ${metricsPort}, which ${taken} already uses; choose another port`);
  }
  problems.push(...dialectProblems(dialects, listen, sumPort));
  if (serverName !== undefined && /\p{C}/u.test(serverName))
    add('serverName', 'contains a control character; use letters, digits, punctuation and spaces');
  if (limits.queueHardBytes < limits.queueSoftBytes)
    add('limits.queueHardBytes', `is below limits.queueSoftBytes (${limits.queueSoftBytes}); use at least that value`);
  for (const [id, { every }] of Object.entries(rates.providers)) {
    const path = `rates.providers.${id}`;
    if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(id))
      add(path, 'is not a valid provider id; use 1-32 lowercase letters, digits and -');
    const span = every === undefined ? Number.POSITIVE_INFINITY : (parseDuration(every) ?? 0);
    if (span < 1000)
      add(
        `${path}.every`,
        `is ${quoteValue(every)}; use a duration of at least 1 second, such as "30m", "90s" or "1h"`,
      );
  }
  return problems;
}

/** The type of a value. The value itself is not shown, because it may be a key. */
function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  return (
    { string: 'a string', object: 'an object', boolean: 'true or false' }[typeof value as 'string'] ?? typeof value
  );
}

function invalidSettingError(file: string, path: string, problem: string): AppError {
  const where = path === '' ? 'the top level' : sanitizeText(path).slice(0, 200);
  const end = problem.endsWith('?') ? '' : '.';
  return new AppError('CONFIG_INVALID', `${file}: ${where} ${problem}${end}`, { data: { file, path } });
}
