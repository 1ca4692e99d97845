import { BROWSER_HEADERS, GOLD_INTERVAL_MS, GoldQuoteCollector, goldInstrumentId } from '../gold-quotes.ts';
import type { Provider } from '../provider.ts';
import { flattenGroups, readRows } from '../read-rows.ts';
import { parseXmlBody } from '../response-body.ts';
import { brandWithSize } from './sjc.ts';

/** Thousand VND per tael, with a thousands dot or comma (`40.720` is 40,720 thousand), never decimals. */
const THOUSAND_VND_PER_TAEL = 1000;

/** The format of SJC's site before 2024, still used by mirrors. */
export const sjcXml: Provider = {
  id: 'sjc-xml',
  name: 'SJC (legacy XML)',
  market: 'gold',
  statedTime: 'change', // `updated` of an abandoned mirror does not change for years
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'https://sjc.com.vn',
  enabled: false,

  requests: ({ url }) => [{ url: `${url}/xml/tygiavang.xml`, headers: BROWSER_HEADERS }],

  parse(body, context) {
    const list = parseXmlBody(body, ['city', 'item']).get('root').get('ratelist');
    const unit = list.get('@unit');
    if (unit.textOrEmpty() !== '' && !/^(?:ngàn|nghìn|1000|1\.000) (?:đồng|vnđ|vnd)\/lượng$/i.test(unit.text())) {
      throw unit.error('ngàn đồng/lượng');
    }
    const at = list.get('@updated').readPlausibleTime(context.now, 'HH:mm DD/MM/YYYY');
    const quotes = new GoldQuoteCollector('sjc-xml');
    const cities = list.get('city').elements();
    const items = flattenGroups(cities, (city) => {
      if (!city.hasValue) return []; // an empty element is parsed as an empty string
      const branch = city.get('@name').text();
      return city
        .get('item')
        .elements()
        .map((item) => ({ branch, item }));
    });
    readRows(items, context.rejected, ({ branch, item }) => {
      const type = item.get('@type').nonEmptyText();
      quotes.add({
        instrument: goldInstrumentId(item.get('@type'), type, 'SJC'),
        company: 'SJC',
        brand: brandWithSize(branch, type),
        buy: item.get('@buy').price('groups', THOUSAND_VND_PER_TAEL),
        sell: item.get('@sell').price('groups', THOUSAND_VND_PER_TAEL),
        at,
      });
    });
    return quotes.list();
  },
};
