import Type from 'typebox';
import { MAX_ALIAS_LENGTH, MAX_ALIASES } from '../domain/quote.ts';
import { method } from './method.ts';
import {
  Candle,
  Instant,
  InstrumentName,
  literals,
  MarketName,
  nullable,
  Price,
  Quote,
  strict,
  UnitName,
} from './schema.ts';

const In = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 16,
    description: 'also in this currency, unit or both: `USD/ozt`, `USD`, `chi`',
  }),
);
const Converted = strict({
  buy: Price,
  sell: Price,
  currency: Type.String(),
  unit: UnitName,
  legs: Type.Array(Quote, { description: 'the quotes that the figures rest on, the converted one first' }),
});
const Provider = Type.String({ minLength: 1, maxLength: 64, description: 'provider id' });

export const rates = {
  'rates.list': method({
    access: 'reader',
    summary: 'The latest quote of every instrument (MARKET ALL): the freshest one where several providers have it.',
    params: strict({ market: Type.Optional(MarketName) }),
    result: strict({ quotes: Type.Array(Quote) }),
  }),
  'rates.get': method({
    access: 'reader',
    summary:
      'The latest quotes of one instrument, one of each provider, company and brand (MARKET BTC). A text that is the name of none means the series that have it as an alias.',
    params: strict({ instrument: InstrumentName, in: In }),
    result: strict({ quotes: Type.Array(Quote), converted: Type.Optional(Type.Array(Converted)) }),
    errors: ['NOT_FOUND', 'NOT_AVAILABLE'],
  }),
  'rates.lookup': method({
    access: 'reader',
    summary:
      'All quotes that held on a day, Vietnam time: of an instrument, and of every series, of any instrument, that has the text as an alias.',
    params: strict({ date: Type.String({ maxLength: 32, description: 'yyyy-mm-dd' }), instrument: InstrumentName }),
    result: strict({ quotes: Type.Array(Quote) }),
    errors: ['NOT_FOUND'],
  }),
  'rates.history': method({
    access: 'reader',
    summary: 'Candles of `[from, to)`, oldest first, at most 5,000 a call; days, weeks and months are Vietnam time.',
    params: strict({
      instrument: InstrumentName,
      from: Instant,
      to: Instant,
      interval: literals(['raw', '1h', '1d', '1w', '1M'], 'length of a candle; raw: one a quote'),
      provider: Type.Optional(Provider),
    }),
    result: strict({
      candles: Type.Array(Candle),
      currency: Type.String(),
      unit: UnitName,
      next: nullable(Type.Integer({ description: '`from` of the next call where there is more, else null' })),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.trends': method({
    access: 'reader',
    summary: 'Closes of the last days before today, Vietnam time, of every instrument that has any.',
    params: strict({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, description: '30 unless told' })) }),
    result: strict({
      trends: Type.Array(
        strict({ instrument: Type.String(), closes: Type.Array(Type.Number(), { description: 'oldest first' }) }),
      ),
    }),
  }),
  'rates.providers': method({
    access: 'reader',
    summary: 'Every provider and how it does.',
    params: strict({}),
    result: strict({
      providers: Type.Array(
        strict({
          id: Type.String(),
          state: literals(['ok', 'stale', 'error', 'off']),
          lastOk: nullable(Instant),
          lastError: nullable(Type.String()),
          nextAt: nullable(Instant),
        }),
      ),
    }),
  }),
  'rates.import': method({
    access: 'owner',
    summary:
      'Stores quotes of the past. A row that is there already is counted and skipped; a row that does not fit is refused with its place.',
    params: strict({
      instrument: InstrumentName,
      market: Type.Optional(MarketName),
      provider: Type.Optional(Provider),
      company: Type.Optional(Type.String({ maxLength: 128 })),
      brand: Type.Optional(Type.String({ maxLength: 128 })),
      currency: Type.Optional(Type.String({ minLength: 3, maxLength: 5 })),
      unit: Type.Optional(UnitName),
      aliases: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: MAX_ALIAS_LENGTH }), {
          maxItems: MAX_ALIASES,
          description: 'what the source calls the series: `rates.lookup` and `rates.get` find it by them as well',
        }),
      ),
      rows: Type.Array(
        Type.Unsafe<ImportRow>(
          Type.Array(Type.Union([Type.Number(), Type.String({ maxLength: 128 }), Type.Null()]), {
            minItems: 3,
            maxItems: 5,
          }),
        ),
        {
          maxItems: 4096,
          description: '`[at, buy, sell, checkedAt?, id?]`',
        },
      ),
    }),
    result: strict({
      stored: Type.Integer(),
      duplicates: Type.Integer(),
      refused: Type.Array(
        strict({ row: Type.Integer({ description: 'place in `rows`, from 0' }), reason: Type.String() }),
      ),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.export': method({
    access: 'reader',
    summary: 'Every stored quote of an instrument, series by series, oldest first, a page a call.',
    params: strict({
      instrument: InstrumentName,
      from: Type.Optional(Instant),
      to: Type.Optional(Instant),
      cursor: Type.Optional(Type.String({ maxLength: 1024 })),
    }),
    result: strict({
      quotes: Type.Array(Quote),
      cursor: nullable(Type.String({ description: 'for the next page; null: this was the last' })),
    }),
    errors: ['NOT_FOUND'],
  }),
};

/** `[at, buy, sell, checkedAt?, id?]` */
export type ImportRow = [
  at: number,
  buy: number | null,
  sell: number | null,
  checkedAt?: number | null,
  id?: string | null,
];
