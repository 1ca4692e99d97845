import { type Field, json } from '../body.ts';
import { BROWSER, CHI_PER_TAEL, GOLD_EVERY, GoldQuotes, goldInstrument } from '../gold.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../rows.ts';

/** Whole thousands of VND per chỉ. (Its history is per tael: pnj-history.ts.) */
const THOUSAND_VND_PER_CHI = 1000 * CHI_PER_TAEL;

/** Hồ Chí Minh. */
const ZONE = '00';

/** Its own codes; other kinds of gold go by their names. */
const CODES: ReadonlyMap<string, string> = new Map([
  ['SJC', 'SJC'],
  ['PNJ', 'PNJ'],
  ['N24K', 'PNJ-RING'],
]);

/** Phú Nhuận Jewelry. */
export const pnj: Provider = {
  id: 'pnj',
  name: 'PNJ',
  market: 'gold',
  statedTime: 'none', // it says no time that is known to be one of its prices
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://edge-api.pnj.io',
  enabled: true,

  requests: ({ url }) => [
    {
      url: `${url}/ecom-frontend/v1/get-gold-price?zone=${ZONE}`,
      headers: { 'user-agent': BROWSER, accept: 'application/json' },
    },
  ],

  parse(body, context) {
    const answer = json(body);
    const branch = answer.get('chinhanh').textOrEmpty();
    const quotes = new GoldQuotes('pnj');
    readRows(answer.get('data').list(), context.rejected, (row) => {
      const instrument = CODES.get(row.get('masp').text());
      quotes.add({
        instrument: instrument ?? pnjInstrument(row.get('tensp')),
        company: 'PNJ',
        brand: branch,
        buy: row.get('giamua').price('plain', THOUSAND_VND_PER_CHI),
        sell: row.get('giaban').price('plain', THOUSAND_VND_PER_CHI),
        at: undefined,
      });
    });
    return quotes.list();
  },
};

/** The instrument of a kind of gold by PNJ's name of it. */
export function pnjInstrument(field: Field): string {
  return goldInstrument(field, field.name(), 'PNJ');
}
