import Type from 'typebox';
import { MAX_MEASURE_LENGTH } from '../domain/conversion.ts';
import { MAX_ALIAS_LENGTH, MAX_ALIASES } from '../domain/quote.ts';
import { method } from './method.ts';
import {
  Candle,
  Instant,
  InstrumentName,
  instant,
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
    maxLength: MAX_MEASURE_LENGTH,
    description:
      'also in this currency, unit or both: `USD/ozt`, `USD`, `chi`; units by their aliases too: `chỉ`, `oz`',
  }),
);
const Converted = strict({
  buy: Price,
  sell: Price,
  currency: Type.String(),
  unit: UnitName,
  stale: Type.Boolean({ description: 'one of `legs` is stale' }),
  legs: Type.Array(Quote, { description: 'the quotes that the figures rest on, the converted one first' }),
});
const ConvertedEach = Type.Optional(
  Type.Array(nullable(Converted), {
    description: 'of each of `quotes`, in their order; null: no quotes lead from it to `in`',
  }),
);
const Provider = Type.String({ minLength: 1, maxLength: 64, description: 'provider id' });
const Text = Type.String({ maxLength: 128 });
/** Which series of an instrument; what is left out may be any. */
const Choice = {
  provider: Type.Optional(Provider),
  company: Type.Optional(Text),
  brand: Type.Optional(Text),
};
const Series = strict(
  { provider: Type.String(), company: Type.String(), brand: Type.String() },
  'a series of an instrument',
);
const LastResponse = strict(
  {
    statedAt: nullable(instant("the provider's own time")),
    rejected: Type.Integer({ description: 'rows that do not fit its format' }),
    refused: Type.Integer({ description: 'prices that are not believed' }),
    distance: nullable(
      strict({
        percent: Type.Number({ description: 'how far a price is over or under that of another provider, at most' }),
        label: Type.String({ description: 'the other provider' }),
        instrument: Type.String(),
      }),
    ),
    clockOffsetMs: nullable(
      Type.Integer({ description: "how far its clock is ahead of the daemon's, by its Date header" }),
    ),
  },
  "a provider's last response",
);
const Reason = Type.Optional(Type.String({ maxLength: 200, description: 'why; it is kept with the change' }));
const Batch = Type.Integer({ minimum: 1, description: 'an import, removal or correction' });
const Edit = strict(
  {
    batch: Batch,
    kind: literals(['import', 'removal', 'correction']),
    name: Type.String({ description: 'the file of an import, the instrument of a removal or correction' }),
    by: Type.String(),
    at: Instant,
    reason: Type.Optional(Type.String()),
    undone: Type.Boolean(),
    changedBy: Type.Optional(Type.String({ description: 'who undid it, or made it count again' })),
    changedAt: Type.Optional(Instant),
    rows: Type.Integer({ description: 'quotes that it brought' }),
    first: nullable(instant('time of the first of them')),
    last: nullable(Instant),
    series: Type.Array(Type.String(), { description: 'the first of its series, for people' }),
    seriesCount: Type.Integer(),
  },
  'an import, removal or correction of prices',
);
const HeldQuote = strict(
  {
    id: Type.Integer(),
    quote: Quote,
    heldAt: Instant,
    reason: Type.String(),
    factor: Type.Optional(Type.Number({ description: 'what the price would be multiplied by to fit' })),
    comparisons: Type.Array(strict({ label: Type.String(), buy: Price, sell: Price })),
  },
  'a quote that does not fit what is known',
);

export const rates = {
  'rates.list': method({
    access: 'reader',
    summary: 'The latest quote of every instrument (MARKET ALL): the freshest one where several providers have it.',
    params: strict({ market: Type.Optional(MarketName), in: In }),
    result: strict({ quotes: Type.Array(Quote), converted: ConvertedEach }),
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
      'All quotes that held or were observed on a day, Vietnam time: of an instrument, and of every series, of any instrument, that has the text as an alias; converted by quotes of the same day. Days without an observation have none.',
    params: strict({
      date: Type.String({ maxLength: 32, description: 'yyyy-mm-dd' }),
      instrument: InstrumentName,
      in: In,
    }),
    result: strict({
      quotes: Type.Array(Quote),
      converted: ConvertedEach,
      before: Type.Optional(
        Type.Array(Quote, { description: 'where `quotes` is empty: the last ones known before that day' }),
      ),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.history': method({
    access: 'reader',
    summary:
      'Candles of one series of an instrument in `[from, to)`, oldest first, at most 5,000 a call; days, weeks and months are Vietnam time. Without a choice: the reference series.',
    params: strict({
      instrument: InstrumentName,
      from: Instant,
      to: Instant,
      interval: literals(['raw', '1h', '1d', '1w', '1M'], 'length of a candle; raw: one a quote'),
      ...Choice,
    }),
    result: strict({
      candles: Type.Array(Candle),
      series: Type.Optional(nullable(Series)),
      currency: Type.String(),
      unit: UnitName,
      next: nullable(instant('`from` of the next call where there is more, else null')),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.trends': method({
    access: 'reader',
    summary:
      'Closes of the last days before today, Vietnam time, of the reference series of every instrument that has any.',
    params: strict({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, description: '30 unless told' })) }),
    result: strict({
      trends: Type.Array(
        strict({
          instrument: Type.String(),
          series: Type.Optional(Series),
          closes: Type.Array(Type.Number(), { description: 'oldest first' }),
        }),
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
          lastErrorAt: Type.Optional(nullable(Instant)),
          response: Type.Optional(LastResponse),
        }),
      ),
    }),
  }),
  'rates.startImport': method({
    access: 'owner',
    summary: 'Begins an import: rows that are imported under its number can be undone together.',
    params: strict({
      file: Type.String({ minLength: 1, maxLength: 255, description: 'name of the file, for people' }),
    }),
    result: strict({ batch: Batch }),
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
        {
          maxItems: 4096,
          description: '`[at, buy, sell, checkedAt?, id?, [open, high, low]?]`',
        },
      ),
      batch: Type.Optional(
        Type.Integer({ minimum: 1, description: 'of `rates.startImport`; an own one where left out' }),
      ),
      replaces: Type.Optional(
        Type.Unsafe<[number, number]>(
          Type.Array(Instant, {
            minItems: 2,
            maxItems: 2,
            description: '`[from, to)`: other quotes of the series in that time give way to the rows',
          }),
        ),
      ),
      force: Type.Optional(Type.Boolean({ description: 'store prices that do not fit what is known' })),
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
  'rates.imports': method({
    access: 'reader',
    summary: 'The last 200 imports, removals and corrections, newest first.',
    params: strict({}),
    result: strict({ imports: Type.Array(Edit) }),
  }),
  'rates.undo': method({
    access: 'owner',
    summary: 'An import, removal or correction counts no longer; with `undone: false` it counts again.',
    params: strict({
      batch: Batch,
      undone: Type.Optional(Type.Boolean({ description: 'true unless told' })),
      reason: Reason,
    }),
    result: strict({ import: Edit }),
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
  'rates.remove': method({
    access: 'owner',
    summary:
      'Hides quotes of an instrument, as if they had never been stored. `rates.undo` with its number shows them again.',
    params: strict({
      instrument: InstrumentName,
      ...Choice,
      from: Type.Optional(Instant),
      to: Type.Optional(Instant),
      reason: Reason,
      dryRun: Type.Optional(Type.Boolean({ description: 'only count' })),
    }),
    result: strict({
      batch: nullable(Batch),
      quotes: Type.Integer(),
      series: Type.Array(Type.String(), { description: 'for people' }),
    }),
    errors: ['NOT_FOUND'],
  }),
  'rates.correct': method({
    access: 'owner',
    summary: 'Puts one quote in place of what a series has at that time.',
    params: strict({ instrument: InstrumentName, ...Choice, at: Instant, buy: Price, sell: Price, reason: Reason }),
    result: strict({ batch: Batch }),
    errors: ['NOT_FOUND'],
  }),
  'rates.held': method({
    access: 'reader',
    summary: 'Quotes that do not fit what is known, newest first, with what they were compared with.',
    params: strict({}),
    result: strict({ held: Type.Array(HeldQuote) }),
  }),
  'rates.decide': method({
    access: 'owner',
    summary:
      'Stores a held quote, also one that was discarded, or discards it: prices of its level are not held again.',
    params: strict({ id: Type.Integer({ minimum: 1 }), accept: Type.Boolean(), reason: Reason }),
    result: strict({ quote: Quote }),
    errors: ['NOT_FOUND', 'CONFLICT'],
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

/** `[at, buy, sell, checkedAt?, id?, [open, high, low]?]` */
export type ImportRow = [
  at: number,
  buy: number | null,
  sell: number | null,
  checkedAt?: number | null,
  id?: string | null,
  range?: [open: number, high: number, low: number],
];
