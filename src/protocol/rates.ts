import Type from 'typebox';
import { MAX_PRICE_UNIT_LENGTH } from '../domain/price-conversion.ts';
import { MAX_ALIAS_LENGTH, MAX_ALIASES } from '../domain/quote.ts';
import { defineMethod } from './method.ts';
import {
  CandleSchema,
  EpochMsSchema,
  InstrumentNameSchema,
  MarketSchema,
  nullable,
  PriceSchema,
  QuoteSchema,
  strictObject,
  stringEnum,
  timeSchema,
  UnitSchema,
} from './schema.ts';

const PriceUnitSchema = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: MAX_PRICE_UNIT_LENGTH,
    description: 'also convert to this currency, unit or both: `USD/ozt`, `USD`, `chi` or an alias such as `oz`',
  }),
);
const ConvertedPriceSchema = strictObject({
  buy: PriceSchema,
  sell: PriceSchema,
  currency: Type.String(),
  unit: UnitSchema,
  stale: Type.Boolean({ description: 'whether one of `legs` is stale' }),
  legs: Type.Array(QuoteSchema, { description: 'the quotes used for the conversion, the converted one first' }),
});
const ConvertedPricesSchema = Type.Optional(
  Type.Array(nullable(ConvertedPriceSchema), { description: 'in the order of `quotes`; null: not convertible' }),
);
const ProviderIdSchema = Type.String({ minLength: 1, maxLength: 64, description: 'provider id' });
const SeriesTextSchema = Type.String({ maxLength: 128 });
/** Omitted properties match any value. */
const seriesFilterProperties = {
  provider: Type.Optional(ProviderIdSchema),
  company: Type.Optional(SeriesTextSchema),
  brand: Type.Optional(SeriesTextSchema),
};
const SeriesSchema = strictObject(
  { provider: Type.String(), company: Type.String(), brand: Type.String() },
  'a series of an instrument',
);
const LastResponseSchema = strictObject(
  {
    statedAt: nullable(timeSchema('time stated by the provider')),
    rejected: Type.Integer({ description: 'rows in an unexpected format' }),
    refused: Type.Integer({ description: 'prices that failed validation' }),
    distance: nullable(
      strictObject({
        percent: Type.Number({ description: 'largest difference to a price of another provider' }),
        label: Type.String({ description: 'the other provider' }),
        instrument: Type.String(),
      }),
    ),
    clockOffsetMs: nullable(Type.Integer({ description: "how far its clock (Date header) is ahead of the daemon's" })),
  },
  "a provider's last response",
);
const ReasonSchema = Type.Optional(Type.String({ maxLength: 200, description: 'reason; stored with the change' }));
const BatchSchema = Type.Integer({ minimum: 1, description: 'an import, removal or correction' });
const RateEditSchema = strictObject(
  {
    batch: BatchSchema,
    kind: stringEnum(['import', 'removal', 'correction']),
    name: Type.String({ description: 'the file of an import, the instrument of a removal or correction' }),
    by: Type.String(),
    at: EpochMsSchema,
    reason: Type.Optional(Type.String()),
    undone: Type.Boolean(),
    changedBy: Type.Optional(Type.String({ description: 'who undid or restored it' })),
    changedAt: Type.Optional(EpochMsSchema),
    rows: Type.Integer({ description: 'number of quotes in it' }),
    first: nullable(timeSchema('time of its first quote')),
    last: nullable(EpochMsSchema),
    series: Type.Array(Type.String(), { description: 'its first series, for display' }),
    seriesCount: Type.Integer(),
  },
  'an import, removal or correction of prices',
);
const HeldQuoteSchema = strictObject(
  {
    id: Type.Integer(),
    quote: QuoteSchema,
    heldAt: EpochMsSchema,
    reason: Type.String(),
    factor: Type.Optional(Type.Number({ description: 'price divided by a plausible one, for a wrong unit or scale' })),
    comparisons: Type.Array(strictObject({ label: Type.String(), buy: PriceSchema, sell: PriceSchema })),
  },
  'a quote that is held for a decision, because it does not fit known prices',
);

export const rateMethods = {
  'rates.list': defineMethod({
    access: 'reader',
    summary: 'The latest quote of every instrument (MARKET ALL); if several providers have it, the most recent one.',
    params: strictObject({ market: Type.Optional(MarketSchema), in: PriceUnitSchema }),
    result: strictObject({ quotes: Type.Array(QuoteSchema), converted: ConvertedPricesSchema }),
  }),
  'rates.get': defineMethod({
    access: 'reader',
    summary:
      'The latest quotes of an instrument, one per provider, company and brand (MARKET BTC). If no instrument has that name, the quotes of the series with that alias.',
    params: strictObject({ instrument: InstrumentNameSchema, in: PriceUnitSchema }),
    result: strictObject({
      quotes: Type.Array(QuoteSchema),
      converted: Type.Optional(Type.Array(ConvertedPriceSchema)),
    }),
    errors: ['NOT_FOUND', 'NOT_AVAILABLE'],
  }),
  'rates.lookup': defineMethod({
    access: 'reader',
    summary:
      'All quotes of an instrument that were valid or observed on a date, Vietnam time, and those of every series, of any instrument, with that alias; converted with quotes of the same date. Dates without an observation have none.',
    params: strictObject({
      date: Type.String({ maxLength: 32, description: 'yyyy-mm-dd' }),
      instrument: InstrumentNameSchema,
      in: PriceUnitSchema,
    }),
    result: strictObject({
      quotes: Type.Array(QuoteSchema),
      converted: ConvertedPricesSchema,
      before: Type.Optional(Type.Array(QuoteSchema, { description: 'the last known ones, if `quotes` is empty' })),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.history': defineMethod({
    access: 'reader',
    summary:
      'Candles of one series of an instrument in `[from, to)`, oldest first, at most 5,000 per call and fewer for one side; days, weeks and months are in Vietnam time. Default: the reference series.',
    params: strictObject({
      instrument: InstrumentNameSchema,
      from: EpochMsSchema,
      to: EpochMsSchema,
      interval: stringEnum(['raw', '1h', '1d', '1w', '1M'], 'length of a candle; raw: one per quote'),
      side: Type.Optional(
        stringEnum(['buy', 'sell'], 'only this price; default: what customers pay, else what they get'),
      ),
      ...seriesFilterProperties,
    }),
    result: strictObject({
      candles: Type.Array(CandleSchema),
      series: Type.Optional(nullable(SeriesSchema)),
      currency: Type.String(),
      unit: UnitSchema,
      next: nullable(timeSchema('`from` of the next call; null: no more candles')),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.trends': defineMethod({
    access: 'reader',
    summary: 'Daily closes before today, Vietnam time, of the reference series of every instrument.',
    params: strictObject({
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, description: 'default: 30' })),
    }),
    result: strictObject({
      trends: Type.Array(
        strictObject({
          instrument: Type.String(),
          series: Type.Optional(SeriesSchema),
          closes: Type.Array(Type.Number(), { description: 'oldest first' }),
        }),
      ),
    }),
  }),
  'rates.providers': defineMethod({
    access: 'reader',
    summary: 'All providers with their status.',
    params: strictObject({}),
    result: strictObject({
      providers: Type.Array(
        strictObject({
          id: Type.String(),
          state: stringEnum(['ok', 'stale', 'error', 'off']),
          lastOk: nullable(EpochMsSchema),
          lastError: nullable(Type.String()),
          nextAt: nullable(EpochMsSchema),
          lastErrorAt: Type.Optional(nullable(EpochMsSchema)),
          response: Type.Optional(LastResponseSchema),
        }),
      ),
    }),
  }),
  'rates.startImport': defineMethod({
    access: 'owner',
    summary: 'Starts an import. All rows imported with the returned batch can be undone together.',
    params: strictObject({ file: Type.String({ minLength: 1, maxLength: 255, description: 'name, for display' }) }),
    result: strictObject({ batch: BatchSchema }),
  }),
  'rates.import': defineMethod({
    access: 'owner',
    summary: 'Stores historical quotes. Counts and skips existing rows; returns the index of invalid rows.',
    params: strictObject({
      instrument: InstrumentNameSchema,
      market: Type.Optional(MarketSchema),
      ...seriesFilterProperties,
      currency: Type.Optional(Type.String({ minLength: 3, maxLength: 5 })),
      unit: Type.Optional(UnitSchema),
      aliases: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: MAX_ALIAS_LENGTH }), {
          maxItems: MAX_ALIASES,
          description: "the source's names of the series; `rates.lookup` and `rates.get` accept them too",
        }),
      ),
      rows: Type.Array(
        Type.Unsafe<QuoteImportRow>(
          Type.Array(
            Type.Union([
              Type.Number(),
              Type.String({ maxLength: 128 }),
              Type.Null(),
              Type.Array(Type.Number(), { minItems: 3, maxItems: 3 }),
            ]),
            { minItems: 3, maxItems: 6 },
          ),
        ),
        { maxItems: 4096, description: '`[at, buy, sell, checkedAt?, id?, [open, high, low]?]`' },
      ),
      batch: Type.Optional(Type.Integer({ minimum: 1, description: 'from `rates.startImport`; default: a new one' })),
      replaces: Type.Optional(
        Type.Unsafe<[number, number]>(
          Type.Array(EpochMsSchema, { minItems: 2, maxItems: 2, description: 'rows replace quotes in `[from, to)`' }),
        ),
      ),
      force: Type.Optional(Type.Boolean({ description: 'store prices even if they fail validation' })),
    }),
    result: strictObject({
      stored: Type.Integer(),
      duplicates: Type.Integer(),
      refused: Type.Array(
        strictObject({ row: Type.Integer({ description: 'index in `rows`, from 0' }), reason: Type.String() }),
      ),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.imports': defineMethod({
    access: 'reader',
    summary: 'The last 200 imports, removals and corrections, newest first.',
    params: strictObject({}),
    result: strictObject({ imports: Type.Array(RateEditSchema) }),
  }),
  'rates.undo': defineMethod({
    access: 'owner',
    summary: 'Undoes an import, removal or correction; restores it with `undone: false`.',
    params: strictObject({
      batch: BatchSchema,
      undone: Type.Optional(Type.Boolean({ description: 'default: true' })),
      reason: ReasonSchema,
    }),
    result: strictObject({ import: RateEditSchema }),
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
  'rates.remove': defineMethod({
    access: 'owner',
    summary: 'Hides quotes of an instrument, as if never stored. `rates.undo` with the batch restores them.',
    params: strictObject({
      instrument: InstrumentNameSchema,
      ...seriesFilterProperties,
      from: Type.Optional(EpochMsSchema),
      to: Type.Optional(EpochMsSchema),
      reason: ReasonSchema,
      dryRun: Type.Optional(Type.Boolean({ description: 'only count' })),
    }),
    result: strictObject({
      batch: nullable(BatchSchema),
      quotes: Type.Integer(),
      series: Type.Array(Type.String(), { description: 'for display' }),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.correct': defineMethod({
    access: 'owner',
    summary: 'Replaces the quote of a series at a time.',
    params: strictObject({
      instrument: InstrumentNameSchema,
      ...seriesFilterProperties,
      at: EpochMsSchema,
      buy: PriceSchema,
      sell: PriceSchema,
      reason: ReasonSchema,
    }),
    result: strictObject({ batch: BatchSchema }),
    errors: ['NOT_FOUND'],
  }),
  'rates.held': defineMethod({
    access: 'reader',
    summary: 'Held quotes, which do not fit known prices, newest first, with the prices they were compared with.',
    params: strictObject({}),
    result: strictObject({ held: Type.Array(HeldQuoteSchema) }),
  }),
  'rates.decide': defineMethod({
    access: 'owner',
    summary: 'Accepts a held quote, even a discarded one, or discards it: its price level is not held again.',
    params: strictObject({ id: Type.Integer({ minimum: 1 }), accept: Type.Boolean(), reason: ReasonSchema }),
    result: strictObject({ quote: QuoteSchema }),
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
  'rates.export': defineMethod({
    access: 'reader',
    summary: 'All stored quotes of an instrument, series by series, oldest first, one page per call.',
    params: strictObject({
      instrument: InstrumentNameSchema,
      from: Type.Optional(EpochMsSchema),
      to: Type.Optional(EpochMsSchema),
      cursor: Type.Optional(Type.String({ maxLength: 1024 })),
    }),
    result: strictObject({
      quotes: Type.Array(QuoteSchema),
      cursor: nullable(Type.String({ description: 'of the next page; null: this was the last' })),
    }),
    errors: ['NOT_FOUND'],
  }),
};

/** `[at, buy, sell, checkedAt?, id?, [open, high, low]?]` */
export type QuoteImportRow = [
  at: number,
  buy: number | null,
  sell: number | null,
  checkedAt?: number | null,
  id?: string | null,
  range?: [open: number, high: number, low: number],
];
