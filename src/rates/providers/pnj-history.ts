import { fold } from '../../domain/fold.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import { isBelievable, json } from '../body.ts';
import { BROWSER, days, GOLD_EVERY, GoldQuotes } from '../gold.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { pnjInstrument } from './pnj.ts';

/** Thousand VND per tael, with dots between thousands: `52.900` is 52.9 million VND. (Its present prices are per chỉ.) */
const THOUSAND_VND_PER_TAEL = 1000;

/** One request a day of history. */
const MOST_DAYS = 366;
const DAY = 24 * 3_600_000;

/** The days of PNJ: every price that it set, in each of its regions. */
export const pnjHistory: Provider = {
  id: 'pnj-history',
  name: 'PNJ (by day)',
  market: 'gold',
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://edge-api.pnj.io',
  enabled: false,

  requests: (context) => [ask(context, context.now)],

  parse: (body, context) => read(body, context, 'latest').list(),

  async *backfill(context, from, to) {
    for (const day of days(context, from, to, MOST_DAYS)) {
      const quotes = read(await context.fetch(ask(context, day)), context, 'history');
      const chunk = quotes.between(Math.max(from, day), Math.min(to, day + DAY));
      if (chunk.length > 0) yield chunk;
    }
  },
};

function ask({ url }: ProviderContext, day: Instant): ProviderRequest {
  return {
    url: `${url}/ecom-frontend/v1/get-gold-price-history?date=${formatDay(day).replaceAll('-', '')}`,
    headers: { 'user-agent': BROWSER, accept: 'application/json' },
  };
}

function read(body: string, context: ProviderContext, kind: 'latest' | 'history'): GoldQuotes {
  const quotes = new GoldQuotes('pnj-history', context, kind);
  for (const location of json(body).get('locations').list()) {
    const brand = location.get('name').text();
    for (const type of location.get('gold_type').list()) {
      const name = type.get('name');
      const instrument = /^nhan\b/.test(fold(name.name())) ? 'PNJ-RING' : pnjInstrument(name);
      for (const row of type.get('data').list()) {
        const at = row.get('updated_at').time('DD/MM/YYYY HH:mm:ss');
        if (!isBelievable(at, context.now)) continue; // here a price is nothing without its time
        quotes.add({
          instrument,
          company: 'PNJ',
          brand,
          buy: row.get('gia_mua').price('dot', THOUSAND_VND_PER_TAEL),
          sell: row.get('gia_ban').price('dot', THOUSAND_VND_PER_TAEL),
          at,
        });
      }
    }
  }
  return quotes;
}
