import Type, { type TObject, type TProperties, type TSchema } from 'typebox';
import { MAX_INSTANT } from '../domain/instant.ts';
import { MARKETS } from '../domain/instrument.ts';
import { ROLES } from '../domain/name.ts';
import { UNITS, type Unit } from '../domain/unit.ts';

/** An object of just these properties: what a caller adds by mistake is refused by name, never ignored. */
export function strict<P extends TProperties>(properties: P, description?: string): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });
}

export function literals<const T extends readonly string[]>(values: T, description?: string) {
  return Type.Unsafe<T[number]>(Type.Enum([...values], description ? { description } : {}));
}

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A moment, epoch milliseconds in UTC: any other number has no date, and could not be shown as one. */
export const instant = (description: string) =>
  Type.Integer({ minimum: -MAX_INSTANT, maximum: MAX_INSTANT, description });
export const Instant = instant('epoch milliseconds, UTC');
export const Seq = Type.Integer({ minimum: 0, description: 'a place in the journal' });
export const Name = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'member name: 1-32 letters, digits, - _ .',
});
export const Password = Type.String({ minLength: 1, maxLength: 512, description: '1-256 characters, spaces allowed' });
export const InstrumentName = Type.String({
  minLength: 1,
  maxLength: 128,
  description: 'instrument: id, name or alias, in any case, with or without accents',
});
export const MarketName = literals(MARKETS, 'market');
export const UnitName = literals(Object.keys(UNITS) as Unit[], 'unit of price');
export const RoleName = literals(ROLES, 'role');
/** Options of a text of 32 bytes in hexadecimal. */
export const Hex64 = { pattern: '^[0-9a-f]{64}$' } as const;
export const Price = nullable(Type.Number({ description: 'in currency per unit; null: this side has no price' }));

export const Quote = strict(
  {
    instrument: Type.String(),
    market: MarketName,
    provider: Type.String(),
    company: Type.String(),
    brand: Type.String(),
    buy: Price,
    sell: Price,
    currency: Type.String(),
    unit: UnitName,
    at: instant('since when this price holds'),
    checkedAt: instant('until when it is confirmed'),
    id: Type.String(),
    stale: Type.Boolean({
      description: "not received for three intervals of its provider, or too old by the provider's own time",
    }),
    statedAt: Type.Optional(instant("the provider's own time, where it states one")),
    receivedAt: Type.Optional(instant('when it was last received; of latest quotes')),
    observedFrom: Type.Optional(instant('it was observed from then to `checkedAt` without a gap; `at` where left out')),
    batch: Type.Optional(Type.Integer({ description: 'the import or correction that it came with' })),
  },
  'a quote',
);

export const Candle = strict(
  {
    at: instant('start of the interval'),
    open: Type.Number(),
    high: Type.Number(),
    low: Type.Number(),
    close: Type.Number(),
    count: Type.Integer({ description: 'quotes in it' }),
  },
  'a candle',
);

export const Post = strict(
  {
    number: Type.Integer(),
    member: Type.String(),
    text: nullable(Type.String({ description: 'null: deleted' })),
    topic: Type.String(),
    replyTo: nullable(Type.Integer()),
    mentions: Type.Array(Type.String(), { description: 'members that the text mentions as `@name`' }),
    at: Instant,
    editedAt: nullable(Instant),
    deletedAt: nullable(Instant),
    deletedBy: nullable(Type.String()),
    seq: Type.Integer({ description: 'of its last change' }),
  },
  'a post',
);

export const Message = strict(
  {
    number: Type.Integer({ description: 'of all direct messages of the room: it grows, with gaps' }),
    from: Type.String(),
    to: Type.String(),
    text: Type.String(),
    at: Instant,
    unread: Type.Boolean({ description: 'written to you, and not marked read by you' }),
    seq: Type.Integer(),
  },
  'a direct message',
);

export const Unencrypted = Type.Literal(true, {
  description: 'an old client serves it: over plain TCP, and nothing says whether what comes is what was listed',
});

export const Listing = strict(
  {
    member: Type.String(),
    name: Type.String(),
    size: Type.Integer({ description: 'in bytes' }),
    hash: Type.String({
      description: 'root of the tree of SHA-256 hashes over its blocks, hex; empty where `unencrypted`',
    }),
    modified: instant('when the file was last changed, as its owner says'),
    description: Type.String({ description: 'may be empty' }),
    key: Type.String({ description: 'of the peer that serves it; empty where `unencrypted`' }),
    unencrypted: Type.Optional(Unencrypted),
    at: instant('when it was listed'),
    online: Type.Boolean({ description: 'the member is there, with that peer: it can be had now' }),
  },
  'a listing',
);
