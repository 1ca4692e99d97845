import { fold } from '../../domain/fold.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import { knownInstrument } from '../../domain/instrument.ts';
import type { QuoteDraft } from '../../domain/quote.ts';
import { type Field, isBelievable, json } from '../body.ts';
import { BROWSER, days, GOLD_EVERY, GoldQuotes, goldInstrument, isSilver, taelBand } from '../gold.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { besides, dojiKind, factor, times } from './doji.ts';
import { branded } from './sjc.ts';

/**
 * Thousand VND with commas between thousands, per tael; most rows of DOJI are per chỉ, and nothing but their size
 * says which (about 6,080 where SJC's bar is at 60,400). The unit of every row is the one that brings it beside the
 * SJC bar of the same list, between 0.15 and 1.4 of it: less than tenfold apart, so that no price fits in both
 * units. A list without SJC's own row goes by the first bar or ring in it that the band of its time decides.
 */
const USUALLY_PER_TAEL = true;

const DAY = 24 * 3_600_000;
/** One request a day of history. */
const MOST_DAYS = 366;

/** tygia.com, which gathers companies, banks and shops. */
export const tygia: Provider = {
  id: 'tygia',
  name: 'tygia.com',
  market: 'gold',
  every: GOLD_EVERY,
  spacing: 2000,
  url: 'https://tygia.com',
  enabled: true,

  requests: (context) => [ask(context, 'now')],

  parse: (body, context) => read(body, context, 'latest').list(),

  async *backfill(context, from, to) {
    for (const day of days(context, from, to, MOST_DAYS)) {
      const body = await context.fetch(ask(context, formatDay(day).replaceAll('-', '')));
      // prices that were set before the day stand in the list of theirs
      const chunk = read(body, context, 'history').between(Math.max(from, day), Math.min(to, day + DAY));
      if (chunk.length > 0) yield chunk;
    }
  },
};

/** Every quote of an answer that was kept. @throws BodyError */
export function tygiaHistory(body: string, now: Instant): QuoteDraft[] {
  return read(body, { now }, 'history').list();
}

function ask({ url }: ProviderContext, date: string): ProviderRequest {
  return {
    url: `${url}/json.php?ran=0&rate=0&gold=1&bank=VIETCOM&date=${date}`,
    headers: { 'user-agent': BROWSER },
  };
}

interface Row {
  readonly field: Field;
  readonly instrument: string | undefined; // undefined: world gold
  readonly company: string;
  readonly brand: string;
  /** As they stand. */
  readonly buy: number | null;
  readonly sell: number | null;
  readonly at: Instant | undefined;
  readonly id: string;
}

function read(body: string, context: Pick<ProviderContext, 'now'>, kind: 'latest' | 'history'): GoldQuotes {
  const quotes = new GoldQuotes('tygia', context, kind);
  for (const list of json(body).get('golds').list()) {
    const rows: Row[] = [];
    for (const field of list.get('value').list()) {
      const row = rowOf(field, context, kind);
      if (row && (row.buy !== null || row.sell !== null)) rows.push(row);
    }
    const bar = barOf(rows, context.now);
    for (const { field, instrument, buy, sell, id, ...row } of rows) {
      const numbered = id === '' ? row : { ...row, id };
      if (instrument === undefined) {
        quotes.addWorld({ ...numbered, buy, sell });
        continue;
      }
      if (bar === undefined) throw field.error('a bar of gold in the same list, to tell prices of a tael and a chỉ by');
      const by = factor(field, [buy, sell], USUALLY_PER_TAEL, besides(bar));
      quotes.add({ ...numbered, instrument, buy: times(buy, by), sell: times(sell, by) });
    }
  }
  return quotes;
}

/** Undefined for what is no gold: coins, oil, silver. */
function rowOf(field: Field, context: Pick<ProviderContext, 'now'>, kind: 'latest' | 'history'): Row | undefined {
  const company = field.get('company').name();
  if (/coin/i.test(company)) return undefined;
  const place = field.get('brand').textOrEmpty();
  const what = kindOf(field, company, place);
  if (!what) return undefined;
  const stated =
    kind === 'history'
      ? field.get('updated').time('YYYY-MM-DD HH:mm:ss')
      : field.get('updated').timeIfBelievable(context.now, 'YYYY-MM-DD HH:mm:ss');
  if (kind === 'history' && !isBelievable(stated!, context.now)) return undefined;
  return {
    field,
    company,
    ...what,
    buy: field.get('buy').price('comma'),
    sell: field.get('sell').price('comma'),
    at: stated,
    id: field.get('id').textOrEmpty(),
  };
}

function kindOf(
  field: Field,
  company: string,
  place: string,
): { instrument: string | undefined; brand: string } | undefined {
  const type = field.get('type');
  const name = type.textOrEmpty();
  if (fold(place) === 'spot gold') return { instrument: undefined, brand: place }; // USD per troy ounce
  if (/^(?:wti |brent |crude )?oil$/.test(fold(place)) || isSilver(name)) return undefined;
  if (company === '1OTHER') {
    // shops: the type is SJC whatever they sell, and what it is stands where others have the city
    return isGold(place) && !isSilver(place)
      ? { instrument: goldInstrument(field.get('brand'), place), brand: '' }
      : undefined;
  }
  if (company === 'DOJI') {
    const known = dojiKind(name);
    if (known) return { instrument: known.instrument, brand: known.instrument === 'DOJI' ? known.brand : place };
  }
  if (company === 'SJC') return { instrument: goldInstrument(type, type.name(), company), brand: branded(place, name) };
  if (company !== 'DOJI' && !isGold(name)) return undefined;
  return { instrument: goldInstrument(type, type.name(), company), brand: place };
}

const GOLD =
  /\b(?:sjc|vang|nhan|nu trang|nguyen lieu|pnj|doji|avpl|btmc|vrtl|mi hong|\d{1,2}k|\d{3,4}|99[.,]\d{1,2})\b/;

function isGold(name: string): boolean {
  return GOLD.test(fold(name));
}

/** What a bar costs, VND per tael. */
function barOf(rows: readonly Row[], now: Instant): number | undefined {
  const own = rows.find(({ company, instrument }) => company === 'SJC' && instrument === 'SJC');
  const bar = own ?? rows.find(({ instrument }) => instrument !== undefined && knownInstrument(instrument));
  if (!bar) return undefined;
  const { field, buy, sell, at } = bar;
  return times(sell ?? buy, factor(field, [buy, sell], USUALLY_PER_TAEL, taelBand(at ?? now)))!;
}
