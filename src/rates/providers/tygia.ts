import { findCatalogueInstrument, isSilverName } from '../../domain/instrument.ts';
import { foldForSearch } from '../../domain/text.ts';
import { type EpochMs, formatDate } from '../../domain/time.ts';
import { dailyPages, historyDays } from '../daily-history.ts';
import { BROWSER_HEADERS, GOLD_INTERVAL_MS, GoldQuoteCollector, goldInstrumentId, taelRange } from '../gold-quotes.ts';
import { type Provider, type ProviderContext, type ProviderRequest, ResponseFormatError } from '../provider.ts';
import { flattenGroups, readRows, validRows } from '../read-rows.ts';
import { type BodyField, parseJsonBody } from '../response-body.ts';
import { findDojiProduct, jewelryRange, scalePrice, taelFactor } from './doji.ts';
import { brandWithSize } from './sjc.ts';

/**
 * Thousand VND with thousands commas, per tael; most rows of DOJI are per chỉ, which only their magnitude tells (about 6,080
 * if SJC's bar is at 60,400). The unit of a row is the one that puts its price between 0.15 and 1.4 of the SJC bar in the
 * same response: less than a factor of ten, so that only one unit fits. Without SJC's own row, the reference is the first
 * bar or ring that has a plausible price for its time.
 */
const IS_USUALLY_PER_TAEL = true;

/** One request per day of history. */
const MAX_HISTORY_DAYS = 366;

/** tygia.com, an aggregator of companies, banks and shops. */
export const tygia: Provider = {
  id: 'tygia',
  name: 'tygia.com',
  market: 'gold',
  statedTime: 'change',
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 2000,
  url: 'https://tygia.com',
  enabled: true,

  requests: (context) => [createRequest(context, 'now')],

  parse: (body, context) => parseQuotes(body, context, 'latest').list(),

  /**
   * World gold is traded past midnight: its price in the list of a day may be dated the next day. Therefore all rows of a list
   * are used; the same price in several lists is one quote.
   */
  backfill: (context, from, to) =>
    dailyPages(historyDays(context, from, to, MAX_HISTORY_DAYS), async (day) => {
      const body = await context.fetch(createRequest(context, formatDate(day).replaceAll('-', '')));
      return parseQuotes(body, context, 'history').inPeriod(from, to);
    }),
};

function createRequest({ url }: ProviderContext, date: string): ProviderRequest {
  return { url: `${url}/json.php?ran=0&rate=0&gold=1&bank=VIETCOM&date=${date}`, headers: BROWSER_HEADERS };
}

export interface TygiaRow {
  readonly field: BodyField;
  readonly instrument: string | undefined; // undefined for world gold
  readonly company: string;
  readonly brand: string;
  /** In the original unit. */
  readonly buy: number | null;
  readonly sell: number | null;
  readonly at: EpochMs | undefined;
  readonly id: string;
  /** tygia.com's name of the product; may be empty. */
  readonly type: string;
}

/** Why a valid row is not a quote of gold. */
export type SkipReason = 'coin' | 'oil' | 'silver' | 'unknown kind' | 'no price' | 'no time';

type ReadContext = Pick<ProviderContext, 'now' | 'rejected'>;

function parseQuotes(body: string, context: ReadContext, kind: 'latest' | 'history'): GoldQuoteCollector {
  const quotes = new GoldQuoteCollector('tygia', kind);
  const fields = flattenGroups(parseJsonBody(body).get('golds').list(), (list) => list.get('value').list());
  const found = [...validRows(fields, (field: BodyField) => readTygiaRow(field, context.now, kind))];
  const goldRows = found.filter((row) => typeof row !== 'string');
  const bar = findBarPrice(goldRows, context.now, () => {}); // invalid bars are rejected below
  const undecided: ResponseFormatError[] = [];
  readRows(fields, context.rejected, (field: BodyField) => {
    const row = readTygiaRow(field, context.now, kind);
    if (typeof row === 'string') return;
    if (row.instrument !== undefined && bar === undefined) {
      undecided.push(field.error('a gold bar in the same response, to tell prices per tael from prices per chỉ'));
      return;
    }
    const gold = convertToTaels(row, bar);
    if (gold.instrument === undefined) quotes.addWorld(gold);
    else quotes.add({ ...gold, instrument: gold.instrument });
  });
  // World gold is kept, because it needs no bar.
  if (undecided.length > 0 && quotes.list().length === 0) throw undecided[0]!;
  for (const error of undecided) context.rejected.add(error);
  return quotes;
}

/**
 * Reads a row. Prices of Vietnamese gold are still per tael or per chỉ: see `convertToTaels`.
 * @param kind in a `history`, every row must state when its price was set
 * @throws ResponseFormatError
 */
export function readTygiaRow(field: BodyField, now: EpochMs, kind: 'latest' | 'history'): TygiaRow | SkipReason {
  const company = field.get('company').nonEmptyText();
  if (/coin/i.test(company)) return 'coin';
  const place = field.get('brand').textOrEmpty();
  const what = classifyRow(field, company, place);
  if (typeof what === 'string') return what;
  const updated = field.get('updated');
  if (kind === 'history') updated.time('YYYY-MM-DD HH:mm:ss'); // a historical price without a time is useless
  const at = updated.readPlausibleTime(now, 'YYYY-MM-DD HH:mm:ss');
  if (kind === 'history' && at === undefined) return 'no time';
  const [buy, sell] = [field.get('buy').price('comma'), field.get('sell').price('comma')];
  if (buy === null && sell === null) return 'no price';
  const [id, type] = [field.get('id').textOrEmpty(), field.get('type').textOrEmpty()];
  return { field, company, ...what, buy, sell, at, id, type };
}

/**
 * Converts prices to VND per tael; world gold stays in USD per ounce.
 * @param bar the price of a bar in the same list
 * @throws ResponseFormatError
 */
export function convertToTaels({ field, id, type, ...row }: TygiaRow, bar: number | undefined) {
  const gold = { ...row, ...(id === '' ? {} : { id }), ...(type === '' ? {} : { aliases: [type] }) };
  if (row.instrument === undefined) return gold;
  if (bar === undefined) throw field.error('a gold bar in the same list, to tell prices per tael from prices per chỉ');
  const by = taelFactor(field, [row.buy, row.sell], IS_USUALLY_PER_TAEL, jewelryRange(bar));
  return { ...gold, buy: scalePrice(row.buy, by), sell: scalePrice(row.sell, by) };
}

function classifyRow(
  field: BodyField,
  company: string,
  place: string,
): Pick<TygiaRow, 'instrument' | 'brand'> | SkipReason {
  const type = field.get('type');
  const name = type.textOrEmpty();
  if (foldForSearch(place) === 'spot gold') return { instrument: undefined, brand: place }; // USD per troy ounce
  if (/^(?:wti |brent |crude )?oil$/.test(foldForSearch(place))) return 'oil';
  if (isSilverName(name)) return 'silver';
  if (company === '1OTHER') {
    // shops: the type is always SJC, and the product is in the field for the city
    if (isSilverName(place)) return 'silver';
    return isGold(place) ? { instrument: goldInstrumentId(field.get('brand'), place), brand: '' } : 'unknown kind';
  }
  if (company === 'DOJI') {
    const known = findDojiProduct(name);
    if (known) return { instrument: known.instrument, brand: known.instrument === 'DOJI' ? known.brand : place };
  }
  if (company === 'SJC')
    return { instrument: goldInstrumentId(type, type.nonEmptyText(), company), brand: brandWithSize(place, name) };
  if (company !== 'DOJI' && !isGold(name)) return 'unknown kind';
  return { instrument: goldInstrumentId(type, type.nonEmptyText(), company), brand: place };
}

const GOLD_NAME =
  /\b(?:sjc|vang|nhan|nu trang|nguyen lieu|pnj|doji|avpl|btmc|vrtl|mi hong|\d{1,2}k|\d{3,4}|99[.,]\d{1,2})\b/;

function isGold(name: string): boolean {
  return GOLD_NAME.test(foldForSearch(name));
}

/**
 * The price of a bar in VND per tael: SJC's own, otherwise the first bar or ring of the catalogue.
 * @param refuse called for each bar with an implausible price, before the next one is tried
 */
export function findBarPrice(
  rows: readonly TygiaRow[],
  now: EpochMs,
  refuse: (row: TygiaRow, error: ResponseFormatError) => void,
): number | undefined {
  const isOwn = ({ company, instrument }: TygiaRow) => company === 'SJC' && instrument === 'SJC';
  const isBar = ({ instrument = '' }: TygiaRow) => findCatalogueInstrument(instrument) !== undefined;
  const bars = [...rows.filter(isOwn), ...rows.filter((row) => !isOwn(row) && isBar(row))];
  for (const row of bars) {
    const { field, buy, sell, at } = row;
    try {
      return scalePrice(sell ?? buy, taelFactor(field, [buy, sell], IS_USUALLY_PER_TAEL, taelRange(at ?? now)))!;
    } catch (error) {
      if (!(error instanceof ResponseFormatError)) throw error;
      refuse(row, error);
    }
  }
  return undefined;
}
