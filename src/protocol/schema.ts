import Type, { type TObject, type TProperties, type TSchema } from 'typebox';
import { ROLES } from '../domain/account.ts';
import { MARKETS } from '../domain/instrument.ts';
import { MAX_EPOCH_MS } from '../domain/time.ts';
import { GRAMS_PER_UNIT, type Unit } from '../domain/unit.ts';

/** Unknown properties are rejected by name, never ignored. */
export function strictObject<P extends TProperties>(properties: P, description?: string): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });
}

export function stringEnum<const T extends readonly string[]>(values: T, description?: string) {
  return Type.Unsafe<T[number]>(Type.Enum([...values], description ? { description } : {}));
}

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Limited to the range of a Date, so that every value can be displayed. */
export const timeSchema = (description: string) =>
  Type.Integer({ minimum: -MAX_EPOCH_MS, maximum: MAX_EPOCH_MS, description });
export const EpochMsSchema = timeSchema('epoch milliseconds, UTC');
export const SeqSchema = Type.Integer({ minimum: 0, description: 'sequence number in the journal' });
export const MemberNameSchema = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'member name: 1-32 letters, digits, - _ .',
});
export const PasswordSchema = Type.String({
  minLength: 1,
  maxLength: 512,
  description: '1-256 characters, spaces allowed',
});
export const InstrumentNameSchema = Type.String({
  minLength: 1,
  maxLength: 128,
  description: 'instrument: id, name or alias; ignores case and accents',
});
export const MarketSchema = stringEnum(MARKETS, 'market');
export const UnitSchema = stringEnum(Object.keys(GRAMS_PER_UNIT) as Unit[], 'unit of price');
export const RoleSchema = stringEnum(ROLES, 'role');
/** For 32 bytes in hexadecimal. */
export const HEX_64_OPTIONS = { pattern: '^[0-9a-f]{64}$' } as const;
export const PriceSchema = nullable(Type.Number({ description: 'in currency per unit; null: this side has no price' }));

export const QuoteSchema = strictObject(
  {
    instrument: Type.String(),
    market: MarketSchema,
    provider: Type.String(),
    company: Type.String(),
    brand: Type.String(),
    buy: PriceSchema,
    sell: PriceSchema,
    currency: Type.String(),
    unit: UnitSchema,
    at: timeSchema('start of validity of this price'),
    checkedAt: timeSchema('last confirmation'),
    id: Type.String(),
    stale: Type.Boolean({
      description: 'not received for three polling intervals, or too old by the time that the provider states',
    }),
    statedAt: Type.Optional(timeSchema('time stated by the provider, if any')),
    receivedAt: Type.Optional(timeSchema('when it was last received; only of latest quotes')),
    observedFrom: Type.Optional(timeSchema('start of the observation without a gap until `checkedAt`; default: `at`')),
    batch: Type.Optional(Type.Integer({ description: 'the import or correction it belongs to' })),
  },
  'a quote',
);

export const CandleSchema = strictObject(
  {
    at: timeSchema('start of the interval'),
    open: Type.Number(),
    high: Type.Number(),
    low: Type.Number(),
    close: Type.Number(),
    count: Type.Integer({ description: 'number of quotes' }),
  },
  'a candle',
);

export const PostSchema = strictObject(
  {
    number: Type.Integer(),
    member: Type.String(),
    text: nullable(Type.String({ description: 'null: deleted' })),
    topic: Type.String(),
    replyTo: nullable(Type.Integer()),
    mentions: Type.Array(Type.String(), { description: 'members that the text mentions as `@name`' }),
    at: EpochMsSchema,
    editedAt: nullable(EpochMsSchema),
    deletedAt: nullable(EpochMsSchema),
    deletedBy: nullable(Type.String()),
    seq: Type.Integer({ description: 'sequence number of its last change' }),
  },
  'a post',
);

export const DirectMessageSchema = strictObject(
  {
    number: Type.Integer({ description: 'unique among all direct messages; increases with gaps' }),
    from: Type.String(),
    to: Type.String(),
    text: Type.String(),
    at: EpochMsSchema,
    unread: Type.Boolean({ description: 'received by you and not marked as read' }),
    seq: Type.Integer(),
  },
  'a direct message',
);

export const UnencryptedSchema = Type.Literal(true, {
  description: 'a legacy client serves it: over plain TCP, and the content cannot be verified',
});

export const ListingSchema = strictObject(
  {
    member: Type.String(),
    name: Type.String(),
    size: Type.Integer({ description: 'in bytes' }),
    hash: Type.String({ description: 'root of the SHA-256 hash tree over its blocks, hex; empty if `unencrypted`' }),
    modified: timeSchema('when the file was last modified, according to its owner'),
    description: Type.String({ description: 'may be empty' }),
    key: Type.String({ description: 'of the peer that serves it; empty if `unencrypted`' }),
    unencrypted: Type.Optional(UnencryptedSchema),
    at: timeSchema('when it was published'),
    online: Type.Boolean({ description: 'the member is online with that peer, so the file is available' }),
  },
  'a listing',
);
