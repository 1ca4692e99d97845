import { xml } from '../body.ts';
import { BROWSER, GOLD_EVERY, GoldQuotes, goldInstrument } from '../gold.ts';
import type { Provider } from '../provider.ts';
import { readRows, rowsOfGroups } from '../rows.ts';
import { branded } from './sjc.ts';

/** Thousand VND per tael, with a dot or a comma between thousands (`40.720` is 40,720 thousand), never decimals. */
const THOUSAND_VND_PER_TAEL = 1000;

/** What SJC's site gave out before 2024, and what mirrors of it still do. */
export const sjcXml: Provider = {
  id: 'sjc-xml',
  name: 'SJC (legacy XML)',
  market: 'gold',
  statedTime: 'change', // `updated` of a copy that nobody keeps up stands still for years
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://sjc.com.vn',
  enabled: false,

  requests: ({ url }) => [{ url: `${url}/xml/tygiavang.xml`, headers: { 'user-agent': BROWSER } }],

  parse(body, context) {
    const list = xml(body, ['city', 'item']).get('root').get('ratelist');
    const unit = list.get('@unit');
    if (unit.textOrEmpty() !== '' && !/^(?:ngàn|nghìn|1000|1\.000) (?:đồng|vnđ|vnd)\/lượng$/i.test(unit.text())) {
      throw unit.error('ngàn đồng/lượng');
    }
    const at = list.get('@updated').statedTime(context.now, 'HH:mm DD/MM/YYYY');
    const quotes = new GoldQuotes('sjc-xml');
    const cities = list.get('city').elements();
    const items = rowsOfGroups(cities, (city) => {
      if (!city.filled) return []; // an empty element is an empty text
      const branch = city.get('@name').text();
      return city
        .get('item')
        .elements()
        .map((item) => ({ branch, item }));
    });
    readRows(items, context.rejected, ({ branch, item }) => {
      const type = item.get('@type').name();
      quotes.add({
        instrument: goldInstrument(item.get('@type'), type, 'SJC'),
        company: 'SJC',
        brand: branded(branch, type),
        buy: item.get('@buy').price('groups', THOUSAND_VND_PER_TAEL),
        sell: item.get('@sell').price('groups', THOUSAND_VND_PER_TAEL),
        at,
      });
    });
    return quotes.list();
  },
};
