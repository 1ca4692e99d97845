import Type, { type TProperties, type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { parseMemberName, ROLES } from '../domain/account.ts';
import { parseCidr } from '../domain/address.ts';
import { isInstrumentId, MARKETS } from '../domain/instrument.ts';
import { GRAMS_PER_UNIT } from '../domain/unit.ts';
import type { JournalRecords, RecordKind } from '../projections/journal-records.ts';
import { quoteValue } from './config-problem.ts';

const MAX_EPOCH_MS = 8_640_000_000_000_000;
/** Memory of one scrypt computation: that of a new password, and one step more. */
const MAX_HASH_BYTES = 64 * 1024 * 1024;

const text = (maxLength: number, minLength = 0) => Type.String({ minLength, maxLength });
const shortText = text(1024);
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const stringEnum = (values: readonly string[]) => Type.Enum([...values]);

function refine<T>(schema: TSchema, check: (value: T) => boolean, rule: string): TSchema {
  return Type.Refine(
    schema,
    (value) => check(value as T),
    () => rule,
  );
}

const epochMs = Type.Integer({ minimum: -MAX_EPOCH_MS, maximum: MAX_EPOCH_MS });
const count = Type.Integer({ minimum: 0 });
const sequenceNumber = Type.Integer({ minimum: 1 });
const price = nullable(Type.Number());
const market = stringEnum(MARKETS);
const unit = stringEnum(Object.keys(GRAMS_PER_UNIT));
const currency = text(16, 1);
const provider = text(128, 1);
const series = text(4096, 1);
const instrument = refine(Type.String(), isInstrumentId, 'must be the id of an instrument');
const aliases = Type.Array(shortText, { maxItems: 64 });
const member = refine(Type.String(), isName, 'must be the name of an account');
/** A member, a provider, or a user of the daemon's own machine. */
const author = text(128);
const reason = Type.Optional(shortText);
const postText = text(65_536);
const token = Type.String({ pattern: '^[A-Za-z0-9+/_=-]{1,128}$' });
const base64 = Type.String({ pattern: '^[A-Za-z0-9+/]{1,256}={0,2}$' });
const digest = Type.String({ pattern: '^([0-9a-f]{64})?$' });
const clientId = Type.Optional(text(256));

const password = refine(
  Type.Object({
    hash: base64,
    salt: base64,
    N: refine(Type.Integer({ minimum: 2, maximum: 2 ** 20 }), isPowerOfTwo, 'must be a power of two'),
    r: Type.Integer({ minimum: 1, maximum: 32 }),
    p: Type.Integer({ minimum: 1, maximum: 4 }),
  }),
  ({ N, r }: { N: number; r: number }) => 128 * N * r <= MAX_HASH_BYTES,
  `must cost ${MAX_HASH_BYTES / 1024 / 1024} MiB at most (128 × N × r)`,
);
const passwordFrom = Type.Optional(stringEnum(['import', 'member']));

const quote = Type.Object({
  instrument,
  market,
  provider,
  company: shortText,
  brand: shortText,
  buy: price,
  sell: price,
  currency,
  unit,
  at: epochMs,
  checkedAt: epochMs,
  observedFrom: Type.Optional(epochMs),
  statedAt: Type.Optional(epochMs),
  receivedAt: Type.Optional(epochMs),
  id: shortText,
  batch: Type.Optional(sequenceNumber),
});
const seriesFields = { instrument, market, provider, company: shortText, brand: shortText, currency, unit };
const latest = Type.Array(tupleOf(series, nullable(quote)));
const heldQuote = Type.Object({
  quote,
  reason: shortText,
  factor: Type.Optional(Type.Number()),
  comparisons: Type.Array(Type.Object({ label: shortText, buy: price, sell: price })),
});
const row = refine(
  Type.Array(Type.Unknown(), { minItems: 3, maxItems: 6 }),
  isQuoteRow,
  'must be [at, buy, sell, checkedAt, id, [open, high, low]]',
);

/** A schema for every field of every kind. Other fields are allowed, because later versions may add some. */
const RECORD_FIELDS: { readonly [K in RecordKind]: { readonly [F in keyof Required<JournalRecords[K]>]: TSchema } } = {
  'rates.received': {
    provider,
    quotes: Type.Array(quote),
    missing: Type.Array(series),
    confirmed: Type.Optional(
      Type.Array(
        refine(
          Type.Array(Type.Unknown(), { minItems: 3, maxItems: 3 }),
          ([series, statedAt, checkedAt]: readonly unknown[]) =>
            typeof series === 'string' && (statedAt === null || isEpochMs(statedAt)) && isEpochMs(checkedAt),
          'must be [series, statedAt, checkedAt]',
        ),
      ),
    ),
    released: Type.Optional(Type.Array(sequenceNumber)),
    aliases: Type.Optional(Type.Array(tupleOf(series, aliases))),
  },
  'rates.imported': {
    ...seriesFields,
    rows: Type.Array(row),
    aliases: Type.Optional(aliases),
    batch: Type.Optional(sequenceNumber),
    replaces: Type.Optional(Type.Array(epochMs, { minItems: 2, maxItems: 2 })),
  },
  'rates.importStarted': { file: shortText, by: author },
  'rates.removed': {
    instrument,
    series: Type.Array(series),
    from: epochMs,
    to: epochMs,
    by: author,
    reason,
    latest,
  },
  'rates.corrected': { ...seriesFields, quoteAt: epochMs, buy: price, sell: price, by: author, reason },
  'rates.undone': { batch: sequenceNumber, undone: Type.Boolean(), by: author, reason, latest },
  'rates.held': { provider, quotes: Type.Array(heldQuote) },
  'rates.decided': { id: sequenceNumber, accepted: Type.Boolean(), by: author, reason },
  'rates.backfilled': { provider },
  'rates.compacted': { through: count, voids: Type.Array(sequenceNumber) },
  'account.created': { name: member, role: stringEnum(ROLES), password, passwordFrom },
  'account.password': { name: member, password, keep: Type.Optional(token), passwordFrom },
  'account.rehashed': { name: member, password, firstSignIn: Type.Optional(Type.Literal(true)) },
  'account.role': { name: member, role: stringEnum(ROLES) },
  'account.banned': { name: member, banned: Type.Boolean(), reason, by: author, until: Type.Optional(epochMs) },
  'address.banned': {
    range: refine(Type.String({ maxLength: 64 }), isRange, 'must be a range of addresses'),
    banned: Type.Boolean(),
    reason,
    by: author,
    until: Type.Optional(epochMs),
  },
  'session.opened': { name: member, token, expires: epochMs },
  'session.closed': { name: member, token },
  'forum.posted': { member, text: postText, topic: shortText, replyTo: nullable(sequenceNumber), clientId },
  'forum.edited': { number: sequenceNumber, text: postText, by: author },
  'forum.deleted': { number: sequenceNumber, by: author },
  'forum.marked': { member, topic: nullable(shortText), number: count },
  'message.sent': { from: member, to: member, text: postText, clientId },
  'message.marked': { member, with: member, number: count },
  'files.published': {
    member,
    name: text(512, 1),
    size: count,
    hash: digest,
    modified: epochMs,
    description: shortText,
    key: digest,
    unencrypted: Type.Optional(Type.Literal(true)),
  },
  'files.unpublished': { member, name: text(512, 1) },
  lost: { posts: Type.Optional(count), messages: Type.Optional(count) },
  void: {},
};

const SECRET_FIELDS = /\b(?:hash|salt|token|keep|text)$/;
const validators = new Map<string, Validator>();

/** The problem of a record that comes from elsewhere, as a clause without a full stop; undefined for none. */
export function recordProblem(record: {
  readonly kind: string;
  readonly [field: string]: unknown;
}): string | undefined {
  const validator = validatorOf(record.kind);
  if (!validator) return `unknown kind of record ${quoteValue(record.kind)}`;
  if (validator.Check(record)) return undefined;
  const [error] = validator.Errors(record);
  if (!error) return 'it does not match the schema of its kind';
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
  return `${quoteValue(field).slice(1, -1)}${isShown ? ` is ${quoteValue(value)}, and` : ''} ${rule}`;
}

function validatorOf(kind: string): Validator | undefined {
  if (!Object.hasOwn(RECORD_FIELDS, kind)) return undefined;
  let validator = validators.get(kind);
  if (!validator) {
    const fields = RECORD_FIELDS[kind as RecordKind] as TProperties;
    validator = Compile(Type.Object({ ...fields, seq: sequenceNumber, at: epochMs }));
    validators.set(kind, validator);
  }
  return validator;
}

function tupleOf(first: TSchema, second: TSchema): TSchema {
  return Type.Tuple([first, second]);
}

function isEpochMs(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_EPOCH_MS;
}

function isPrice(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

function isQuoteRow([at, buy, sell, checkedAt, id, range]: readonly unknown[]): boolean {
  return (
    isEpochMs(at) &&
    isPrice(buy) &&
    isPrice(sell) &&
    (checkedAt === undefined || checkedAt === null || isEpochMs(checkedAt)) &&
    (id === undefined || id === null || (typeof id === 'string' && id.length <= 1024)) &&
    (range === undefined || (Array.isArray(range) && range.length === 3 && range.every(Number.isFinite)))
  );
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function isName(text: string): boolean {
  try {
    return text.length <= 64 && parseMemberName(text) === text;
  } catch {
    return false;
  }
}

function isRange(text: string): boolean {
  return parseCidr(text) !== undefined;
}
