import { isSilverName } from '../../domain/instrument.ts';
import { foldForSearch } from '../../domain/text.ts';
import type { EpochMs } from '../../domain/time.ts';
import {
  BROWSER_HEADERS,
  CHI_PER_TAEL,
  GOLD_INTERVAL_MS,
  GoldQuoteCollector,
  goldInstrumentId,
  taelRange,
} from '../gold-quotes.ts';
import type { Provider } from '../provider.ts';
import { flattenGroups, readRows, validRows } from '../read-rows.ts';
import { type BodyField, parseXmlBody } from '../response-body.ts';

/**
 * Thousand VND with thousands commas; per tael in the rows of Hà Nội and Âu Vàng Phúc Long, per chỉ in all others. Names are
 * not reliable (a row of Hồ Chí Minh has been seen per tael), so if the expected unit puts the price outside of `band`, the
 * other unit is tried. A band spans less than a factor of ten, so at most one unit fits; if none does, the row is invalid.
 */
const THOUSAND_VND_PER_TAEL = 1000;
const THOUSAND_VND_PER_CHI = 1000 * CHI_PER_TAEL;

type Band = readonly [low: number, high: number];

/** DOJI, by its price board. The key is part of the URL. */
export const doji: Provider = {
  id: 'doji',
  name: 'DOJI',
  market: 'gold',
  statedTime: 'change', // DateTime of the board; often 1970, i.e. unset
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'http://giavang.doji.vn',
  key: 'required',
  enabled: false,

  requests: ({ url, key }) => [
    { url: `${url}/api/giavang/?api_key=${encodeURIComponent(key ?? '')}`, headers: BROWSER_HEADERS },
  ],

  parse(body, context) {
    const quotes = new GoldQuoteCollector('doji');
    const boards = findBoards(parseXmlBody(body, ['Row', 'LED']));
    const rows = flattenGroups(boards, (board) => readBoardRows(board, context.now));
    const bars = taelRange(context.now);

    // bars and rings first: their price bounds that of jewelry
    const [bar] = validRows(rows, (boardRow) => {
      const row = readRow(boardRow);
      if (!row?.isPureGold) return undefined;
      const { field, buy, sell, isPerTael } = row;
      return scalePrice(sell ?? buy, taelFactor(field, [buy, sell], isPerTael, bars)) ?? undefined;
    });
    readRows(rows, context.rejected, (boardRow) => {
      const row = readRow(boardRow);
      if (!row) return;
      const { field, isPerTael, isPureGold, buy, sell, ...named } = row;
      const range = isPureGold ? bars : bar === undefined ? undefined : jewelryRange(bar);
      const by = taelFactor(field, [buy, sell], isPerTael, range);
      quotes.add({ ...named, company: 'DOJI', buy: scalePrice(buy, by), sell: scalePrice(sell, by) });
    });
    return quotes.list();
  },
};

/** Plausible prices of gold of any fineness (from discounted 8 carats up) in VND per tael if a 24-carat bar costs `bar`. */
export function jewelryRange(bar: number): Band {
  return [bar * 0.15, bar * 1.4];
}

/** The factor that converts thousand VND to VND per tael. Without a band, the hint decides. */
export function taelFactor(
  field: BodyField,
  prices: readonly (number | null)[],
  isPerTael: boolean,
  band?: Band,
): number {
  const hinted = isPerTael ? THOUSAND_VND_PER_TAEL : THOUSAND_VND_PER_CHI;
  if (!band) return hinted;
  const fits = (by: number) =>
    prices.every((price) => price === null || (price * by >= band[0] && price * by < band[1]));
  if (fits(hinted)) return hinted;
  const other = isPerTael ? THOUSAND_VND_PER_CHI : THOUSAND_VND_PER_TAEL;
  if (fits(other)) return other;
  throw field.error('a price of gold in thousand VND per tael or per chỉ');
}

export function scalePrice(price: number | null, by: number): number | null {
  return price === null ? null : Number((price * by).toPrecision(15));
}

/**
 * Finds DOJI's own products in the catalogue: its bars, by city and by retail (lẻ) or wholesale (buôn), and its ring.
 */
export function findDojiProduct(name: string): { instrument: string; brand: string; perTael: boolean } | undefined {
  const folded = foldForSearch(name);
  const bar = /^(?:avpl ?\/ ?)?doji\s+(.*\S)$/iu.exec(name);
  if (bar && /^(?:hn|ha noi|hcm|dn|da nang|ct|can tho|hp|hai phong)\b/.test(foldForSearch(bar[1]!))) {
    return { instrument: 'DOJI', brand: bar[1]!, perTael: /^(?:hn|ha noi)\b/.test(foldForSearch(bar[1]!)) };
  }
  if (/^au vang phuc long\b/.test(folded)) return { instrument: 'DOJI', brand: 'Âu Vàng Phúc Long', perTael: true };
  if (/^(?:nhan )?.*hung thinh vuong\b/.test(folded) || /^nhan h\.?t\.?v\b/.test(folded)) {
    return { instrument: 'DOJI-RING', brand: /\bbuon\b/.test(folded) ? 'buôn' : '', perTael: false };
  }
  return undefined;
}

/** The elements with gold prices; IGPList has currencies. */
function findBoards(root: BodyField): BodyField[] {
  const led = root.get('LED');
  if (led.exists) return led.list();
  const list = root.get('GoldList');
  const found = ['DGPlist', 'JewelryList'].map((name) => list.get(name)).filter((board) => board.exists);
  found.push(...list.get('LED').elements());
  if (found.length === 0) throw list.error('DGPlist, JewelryList or LED in it');
  // an empty element is parsed as an empty string
  return found.filter((board) => board.hasValue).flatMap((board) => [board, ...board.get('LED').elements()]);
}

/** A row as the board states it. */
interface BoardRow {
  readonly field: BodyField;
  readonly area: string;
  readonly at: EpochMs | undefined;
}

interface DojiRow {
  readonly field: BodyField;
  readonly instrument: string;
  readonly brand: string;
  /** In thousand VND, per the original unit. */
  readonly buy: number | null;
  readonly sell: number | null;
  readonly at: EpochMs | undefined;
  readonly isPerTael: boolean;
  /** A 24-carat bar or ring of the catalogue. */
  readonly isPureGold: boolean;
}

function readBoardRows(board: BodyField, now: EpochMs): BoardRow[] {
  if (!board.hasValue) return [];
  const at = board.get('DateTime').readPlausibleTime(now, 'HH:mm DD/MM/YYYY'); // often 1970
  const info = board.get('info');
  const area = info.hasValue && !info.isList ? info.get('@area').textOrEmpty() : '';
  return board
    .get('Row')
    .elements()
    .map((field) => ({ field, area, at }));
}

/** Undefined for silver and currencies. */
function readRow({ field, area, at }: BoardRow): DojiRow | undefined {
  const name = field.get('@Name').nonEmptyText();
  if (isSilverName(name) || /\busd\b/.test(foldForSearch(name))) return undefined;
  const kind = findDojiProduct(name) ?? findProductByKey(field.get('@Key').textOrEmpty());
  const instrument = kind?.instrument ?? goldInstrumentId(field.get('@Name'), name, 'DOJI');
  return {
    field,
    instrument,
    brand: [area, kind?.brand].filter(Boolean).join(' '),
    buy: field.get('@Buy').price('comma'),
    sell: field.get('@Sell').price('comma'),
    at,
    isPerTael: kind?.perTael ?? false,
    isPureGold: kind !== undefined || instrument === 'SJC' || instrument === 'SJC-RING',
  };
}

function findProductByKey(key: string): ReturnType<typeof findDojiProduct> {
  switch (key) {
    case 'dojihanoile':
      return { instrument: 'DOJI', brand: 'HN lẻ', perTael: true };
    case 'dojihanoibuon':
      return { instrument: 'DOJI', brand: 'HN buôn', perTael: true };
    case 'dojihcmle':
      return { instrument: 'DOJI', brand: 'HCM lẻ', perTael: false };
    case 'dojihcmbuon':
      return { instrument: 'DOJI', brand: 'HCM buôn', perTael: false };
    case 'auvangphuclong':
      return { instrument: 'DOJI', brand: 'Âu Vàng Phúc Long', perTael: true };
    case 'nhanhung1chi':
      return { instrument: 'DOJI-RING', brand: '', perTael: false };
    default:
      return undefined;
  }
}
