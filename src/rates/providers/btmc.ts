import { fold } from '../../domain/fold.ts';
import { type Field, json, xml } from '../body.ts';
import { BROWSER, CHI_PER_TAEL, GOLD_EVERY, GoldQuotes, goldInstrument, isSilver } from '../gold.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../rows.ts';

/** VND per chỉ. */
const VND_PER_CHI = CHI_PER_TAEL;

/** Bảo Tín Minh Châu. Its answer has several snapshots of a day, of which the latest counts. The key is part of the URL. */
export const btmc: Provider = {
  id: 'btmc',
  name: 'Bảo Tín Minh Châu',
  market: 'gold',
  statedTime: 'change', // d_1 is when the snapshot's prices were set
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'http://api.btmc.vn',
  key: 'required',
  enabled: false,

  requests: ({ url, key }) => [
    {
      url: `${url}/api/BTMCAPI/getpricebtmc?key=${encodeURIComponent(key ?? '')}`,
      headers: { 'user-agent': BROWSER, accept: 'application/json' },
    },
  ],

  parse(body, context) {
    const quotes = new GoldQuotes('btmc');
    readRows(rows(body), context.rejected, (row) => {
      const number = row.get('@row').name(); // part of the names of the row's other fields
      const field = (name: string) => row.get(`@${name}_${number}`);
      const name = field('n').name();
      if (isSilver(name)) return; // priced by the piece
      quotes.add({
        instrument: instrumentOf(field('n'), name),
        company: 'BTMC',
        brand: field('h').textOrEmpty(), // the fineness: some names are those of several
        buy: field('pb').price('plain', VND_PER_CHI),
        sell: field('ps').price('plain', VND_PER_CHI),
        at: field('d').statedTime(context.now, 'DD/MM/YYYY HH:mm:ss'),
      });
    });
    return quotes.list();
  },
};

/** It answers in XML, with the same names, where it does not heed what is asked for. */
function rows(body: string): Field[] {
  const root = /^[\uFEFF\s]*</.test(body) ? xml(body, ['Data']) : json(body);
  return root.get('DataList').get('Data').list();
}

function instrumentOf(field: Field, name: string): string {
  const folded = fold(name);
  if (/^vang mieng (?:vrtl|vang rong thang long)\b/.test(folded)) return 'BTMC';
  if (/^vang mieng sjc\b/.test(folded)) return 'SJC';
  if (/^nhan tron tron\b/.test(folded)) return 'BTMC-RING';
  return goldInstrument(field, name.replace(/\s*\([^()]*\)$/, '') || name, 'BTMC');
}
