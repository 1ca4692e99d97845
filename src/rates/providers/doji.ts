import { fold } from '../../domain/fold.ts';
import type { Instant } from '../../domain/instant.ts';
import { type Field, xml } from '../body.ts';
import { BROWSER, CHI_PER_TAEL, GOLD_EVERY, GoldQuotes, goldInstrument, isSilver, taelBand } from '../gold.ts';
import type { Provider } from '../provider.ts';
import { fittingRows, readRows, rowsOfGroups } from '../rows.ts';

/**
 * Thousand VND, commas between thousands; per tael in the rows of Hà Nội and of Âu Vàng Phúc Long, per chỉ in those
 * of Hồ Chí Minh and in all others. The names do not hold to it everywhere (a row of Hồ Chí Minh has been seen per
 * tael), so a unit that would bring the price out of `band` gives way to the other one where that one fits. A band
 * is less than tenfold wide: a price fits it in one unit at most. Fits neither: the row does not fit.
 */
const THOUSAND_VND_PER_TAEL = 1000;
const THOUSAND_VND_PER_CHI = 1000 * CHI_PER_TAEL;

type Band = readonly [low: number, high: number];

/** DOJI, by its price board. The key is part of the URL. */
export const doji: Provider = {
  id: 'doji',
  name: 'DOJI',
  market: 'gold',
  statedTime: 'change', // DateTime of the board; often 1970, which is none
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'http://giavang.doji.vn',
  key: 'required',
  enabled: false,

  requests: ({ url, key }) => [
    { url: `${url}/api/giavang/?api_key=${encodeURIComponent(key ?? '')}`, headers: { 'user-agent': BROWSER } },
  ],

  parse(body, context) {
    const quotes = new GoldQuotes('doji');
    const rows = rowsOfGroups(boards(xml(body, ['Row', 'LED'])), (board) => rowsOf(board, context.now));
    const bars = taelBand(context.now);

    // the bars and rings first: what they cost says what jewellery can cost
    const [bar] = fittingRows(rows, (boardRow) => {
      const row = read(boardRow);
      if (!row?.fine) return undefined;
      const { field, buy, sell, perTael } = row;
      return times(sell ?? buy, factor(field, [buy, sell], perTael, bars)) ?? undefined;
    });
    readRows(rows, context.rejected, (boardRow) => {
      const row = read(boardRow);
      if (!row) return;
      const { field, perTael, fine, buy, sell, ...named } = row;
      const by = factor(field, [buy, sell], perTael, fine ? bars : bar === undefined ? undefined : besides(bar));
      quotes.add({ ...named, company: 'DOJI', buy: times(buy, by), sell: times(sell, by) });
    });
    return quotes.list();
  },
};

/** What gold of any fineness can cost, VND per tael, where a 24-carat bar costs `bar`: 8 carats with their discount and up. */
export function besides(bar: number): Band {
  return [bar * 0.15, bar * 1.4];
}

/** What brings a row from thousand VND to VND per tael. Without a band the hint decides. */
export function factor(field: Field, prices: readonly (number | null)[], perTael: boolean, band?: Band): number {
  const hinted = perTael ? THOUSAND_VND_PER_TAEL : THOUSAND_VND_PER_CHI;
  if (!band) return hinted;
  const fits = (by: number) =>
    prices.every((price) => price === null || (price * by >= band[0] && price * by < band[1]));
  if (fits(hinted)) return hinted;
  const other = perTael ? THOUSAND_VND_PER_CHI : THOUSAND_VND_PER_TAEL;
  if (fits(other)) return other;
  throw field.error('a price of gold in thousand VND per tael or per chỉ');
}

export function times(price: number | null, by: number): number | null {
  return price === null ? null : Number((price * by).toPrecision(15));
}

/**
 * DOJI's own products that the catalogue has: its bars, by city and by retail (lẻ) or wholesale (buôn), and its ring.
 * Undefined for all others.
 */
export function dojiKind(name: string): { instrument: string; brand: string; perTael: boolean } | undefined {
  const folded = fold(name);
  const bar = /^(?:avpl ?\/ ?)?doji\s+(.*\S)$/iu.exec(name);
  if (bar && /^(?:hn|ha noi|hcm|dn|da nang|ct|can tho|hp|hai phong)\b/.test(fold(bar[1]!))) {
    return { instrument: 'DOJI', brand: bar[1]!, perTael: /^(?:hn|ha noi)\b/.test(fold(bar[1]!)) };
  }
  if (/^au vang phuc long\b/.test(folded)) return { instrument: 'DOJI', brand: 'Âu Vàng Phúc Long', perTael: true };
  if (/^(?:nhan )?.*hung thinh vuong\b/.test(folded) || /^nhan h\.?t\.?v\b/.test(folded)) {
    return { instrument: 'DOJI-RING', brand: /\bbuon\b/.test(folded) ? 'buôn' : '', perTael: false };
  }
  return undefined;
}

/** The parts with prices of gold; IGPList has currencies. */
function boards(root: Field): Field[] {
  const led = root.get('LED');
  if (led.exists) return led.list();
  const list = root.get('GoldList');
  const found = ['DGPlist', 'JewelryList'].map((name) => list.get(name)).filter((board) => board.exists);
  found.push(...list.get('LED').elements());
  if (found.length === 0) throw list.error('DGPlist, JewelryList or LED in it');
  // an empty element is an empty text
  return found.filter((board) => board.filled).flatMap((board) => [board, ...board.get('LED').elements()]);
}

/** A row as it stands on its board. */
interface BoardRow {
  readonly field: Field;
  readonly area: string;
  readonly at: Instant | undefined;
}

interface Row {
  readonly field: Field;
  readonly instrument: string;
  readonly brand: string;
  /** As they stand, thousand VND. */
  readonly buy: number | null;
  readonly sell: number | null;
  readonly at: Instant | undefined;
  readonly perTael: boolean;
  /** 24 carats: a bar or a ring of the catalogue. */
  readonly fine: boolean;
}

function rowsOf(board: Field, now: Instant): BoardRow[] {
  if (!board.filled) return [];
  const at = board.get('DateTime').statedTime(now, 'HH:mm DD/MM/YYYY'); // often 1970
  const info = board.get('info');
  const area = info.filled && !info.isList ? info.get('@area').textOrEmpty() : '';
  return board
    .get('Row')
    .elements()
    .map((field) => ({ field, area, at }));
}

/** Undefined for silver and money. */
function read({ field, area, at }: BoardRow): Row | undefined {
  const name = field.get('@Name').name();
  if (isSilver(name) || /\busd\b/.test(fold(name))) return undefined;
  const kind = dojiKind(name) ?? byKey(field.get('@Key').textOrEmpty());
  const instrument = kind?.instrument ?? goldInstrument(field.get('@Name'), name, 'DOJI');
  return {
    field,
    instrument,
    brand: [area, kind?.brand].filter(Boolean).join(' '),
    buy: field.get('@Buy').price('comma'),
    sell: field.get('@Sell').price('comma'),
    at,
    perTael: kind?.perTael ?? false,
    fine: kind !== undefined || instrument === 'SJC' || instrument === 'SJC-RING',
  };
}

function byKey(key: string): ReturnType<typeof dojiKind> {
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
