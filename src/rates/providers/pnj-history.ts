import { foldForSearch } from '../../domain/text.ts';
import { type EpochMs, formatDate } from '../../domain/time.ts';
import { dailyPages, historyDays } from '../daily-history.ts';
import { BROWSER_HEADERS, GOLD_INTERVAL_MS, GoldQuoteCollector } from '../gold-quotes.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { flattenGroups, readRows } from '../read-rows.ts';
import { parseJsonBody } from '../response-body.ts';
import { pnjInstrumentId } from './pnj.ts';

/** Thousand VND per tael, with thousands dots: `52.900` is 52.9 million VND. (Current prices are per chỉ: pnj.ts.) */
const THOUSAND_VND_PER_TAEL = 1000;

/** One request per day of history. */
const MAX_HISTORY_DAYS = 366;

/** PNJ's price history: every price of a day, by region. */
export const pnjHistory: Provider = {
  id: 'pnj-history',
  name: 'PNJ (by day)',
  market: 'gold',
  statedTime: 'change', // updated_at of a row is when its price was set
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'https://edge-api.pnj.io',
  enabled: false,

  requests: (context) => [createRequest(context, context.now)],

  parse: (body, context) => parseQuotes(body, context, 'latest').list(),

  backfill: (context, from, to) =>
    dailyPages(historyDays(context, from, to, MAX_HISTORY_DAYS), async (day) =>
      parseQuotes(await context.fetch(createRequest(context, day)), context, 'history').inPeriod(from, to),
    ),
};

function createRequest({ url }: ProviderContext, day: EpochMs): ProviderRequest {
  return {
    url: `${url}/ecom-frontend/v1/get-gold-price-history?date=${formatDate(day).replaceAll('-', '')}`,
    headers: { ...BROWSER_HEADERS, accept: 'application/json' },
  };
}

function parseQuotes(body: string, context: ProviderContext, kind: 'latest' | 'history'): GoldQuoteCollector {
  const quotes = new GoldQuoteCollector('pnj-history', kind);
  const types = flattenGroups(parseJsonBody(body).get('locations').list(), (location) => {
    const brand = location.get('name').text();
    return location
      .get('gold_type')
      .list()
      .map((type) => ({ brand, type }));
  });
  const rows = flattenGroups(types, ({ brand, type }) => {
    const name = type.get('name');
    const instrument = /^nhan\b/.test(foldForSearch(name.nonEmptyText())) ? 'PNJ-RING' : pnjInstrumentId(name);
    return type
      .get('data')
      .list()
      .map((row) => ({ brand, instrument, row }));
  });
  readRows(rows, context.rejected, ({ brand, instrument, row }) => {
    const updated = row.get('updated_at');
    const at = updated.plausibleTime(updated.time('DD/MM/YYYY HH:mm:ss'), context.now);
    if (at === undefined) return; // a historical price without a time is useless
    quotes.add({
      instrument,
      company: 'PNJ',
      brand,
      buy: row.get('gia_mua').price('dot', THOUSAND_VND_PER_TAEL),
      sell: row.get('gia_ban').price('dot', THOUSAND_VND_PER_TAEL),
      at,
    });
  });
  return quotes;
}
