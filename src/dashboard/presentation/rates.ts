import { formatPrice } from '../../domain/figures.ts';
import { formatSpan } from '../../domain/instant.ts';
import { MARKETS, type Market } from '../../domain/instrument.ts';
import { PLAIN } from '../../repl/paper.ts';
import { noRates } from '../../repl/presenter.ts';
import { cut, pad } from '../../repl/table.ts';
import { displayWidth } from '../../repl/width.ts';
import type { Rate, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled.ts';
import { changeSpan } from './change.ts';
import { sentences, waiting } from './empty.ts';
import { fill, finish, squeeze } from './lines.ts';
import { simulatedMark } from './simulated.ts';
import { sparkline } from './spark.ts';
import { safe } from './text.ts';

/** How long a price that moved stays lit. */
const LIT_MS = 2000;
/** From here on there is room for the other side, the unit, the provider, and prices aligned on the decimal. */
const WIDE = 64;
/** And from here on a stale price says its age too. */
const WIDEST = 90;
const MARKET_NAMES: Readonly<Record<Market, string>> = {
  gold: 'Gold',
  silver: 'Silver',
  crypto: 'Crypto',
  fx: 'Currencies',
};

export function title(state: State, width: number): StyledLine {
  const stale = state.rates.filter(({ quote }) => quote.stale).length;
  const count = state.rates.length;
  return squeeze(
    [
      [[span('Rates', 'title')]],
      [count > 0 ? [span(`${count}`, 'muted')] : [], []],
      [stale > 0 ? [span(`${stale} stale`, 'warn')] : [], []],
      [simulatedMark(state), []],
    ],
    [1, 2, 3],
    width,
  );
}

export function rates(state: State, width: number, height: number): StyledLine[] {
  if (state.rates.length === 0) {
    return finish(emptyLines(state, width, height), state, width, height);
  }
  const columns = columnsFor(state, width);
  const lines = hasTitles(height) ? [titles(columns, width)] : [];
  for (const item of shown(state, height)) {
    lines.push(typeof item === 'string' ? [span(MARKET_NAMES[item] ?? '', 'gold')] : row(state, item, columns, width));
  }
  return finish(lines, state, width, height);
}

/** Who failed, when they are asked again, and what can be done: the latter always shows. */
function emptyLines(state: State, width: number, height: number): StyledLine[] {
  if (!state.ratesLoaded) return sentences(waiting(state, 'the rates'), width);
  const texts = noRates([...state.providers], { width, unicode: state.unicode, style: PLAIN, now: state.now });
  const reasons = sentences(texts.slice(0, -2), width);
  const advice = sentences(texts.slice(-2), width, 'muted');
  return [...reasons.slice(0, Math.max(1, height - advice.length)), ...advice];
}

/** The instrument that stands on a line of the pane; undefined on a heading and below the last one. */
export function instrumentAt(state: State, height: number, line: number): string | undefined {
  const item = shown(state, height)[line - (hasTitles(height) ? 1 : 0)];
  return item === undefined || typeof item === 'string' ? undefined : item.quote.instrument;
}

const hasTitles = (height: number): boolean => height >= 5;

/** Rates, and before each market its name where there is room; scrolled so that the selected one shows. */
function shown(state: State, height: number): readonly (Rate | Market)[] {
  const room = Math.max(0, height - (hasTitles(height) ? 1 : 0));
  const markets = new Set(state.rates.map(({ quote }) => quote.market));
  const headed = markets.size > 1 && (state.rates.length + markets.size <= room || room >= 16);
  const items = headed
    ? state.rates.flatMap((rate, i) =>
        rate.quote.market === state.rates[i - 1]?.quote.market ? [rate] : [rate.quote.market, rate],
      )
    : state.rates;
  if (items.length <= room) return items;
  const at = items.findIndex((item) => typeof item !== 'string' && item.quote.instrument === state.selected);
  const first = Math.min(Math.max(0, at - Math.floor(room / 2)), items.length - room);
  return items.slice(first, first + room);
}

interface Columns {
  readonly name: number;
  readonly buy: number;
  readonly sell: number;
  readonly unit: number;
  readonly change: number;
  readonly spark: number;
  readonly age: number;
  readonly provider: number;
  /** Digits after the point that the prices of a market are padded to; none where prices align on their ends. */
  readonly decimals: Readonly<Partial<Record<Market, number>>>;
}

/** The cells of a rate that do not change with time or width, made once. */
interface Cells {
  readonly name: string;
  readonly buy: string;
  readonly sell: string;
  readonly either: string;
  readonly unit: string;
  readonly provider: string;
}

const made = new WeakMap<Rate, Cells>();

function cellsOf(rate: Rate): Cells {
  let cells = made.get(rate);
  if (!cells) {
    const { quote } = rate;
    const currency = safe(quote.currency);
    cells = {
      name: safe(quote.instrument),
      buy: formatPrice(quote.buy, currency),
      sell: formatPrice(quote.sell, currency),
      either: formatPrice(quote.sell ?? quote.buy, currency),
      unit: quote.unit === 'each' || quote.unit === 'coin' ? currency : `${currency}/${safe(quote.unit)}`,
      provider: safe(quote.provider),
    };
    made.set(rate, cells);
  }
  return cells;
}

function columnsFor(state: State, width: number): Columns {
  const wide = width >= WIDE;
  const all = state.rates.map((rate) => ({ rate, cells: cellsOf(rate) }));
  const widest = (of: (each: (typeof all)[number]) => string): number => {
    let most = 0;
    for (const each of all) most = Math.max(most, displayWidth(of(each)));
    return most;
  };
  const decimals: Partial<Record<Market, number>> = {};
  if (wide) {
    for (const market of MARKETS) {
      const ends = all.filter(({ rate }) => rate.quote.market === market).map(({ cells }) => fraction(cells.either));
      decimals[market] = Math.min(11, Math.max(0, ...ends)); // one coin of many digits does not push all others aside
    }
  }
  const priceWidth = (of: (cells: Cells) => string): number => {
    let most = 4;
    for (const { rate, cells } of all) {
      most = Math.max(most, aligned(of(cells), decimals[rate.quote.market]).length);
    }
    return most;
  };
  // In the order of what a narrow screen can least do without.
  const sell = Math.min(
    priceWidth((cells) => cells.either),
    Math.max(1, width - 6),
  );
  // As wide as its title, where there is a figure at all.
  const titled = (title: string, wanted: number): number => (wanted === 0 ? 0 : Math.max(title.length, wanted));
  const names = titled(
    'Name',
    widest(({ cells }) => cells.name),
  );
  let left = width - 1 - 1 - sell;
  const name = Math.max(0, Math.min(names, Math.max(left, 0), 10));
  left -= name;
  const take = (wanted: number): number => {
    if (wanted === 0 || left < wanted + 1) return 0;
    left -= wanted + 1;
    return wanted;
  };
  const change = take(
    titled(
      'Change',
      widest(({ rate }) => changeOf(rate).text),
    ),
  );
  const age = take(widest(({ rate }) => ageOf(rate, state, width)));
  const buy = wide ? take(priceWidth((cells) => cells.buy)) : 0;
  const spark = all.some(({ rate }) => rate.closes.length > 0) ? take(Math.min(6, Math.max(5, left - 1))) : 0;
  const unit = wide ? take(widest(({ cells }) => cells.unit)) : 0;
  const provider = wide
    ? take(
        Math.min(
          24,
          Math.max(
            8,
            widest(({ cells }) => cells.provider),
          ),
        ),
      )
    : 0;
  const longer = Math.min(Math.max(0, names - name), Math.max(0, left), 24);
  left -= longer;
  const longest = Math.max(0, ...all.map(({ rate }) => rate.closes.length)) + 1;
  const more = spark > 0 ? Math.max(0, Math.min(left, Math.min(40, longest) - spark)) : 0;
  return { name: name + longer, sell, change, age, spark: spark + more, unit, buy, provider, decimals };
}

function titles({ name, buy, sell, unit, change, spark, age, provider }: Columns, width: number): StyledLine {
  const cells: [text: string, width: number, align: 'left' | 'right'][] = [
    ['Buy', buy, 'right'],
    ['Sell', sell, 'right'],
    ['Unit', unit, 'left'],
    ['Change', change, 'right'],
    ['Trend', spark, 'left'],
    ['Age', age, 'right'],
    ['Provider', provider, 'left'],
  ];
  const texts = cells
    .filter(([, room]) => room > 0)
    .map(([text, room, align]) => ` ${pad(cut(text, room), room, align)}`);
  return [
    span(fillText(` ${pad(name < 10 ? cut('Name', name) : 'Instrument', name)}${texts.join('')}`, width), 'muted'),
  ];
}

const fillText = (text: string, width: number): string => cut(text, width).trimEnd();

function row(state: State, rate: Rate, columns: Columns, width: number): StyledLine {
  const { quote } = rate;
  const cells = cellsOf(rate);
  const selected = quote.instrument === state.selected;
  const old = quote.stale || state.link.phase !== 'online';
  const base: Tone = old ? 'muted' : 'text';
  const age = state.now - (rate.movedAt ?? Number.NEGATIVE_INFINITY);
  const price: Tone = age >= 0 && age < LIT_MS ? 'accent' : base;
  const change = changeOf(rate);
  const mark = quote.stale && columns.age === 0 ? '!' : selected ? '▸' : ' ';
  const line = [
    span(mark, mark === '!' ? 'warn' : 'gold'),
    span(pad(cut(cells.name, columns.name), columns.name), old ? 'muted' : 'strong'),
  ];
  const add = (text: string, room: number, tone: Tone, align: 'left' | 'right' = 'right'): void => {
    if (room === 0) return;
    const shown = cut(text, room);
    const blank = ' '.repeat(Math.max(0, room - displayWidth(shown)));
    // The blanks stand apart: what lights up or is underlined is the figure alone.
    if (align === 'right') line.push(span(` ${blank}`, base), span(shown, tone));
    else line.push(span(' ', base), span(shown, tone), span(blank, base));
  };
  const decimals = columns.decimals[quote.market];
  add(aligned(cells.buy, decimals), columns.buy, base);
  add(aligned(columns.buy > 0 ? cells.sell : cells.either, decimals), columns.sell, price);
  add(cells.unit, columns.unit, 'muted', 'left');
  add(change.text, columns.change, old ? 'muted' : change.tone);
  if (columns.spark > 0) {
    const now = quote.sell ?? quote.buy;
    const values = now === null ? rate.closes : [...rate.closes, now];
    const trend = sparkline(values.slice(-columns.spark), columns.spark, state.unicode);
    add(trend, columns.spark, old ? 'muted' : change.tone, 'left');
  }
  add(ageOf(rate, state, width), columns.age, quote.stale ? 'warn' : 'muted');
  add(cells.provider, columns.provider, 'muted', 'left');
  if (!selected) return line;
  return fill(line, width).map(({ text, tone }) => span(text, tone === 'accent' ? 'accent' : 'selected'));
}

function changeOf({ quote, closes }: Rate): { text: string; tone: Tone } {
  return changeSpan(closes.at(-1), quote.sell ?? quote.buy);
}

function ageOf({ quote }: Rate, { now }: State, width: number): string {
  const age = formatSpan(now - quote.checkedAt);
  if (!quote.stale) return age;
  return width >= WIDEST ? `STALE ${age}` : 'STALE';
}

function fraction(price: string): number {
  const point = price.indexOf('.');
  return point < 0 ? 0 : price.length - point;
}

/** A price with blanks after it, so that its point stands over the others'. */
function aligned(price: string, decimals = 0): string {
  return price + ' '.repeat(Math.max(0, decimals - fraction(price)));
}
