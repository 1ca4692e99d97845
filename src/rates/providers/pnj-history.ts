import { fold } from '../../domain/fold.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import { json } from '../body.ts';
import { BROWSER, GOLD_EVERY, GoldQuotes } from '../gold.ts';
import { days, pagesOfDays } from '../history.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows, rowsOfGroups } from '../rows.ts';
import { pnjInstrument } from './pnj.ts';

/** Thousand VND per tael, with dots between thousands: `52.900` is 52.9 million VND. (Its present prices are per chỉ.) */
const THOUSAND_VND_PER_TAEL = 1000;

/** One request a day of history. */
const MOST_DAYS = 366;

/** The days of PNJ: every price that it set, in each of its regions. */
export const pnjHistory: Provider = {
  id: 'pnj-history',
  name: 'PNJ (by day)',
  market: 'gold',
  statedTime: 'change', // updated_at of each row is when its price was set
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://edge-api.pnj.io',
  enabled: false,

  requests: (context) => [ask(context, context.now)],

  parse: (body, context) => read(body, context, 'latest').list(),

  backfill: (context, from, to) =>
    pagesOfDays(days(context, from, to, MOST_DAYS), async (day) =>
      read(await context.fetch(ask(context, day)), context, 'history').between(from, to),
    ),
};

function ask({ url }: ProviderContext, day: Instant): ProviderRequest {
  return {
    url: `${url}/ecom-frontend/v1/get-gold-price-history?date=${formatDay(day).replaceAll('-', '')}`,
    headers: { 'user-agent': BROWSER, accept: 'application/json' },
  };
}

function read(body: string, context: ProviderContext, kind: 'latest' | 'history'): GoldQuotes {
  const quotes = new GoldQuotes('pnj-history', kind);
  const types = rowsOfGroups(json(body).get('locations').list(), (location) => {
    const brand = location.get('name').text();
    return location
      .get('gold_type')
      .list()
      .map((type) => ({ brand, type }));
  });
  const rows = rowsOfGroups(types, ({ brand, type }) => {
    const name = type.get('name');
    const instrument = /^nhan\b/.test(fold(name.name())) ? 'PNJ-RING' : pnjInstrument(name);
    return type
      .get('data')
      .list()
      .map((row) => ({ brand, instrument, row }));
  });
  readRows(rows, context.rejected, ({ brand, instrument, row }) => {
    const updated = row.get('updated_at');
    const at = updated.acceptTime(updated.time('DD/MM/YYYY HH:mm:ss'), context.now);
    if (at === undefined) return; // here a price is nothing without its time
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
