import { fold } from '../../domain/fold.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import { knownInstrument } from '../../domain/instrument.ts';
import { type Field, json } from '../body.ts';
import { BROWSER, GOLD_EVERY, GoldQuotes, goldInstrument, isSilver, taelBand } from '../gold.ts';
import { days, pagesOfDays } from '../history.ts';
import { BodyError, type Provider, type ProviderContext, type ProviderRequest } from '../provider.ts';
import { fittingRows, readRows, rowsOfGroups } from '../rows.ts';
import { besides, dojiKind, factor, times } from './doji.ts';
import { branded } from './sjc.ts';

/**
 * Thousand VND with commas between thousands, per tael; most rows of DOJI are per chỉ, and nothing but their size
 * says which (about 6,080 where SJC's bar is at 60,400). The unit of every row is the one that brings it beside the
 * SJC bar of the same answer, between 0.15 and 1.4 of it: less than tenfold apart, so that no price fits in both
 * units. An answer without SJC's own row goes by the first bar or ring in it that the band of its time decides.
 */
const USUALLY_PER_TAEL = true;

/** One request a day of history. */
const MOST_DAYS = 366;

/** tygia.com, which gathers companies, banks and shops. */
export const tygia: Provider = {
  id: 'tygia',
  name: 'tygia.com',
  market: 'gold',
  statedTime: 'change',
  every: GOLD_EVERY,
  spacing: 2000,
  url: 'https://tygia.com',
  enabled: true,

  requests: (context) => [ask(context, 'now')],

  parse: (body, context) => read(body, context, 'latest').list(),

  /**
   * World gold is traded past midnight: its price in the list of a day may be dated on the next one. So everything
   * in a list is taken; prices that stand in several lists are the same quotes.
   */
  backfill: (context, from, to) =>
    pagesOfDays(days(context, from, to, MOST_DAYS), async (day) => {
      const body = await context.fetch(ask(context, formatDay(day).replaceAll('-', '')));
      return read(body, context, 'history').between(from, to);
    }),
};

function ask({ url }: ProviderContext, date: string): ProviderRequest {
  return {
    url: `${url}/json.php?ran=0&rate=0&gold=1&bank=VIETCOM&date=${date}`,
    headers: { 'user-agent': BROWSER },
  };
}

/** A row of gold. */
export interface TygiaRow {
  readonly field: Field;
  readonly instrument: string | undefined; // undefined: world gold
  readonly company: string;
  readonly brand: string;
  /** As they stand. */
  readonly buy: number | null;
  readonly sell: number | null;
  readonly at: Instant | undefined;
  readonly id: string;
  /** What tygia.com calls it; may be empty. */
  readonly type: string;
}

/** Why a row is no quote of gold, though it is as it should be. */
export type LeftOut = 'coin' | 'oil' | 'silver' | 'unknown kind' | 'no price' | 'no time';

type ReadContext = Pick<ProviderContext, 'now' | 'rejected'>;

function read(body: string, context: ReadContext, kind: 'latest' | 'history'): GoldQuotes {
  const quotes = new GoldQuotes('tygia', kind);
  const fields = rowsOfGroups(json(body).get('golds').list(), (list) => list.get('value').list());
  const found = fittingRows(fields, (field: Field) => rowOf(field, context.now, kind));
  const bar = barOf(
    [...found].filter((row) => typeof row !== 'string'),
    context.now,
    () => {}, // the row itself is rejected below
  );
  const undecided: BodyError[] = [];
  readRows(fields, context.rejected, (field: Field) => {
    const row = rowOf(field, context.now, kind);
    if (typeof row === 'string') return;
    if (row.instrument !== undefined && bar === undefined) {
      undecided.push(field.error('a bar of gold in the same answer, to tell prices of a tael and a chỉ by'));
      return;
    }
    const gold = inTaels(row, bar);
    if (gold.instrument === undefined) quotes.addWorld(gold);
    else quotes.add({ ...gold, instrument: gold.instrument });
  });
  // World gold, which needs no bar, stays.
  if (undecided.length > 0 && quotes.list().length === 0) throw undecided[0]!;
  for (const error of undecided) context.rejected.add(error);
  return quotes;
}

/**
 * Reads a row. A price of Vietnamese gold is then per tael or per chỉ still: `inTaels`.
 * @param kind of a `history`, every row must state when its price was set
 * @throws BodyError
 */
export function rowOf(field: Field, now: Instant, kind: 'latest' | 'history'): TygiaRow | LeftOut {
  const company = field.get('company').name();
  if (/coin/i.test(company)) return 'coin';
  const place = field.get('brand').textOrEmpty();
  const what = kindOf(field, company, place);
  if (typeof what === 'string') return what;
  const updated = field.get('updated');
  if (kind === 'history') updated.time('YYYY-MM-DD HH:mm:ss'); // there a price is nothing without its time
  const at = updated.statedTime(now, 'YYYY-MM-DD HH:mm:ss');
  if (kind === 'history' && at === undefined) return 'no time';
  const [buy, sell] = [field.get('buy').price('comma'), field.get('sell').price('comma')];
  if (buy === null && sell === null) return 'no price';
  const [id, type] = [field.get('id').textOrEmpty(), field.get('type').textOrEmpty()];
  return { field, company, ...what, buy, sell, at, id, type };
}

/**
 * A row with its prices in VND per tael; of world gold in USD per ounce, as it stands.
 * @param bar what a bar costs in the same list
 * @throws BodyError
 */
export function inTaels({ field, id, type, ...row }: TygiaRow, bar: number | undefined) {
  const gold = { ...row, ...(id === '' ? {} : { id }), ...(type === '' ? {} : { aliases: [type] }) };
  if (row.instrument === undefined) return gold;
  if (bar === undefined) throw field.error('a bar of gold in the same list, to tell prices of a tael and a chỉ by');
  const by = factor(field, [row.buy, row.sell], USUALLY_PER_TAEL, besides(bar));
  return { ...gold, buy: times(row.buy, by), sell: times(row.sell, by) };
}

function kindOf(
  field: Field,
  company: string,
  place: string,
): { instrument: string | undefined; brand: string } | LeftOut {
  const type = field.get('type');
  const name = type.textOrEmpty();
  if (fold(place) === 'spot gold') return { instrument: undefined, brand: place }; // USD per troy ounce
  if (/^(?:wti |brent |crude )?oil$/.test(fold(place))) return 'oil';
  if (isSilver(name)) return 'silver';
  if (company === '1OTHER') {
    // shops: the type is SJC whatever they sell, and what it is stands where others have the city
    if (isSilver(place)) return 'silver';
    return isGold(place) ? { instrument: goldInstrument(field.get('brand'), place), brand: '' } : 'unknown kind';
  }
  if (company === 'DOJI') {
    const known = dojiKind(name);
    if (known) return { instrument: known.instrument, brand: known.instrument === 'DOJI' ? known.brand : place };
  }
  if (company === 'SJC') return { instrument: goldInstrument(type, type.name(), company), brand: branded(place, name) };
  if (company !== 'DOJI' && !isGold(name)) return 'unknown kind';
  return { instrument: goldInstrument(type, type.name(), company), brand: place };
}

const GOLD =
  /\b(?:sjc|vang|nhan|nu trang|nguyen lieu|pnj|doji|avpl|btmc|vrtl|mi hong|\d{1,2}k|\d{3,4}|99[.,]\d{1,2})\b/;

function isGold(name: string): boolean {
  return GOLD.test(fold(name));
}

/**
 * What a bar costs, VND per tael: SJC's own, else the first bar or ring of the catalogue.
 * @param refuse hears of bars whose price fits in no unit, before the next one is tried
 */
export function barOf(
  rows: readonly TygiaRow[],
  now: Instant,
  refuse: (row: TygiaRow, error: BodyError) => void,
): number | undefined {
  const isOwn = ({ company, instrument }: TygiaRow) => company === 'SJC' && instrument === 'SJC';
  const isBar = ({ instrument }: TygiaRow) => instrument !== undefined && knownInstrument(instrument) !== undefined;
  const bars = [...rows.filter(isOwn), ...rows.filter((row) => !isOwn(row) && isBar(row))];
  for (const row of bars) {
    const { field, buy, sell, at } = row;
    try {
      return times(sell ?? buy, factor(field, [buy, sell], USUALLY_PER_TAEL, taelBand(at ?? now)))!;
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      refuse(row, error);
    }
  }
  return undefined;
}
