import { isSilverName } from '../../domain/instrument.ts';
import { foldForSearch } from '../../domain/text.ts';
import {
  BROWSER_HEADERS,
  CHI_PER_TAEL,
  GOLD_INTERVAL_MS,
  GoldQuoteCollector,
  goldInstrumentId,
} from '../gold-quotes.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { type BodyField, parseJsonBody, parseXmlBody } from '../response-body.ts';

const VND_PER_CHI = CHI_PER_TAEL;

/** Bảo Tín Minh Châu. Its response has several snapshots per day; the latest wins. The key is part of the URL. */
export const btmc: Provider = {
  id: 'btmc',
  name: 'Bảo Tín Minh Châu',
  market: 'gold',
  statedTime: 'change', // d_1 is when the prices of the snapshot were set
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'http://api.btmc.vn',
  key: 'required',
  enabled: false,

  requests: ({ url, key }) => [
    {
      url: `${url}/api/BTMCAPI/getpricebtmc?key=${encodeURIComponent(key ?? '')}`,
      headers: { ...BROWSER_HEADERS, accept: 'application/json' },
    },
  ],

  parse(body, context) {
    const quotes = new GoldQuoteCollector('btmc');
    readRows(bodyRows(body), context.rejected, (row) => {
      const number = row.get('@row').nonEmptyText(); // suffix of the row's field names
      const field = (name: string) => row.get(`@${name}_${number}`);
      const name = field('n').nonEmptyText();
      if (isSilverName(name)) return; // priced per piece
      quotes.add({
        instrument: readInstrument(field('n'), name),
        company: 'BTMC',
        brand: field('h').textOrEmpty(), // the fineness: several may share a name
        buy: field('pb').price('plain', VND_PER_CHI),
        sell: field('ps').price('plain', VND_PER_CHI),
        at: field('d').readPlausibleTime(context.now, 'DD/MM/YYYY HH:mm:ss'),
      });
    });
    return quotes.list();
  },
};

/** Sometimes the response is XML with the same names, despite the Accept header. */
function bodyRows(body: string): BodyField[] {
  const root = /^[\uFEFF\s]*</.test(body) ? parseXmlBody(body, ['Data']) : parseJsonBody(body);
  return root.get('DataList').get('Data').list();
}

function readInstrument(field: BodyField, name: string): string {
  const folded = foldForSearch(name);
  if (/^vang mieng (?:vrtl|vang rong thang long)\b/.test(folded)) return 'BTMC';
  if (/^vang mieng sjc\b/.test(folded)) return 'SJC';
  if (/^nhan tron tron\b/.test(folded)) return 'BTMC-RING';
  return goldInstrumentId(field, name.replace(/\s*\([^()]*\)$/, '') || name, 'BTMC');
}
