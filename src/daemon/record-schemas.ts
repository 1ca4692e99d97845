import Type, { type TProperties, type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { parseRange } from '../domain/address.ts';
import { isInstrumentId, MARKETS } from '../domain/instrument.ts';
import { parseName, ROLES } from '../domain/name.ts';
import { UNITS } from '../domain/unit.ts';
import type { Kind, Records } from '../view/records.ts';
import { show } from './problem.ts';

/** What a Date can hold. */
const MAX_INSTANT = 8_640_000_000_000_000;
/** Of one scrypt computation: what a new password takes, and room for one step more. */
const MAX_HASH_BYTES = 64 * 1024 * 1024;

const text = (maxLength: number, minLength = 0) => Type.String({ minLength, maxLength });
const label = text(1024);
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const literals = (values: readonly string[]) => Type.Enum([...values]);

function refined<T>(schema: TSchema, check: (value: T) => boolean, rule: string): TSchema {
  return Type.Refine(
    schema,
    (value) => check(value as T),
    () => rule,
  );
}

const instant = Type.Integer({ minimum: -MAX_INSTANT, maximum: MAX_INSTANT });
const count = Type.Integer({ minimum: 0 });
const place = Type.Integer({ minimum: 1 });
const price = nullable(Type.Number());
const market = literals(MARKETS);
const unit = literals(Object.keys(UNITS));
const currency = text(16, 1);
const provider = text(128, 1);
const series = text(4096, 1);
const instrument = refined(Type.String(), isInstrumentId, 'must be the id of an instrument');
const aliases = Type.Array(label, { maxItems: 64 });
const member = refined(Type.String(), isName, 'must be the name of an account');
/** A member, a provider, or whoever is at the daemon's own machine. */
const author = text(128);
const reason = Type.Optional(label);
const postText = text(65_536);
const token = Type.String({ pattern: '^[A-Za-z0-9+/_=-]{1,128}$' });
const base64 = Type.String({ pattern: '^[A-Za-z0-9+/]{1,256}={0,2}$' });
const digest = Type.String({ pattern: '^([0-9a-f]{64})?$' });
const clientId = Type.Optional(text(256));

const password = refined(
  Type.Object({
    hash: base64,
    salt: base64,
    N: refined(Type.Integer({ minimum: 2, maximum: 2 ** 20 }), isPowerOfTwo, 'must be a power of two'),
    r: Type.Integer({ minimum: 1, maximum: 32 }),
    p: Type.Integer({ minimum: 1, maximum: 4 }),
  }),
  ({ N, r }: { N: number; r: number }) => 128 * N * r <= MAX_HASH_BYTES,
  `must cost ${MAX_HASH_BYTES / 1024 / 1024} MiB at most (128 × N × r)`,
);
const passwordFrom = Type.Optional(literals(['import', 'member']));

const quote = Type.Object({
  instrument,
  market,
  provider,
  company: label,
  brand: label,
  buy: price,
  sell: price,
  currency,
  unit,
  at: instant,
  checkedAt: instant,
  observedFrom: Type.Optional(instant),
  statedAt: Type.Optional(instant),
  receivedAt: Type.Optional(instant),
  id: label,
  batch: Type.Optional(place),
});
const seriesFields = { instrument, market, provider, company: label, brand: label, currency, unit };
const latest = Type.Array(pair(series, nullable(quote)));
const heldQuote = Type.Object({
  quote,
  reason: label,
  factor: Type.Optional(Type.Number()),
  comparisons: Type.Array(Type.Object({ label, buy: price, sell: price })),
});
const row = refined(
  Type.Array(Type.Unknown(), { minItems: 3, maxItems: 6 }),
  isRow,
  'must be [at, buy, sell, checkedAt, id, [open, high, low]]',
);

/** A schema for every field of every kind. Further fields are let through: later versions may add some. */
const FIELDS: { readonly [K in Kind]: { readonly [F in keyof Required<Records[K]>]: TSchema } } = {
  'rates.received': {
    provider,
    quotes: Type.Array(quote),
    missing: Type.Array(series),
    confirmed: Type.Optional(
      Type.Array(
        refined(
          Type.Array(Type.Unknown(), { minItems: 3, maxItems: 3 }),
          ([series, statedAt, checkedAt]: readonly unknown[]) =>
            typeof series === 'string' && (statedAt === null || isInstant(statedAt)) && isInstant(checkedAt),
          'must be [series, statedAt, checkedAt]',
        ),
      ),
    ),
    released: Type.Optional(Type.Array(place)),
    aliases: Type.Optional(Type.Array(pair(series, aliases))),
  },
  'rates.imported': {
    ...seriesFields,
    rows: Type.Array(row),
    aliases: Type.Optional(aliases),
    batch: Type.Optional(place),
    replaces: Type.Optional(Type.Array(instant, { minItems: 2, maxItems: 2 })),
  },
  'rates.importStarted': { file: label, by: author },
  'rates.removed': {
    instrument,
    series: Type.Array(series),
    from: instant,
    to: instant,
    by: author,
    reason,
    latest,
  },
  'rates.corrected': { ...seriesFields, quoteAt: instant, buy: price, sell: price, by: author, reason },
  'rates.undone': { batch: place, undone: Type.Boolean(), by: author, reason, latest },
  'rates.held': { provider, quotes: Type.Array(heldQuote) },
  'rates.decided': { id: place, accepted: Type.Boolean(), by: author, reason },
  'rates.backfilled': { provider },
  'rates.compacted': { through: count, voids: Type.Array(place) },
  'account.created': { name: member, role: literals(ROLES), password, passwordFrom },
  'account.password': { name: member, password, keep: Type.Optional(token), passwordFrom },
  'account.rehashed': { name: member, password, firstSignIn: Type.Optional(Type.Literal(true)) },
  'account.role': { name: member, role: literals(ROLES) },
  'account.banned': { name: member, banned: Type.Boolean(), reason, by: author, until: Type.Optional(instant) },
  'address.banned': {
    range: refined(Type.String({ maxLength: 64 }), isRange, 'must be a range of addresses'),
    banned: Type.Boolean(),
    reason,
    by: author,
    until: Type.Optional(instant),
  },
  'session.opened': { name: member, token, expires: instant },
  'session.closed': { name: member, token },
  'forum.posted': { member, text: postText, topic: label, replyTo: nullable(place), clientId },
  'forum.edited': { number: place, text: postText, by: author },
  'forum.deleted': { number: place, by: author },
  'forum.marked': { member, topic: nullable(label), number: count },
  'message.sent': { from: member, to: member, text: postText, clientId },
  'message.marked': { member, with: member, number: count },
  'files.published': {
    member,
    name: text(512, 1),
    size: count,
    hash: digest,
    modified: instant,
    description: label,
    key: digest,
    unencrypted: Type.Optional(Type.Literal(true)),
  },
  'files.unpublished': { member, name: text(512, 1) },
  lost: { posts: Type.Optional(count), messages: Type.Optional(count) },
  void: {},
};

/** Values of these are secrets, or as good as. */
const SECRET_FIELDS = /\b(?:hash|salt|token|keep|text)$/;
const validators = new Map<string, Validator>();

/**
 * What is wrong with a record by the schema of its kind, as a clause without a full stop; undefined for nothing. For
 * records that come from elsewhere: those of this home were checked when they were made.
 */
export function recordProblem(record: {
  readonly kind: string;
  readonly [field: string]: unknown;
}): string | undefined {
  const validator = validatorOf(record.kind);
  if (!validator) return `there is no kind of record ${show(record.kind)}`;
  if (validator.Check(record)) return undefined;
  const [error] = validator.Errors(record);
  if (!error) return 'it does not have the form of its kind';
  const path = error.instancePath
    .slice(1)
    .split('/')
    .filter((name) => name !== '');
  let value: unknown = record;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name];
  const { allowedValues } = error.params as { allowedValues?: unknown[] };
  const rule = allowedValues ? `must be one of ${allowedValues.join(', ')}` : error.message;
  if (path.length === 0) return `it ${rule}`;
  const field = path.join('.');
  const isShown = typeof value !== 'object' && !SECRET_FIELDS.test(field);
  return `${show(field).slice(1, -1)}${isShown ? ` is ${show(value)}, and` : ''} ${rule}`;
}

function validatorOf(kind: string): Validator | undefined {
  if (!Object.hasOwn(FIELDS, kind)) return undefined;
  let validator = validators.get(kind);
  if (!validator) {
    const fields = FIELDS[kind as Kind] as TProperties;
    validator = Compile(Type.Object({ ...fields, seq: place, at: instant }));
    validators.set(kind, validator);
  }
  return validator;
}

function pair(first: TSchema, second: TSchema): TSchema {
  return Type.Tuple([first, second]);
}

function isInstant(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_INSTANT;
}

function isPrice(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

function isRow([at, buy, sell, checkedAt, id, range]: readonly unknown[]): boolean {
  return (
    isInstant(at) &&
    isPrice(buy) &&
    isPrice(sell) &&
    (checkedAt === undefined || checkedAt === null || isInstant(checkedAt)) &&
    (id === undefined || id === null || (typeof id === 'string' && id.length <= 1024)) &&
    (range === undefined || (Array.isArray(range) && range.length === 3 && range.every(Number.isFinite)))
  );
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function isName(text: string): boolean {
  try {
    return text.length <= 64 && parseName(text) === text;
  } catch {
    return false;
  }
}

function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}
