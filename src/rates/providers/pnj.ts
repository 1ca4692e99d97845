import {
  BROWSER_HEADERS,
  CHI_PER_TAEL,
  GOLD_INTERVAL_MS,
  GoldQuoteCollector,
  goldInstrumentId,
} from '../gold-quotes.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { type BodyField, parseJsonBody } from '../response-body.ts';

/** Thousand VND per chỉ. (The history is per tael: pnj-history.ts.) */
const THOUSAND_VND_PER_CHI = 1000 * CHI_PER_TAEL;

/** Hồ Chí Minh. */
const ZONE_HO_CHI_MINH = '00';

/** PNJ's product codes; other products are identified by name. */
const INSTRUMENTS_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['SJC', 'SJC'],
  ['PNJ', 'PNJ'],
  ['N24K', 'PNJ-RING'],
]);

/** Phú Nhuận Jewelry. */
export const pnj: Provider = {
  id: 'pnj',
  name: 'PNJ',
  market: 'gold',
  statedTime: 'none', // it states no time that is known to be that of a price
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'https://edge-api.pnj.io',
  enabled: true,

  requests: ({ url }) => [
    {
      url: `${url}/ecom-frontend/v1/get-gold-price?zone=${ZONE_HO_CHI_MINH}`,
      headers: { ...BROWSER_HEADERS, accept: 'application/json' },
    },
  ],

  parse(body, context) {
    const answer = parseJsonBody(body);
    const branch = answer.get('chinhanh').textOrEmpty();
    const quotes = new GoldQuoteCollector('pnj');
    readRows(answer.get('data').list(), context.rejected, (row) => {
      const instrument = INSTRUMENTS_BY_CODE.get(row.get('masp').text());
      quotes.add({
        instrument: instrument ?? pnjInstrumentId(row.get('tensp')),
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

/** The instrument id for PNJ's name of a product. */
export function pnjInstrumentId(field: BodyField): string {
  return goldInstrumentId(field, field.nonEmptyText(), 'PNJ');
}
