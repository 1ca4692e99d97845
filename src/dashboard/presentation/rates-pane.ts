import { MARKETS, type Market } from '../../domain/instrument.ts';
import { formatPrice } from '../../domain/number-format.ts';
import { formatDuration } from '../../domain/time.ts';
import { PLAIN_STYLE } from '../../repl/output-format.ts';
import { noRatesLines } from '../../repl/rate-format.ts';
import { padText, truncate } from '../../repl/table.ts';
import { displayWidth } from '../../repl/text-width.ts';
import type { RateRow, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { fitSegments, fitToPane, padLine } from './line-layout.ts';
import { changeSpan, sparkline } from './price-trend.ts';
import { simulatedBadge } from './simulated.ts';

/** How long a new price is highlighted. */
const HIGHLIGHT_MS = 2000;
/** From this width on, the pane shows both prices, unit and provider, and aligns prices on the decimal point. */
const WIDE_COLUMNS = 64;
/** From this width on, a stale price shows its age as well. */
const WIDEST_COLUMNS = 90;
const MARKET_NAMES: Readonly<Record<Market, string>> = {
  gold: 'Gold',
  silver: 'Silver',
  crypto: 'Crypto',
  fx: 'Currencies',
};

export function ratesTitle(state: State, width: number): StyledLine {
  const stale = state.rates.filter(({ quote }) => quote.stale).length;
  const count = state.rates.length;
  return fitSegments(
    [
      [[span('Rates', 'title')]],
      [count > 0 ? [span(`${count}`, 'muted')] : [], []],
      [stale > 0 ? [span(`${stale} stale`, 'warn')] : [], []],
      [simulatedBadge(state), []],
    ],
    [1, 2, 3],
    width,
  );
}

export function rateLines(state: State, width: number, height: number): StyledLine[] {
  if (state.rates.length === 0) {
    return fitToPane(emptyRatesLines(state, width, height), state, width, height);
  }
  const columns = fitColumns(state, width);
  const lines = hasHeading(height) ? [headingLine(columns, width)] : [];
  for (const item of visibleRows(state, height)) {
    const isName = typeof item === 'string';
    lines.push(isName ? [span(MARKET_NAMES[item] ?? '', 'gold')] : rateLine(state, item, columns, width));
  }
  return fitToPane(lines, state, width, height);
}

/** Which providers failed and when they are polled again, then advice, which is always visible. */
function emptyRatesLines(state: State, width: number, height: number): StyledLine[] {
  if (!state.hasLoadedRates) return paragraphs(emptyStateText(state, 'the rates'), width);
  const texts = noRatesLines([...state.providers], {
    width,
    unicode: state.unicode,
    style: PLAIN_STYLE,
    now: state.now,
  });
  const reasons = paragraphs(texts.slice(0, -2), width);
  const advice = paragraphs(texts.slice(-2), width, 'muted');
  return [...reasons.slice(0, Math.max(1, height - advice.length)), ...advice];
}

/** The instrument on a line of the pane; undefined: a heading, or below the last row. */
export function instrumentAt(state: State, height: number, line: number): string | undefined {
  const item = visibleRows(state, height)[line - (hasHeading(height) ? 1 : 0)];
  return item === undefined || typeof item === 'string' ? undefined : item.quote.instrument;
}

const hasHeading = (height: number): boolean => height >= 5;

/** Rates, with market names if there is room, scrolled so that the selected rate is visible. */
function visibleRows(state: State, height: number): readonly (RateRow | Market)[] {
  const room = Math.max(0, height - (hasHeading(height) ? 1 : 0));
  const markets = new Set(state.rates.map(({ quote }) => quote.market));
  const hasNames = markets.size > 1 && (state.rates.length + markets.size <= room || room >= 16);
  const items = hasNames
    ? state.rates.flatMap((rate, i) =>
        rate.quote.market === state.rates[i - 1]?.quote.market ? [rate] : [rate.quote.market, rate],
      )
    : state.rates;
  if (items.length <= room) return items;
  const at = items.findIndex((item) => typeof item !== 'string' && item.quote.instrument === state.selected);
  const first = Math.min(Math.max(0, at - Math.floor(room / 2)), items.length - room);
  return items.slice(first, first + room);
}

interface ColumnWidths {
  readonly name: number;
  readonly buy: number;
  readonly sell: number;
  readonly unit: number;
  readonly change: number;
  readonly spark: number;
  readonly age: number;
  readonly provider: number;
  /** How many fraction digits the prices of a market are padded to; none: prices align on their ends. */
  readonly decimals: Readonly<Partial<Record<Market, number>>>;
}

/** The texts of a rate that do not depend on time or width. */
interface RateTexts {
  readonly name: string;
  readonly buy: string;
  readonly sell: string;
  readonly sellOrBuy: string;
  readonly unit: string;
  readonly provider: string;
}

const textsByRate = new WeakMap<RateRow, RateTexts>();

function rateTexts(rate: RateRow): RateTexts {
  let texts = textsByRate.get(rate);
  if (!texts) {
    const { quote } = rate;
    const currency = displayText(quote.currency);
    texts = {
      name: displayText(quote.instrument),
      buy: formatPrice(quote.buy, currency),
      sell: formatPrice(quote.sell, currency),
      sellOrBuy: formatPrice(quote.sell ?? quote.buy, currency),
      unit: quote.unit === 'each' || quote.unit === 'coin' ? currency : `${currency}/${displayText(quote.unit)}`,
      provider: displayText(quote.provider),
    };
    textsByRate.set(rate, texts);
  }
  return texts;
}

function fitColumns(state: State, width: number): ColumnWidths {
  const isWide = width >= WIDE_COLUMNS;
  const all = state.rates.map((rate) => ({ rate, texts: rateTexts(rate) }));
  const widest = (of: (each: (typeof all)[number]) => string): number => {
    let most = 0;
    for (const each of all) most = Math.max(most, displayWidth(of(each)));
    return most;
  };
  const decimals: Partial<Record<Market, number>> = {};
  if (isWide) {
    for (const market of MARKETS) {
      const ofMarket = all.filter(({ rate }) => rate.quote.market === market);
      const lengths = ofMarket.map(({ texts }) => fractionLength(texts.sellOrBuy));
      decimals[market] = Math.min(11, Math.max(0, ...lengths)); // so that one coin with many digits does not shift all others
    }
  }
  const priceWidth = (of: (texts: RateTexts) => string): number => {
    let most = 4;
    for (const { rate, texts } of all) {
      most = Math.max(most, alignDecimals(of(texts), decimals[rate.quote.market]).length);
    }
    return most;
  };
  // In order of importance on a narrow screen.
  const widestPrice = priceWidth((texts) => texts.sellOrBuy);
  const sell = Math.min(widestPrice, Math.max(1, width - 6));
  // At least as wide as the title, if the column has any value.
  const atLeastTitle = (title: string, wanted: number): number => (wanted === 0 ? 0 : Math.max(title.length, wanted));
  const widestName = widest(({ texts }) => texts.name);
  const names = atLeastTitle('Name', widestName);
  let left = width - 1 - 1 - sell;
  const name = Math.max(0, Math.min(names, Math.max(left, 0), 10));
  left -= name;
  const take = (wanted: number): number => {
    if (wanted === 0 || left < wanted + 1) return 0;
    left -= wanted + 1;
    return wanted;
  };
  const widestChange = widest(({ rate }) => changeText(rate).text);
  const change = take(atLeastTitle('Change', widestChange));
  const age = take(widest(({ rate }) => ageText(rate, state, width)));
  const buy = isWide ? take(priceWidth((texts) => texts.buy)) : 0;
  const spark = all.some(({ rate }) => rate.closes.length > 0) ? take(Math.min(6, Math.max(5, left - 1))) : 0;
  const unit = isWide ? take(widest(({ texts }) => texts.unit)) : 0;
  const widestProvider = widest(({ texts }) => texts.provider);
  const provider = isWide ? take(Math.min(24, Math.max(8, widestProvider))) : 0;
  const longer = Math.min(Math.max(0, names - name), Math.max(0, left), 24);
  left -= longer;
  const longest = Math.max(0, ...all.map(({ rate }) => rate.closes.length)) + 1;
  const more = spark > 0 ? Math.max(0, Math.min(left, Math.min(40, longest) - spark)) : 0;
  return { name: name + longer, sell, change, age, spark: spark + more, unit, buy, provider, decimals };
}

function headingLine({ name, buy, sell, unit, change, spark, age, provider }: ColumnWidths, width: number): StyledLine {
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
    .map(([text, room, align]) => ` ${padText(truncate(text, room), room, align)}`);
  return [
    span(
      fitText(` ${padText(name < 10 ? truncate('Name', name) : 'Instrument', name)}${texts.join('')}`, width),
      'muted',
    ),
  ];
}

const fitText = (text: string, width: number): string => truncate(text, width).trimEnd();

function rateLine(state: State, rate: RateRow, columns: ColumnWidths, width: number): StyledLine {
  const { quote } = rate;
  const texts = rateTexts(rate);
  const isSelected = quote.instrument === state.selected;
  const isOld = quote.stale || state.connection.phase !== 'online';
  const base: Tone = isOld ? 'muted' : 'text';
  const age = state.now - (rate.movedAt ?? Number.NEGATIVE_INFINITY);
  const priceTone: Tone = age >= 0 && age < HIGHLIGHT_MS ? 'accent' : base;
  const change = changeText(rate);
  const mark = quote.stale && columns.age === 0 ? '!' : isSelected ? '▸' : ' ';
  const line = [
    span(mark, mark === '!' ? 'warn' : 'gold'),
    span(padText(truncate(texts.name, columns.name), columns.name), isOld ? 'muted' : 'strong'),
  ];
  const add = (text: string, room: number, tone: Tone, align: 'left' | 'right' = 'right'): void => {
    if (room === 0) return;
    const value = truncate(text, room);
    const blank = ' '.repeat(Math.max(0, room - displayWidth(value)));
    // Separate spans, so that only the number is highlighted or underlined.
    if (align === 'right') line.push(span(` ${blank}`, base), span(value, tone));
    else line.push(span(' ', base), span(value, tone), span(blank, base));
  };
  const decimals = columns.decimals[quote.market];
  add(alignDecimals(texts.buy, decimals), columns.buy, base);
  add(alignDecimals(columns.buy > 0 ? texts.sell : texts.sellOrBuy, decimals), columns.sell, priceTone);
  add(texts.unit, columns.unit, 'muted', 'left');
  add(change.text, columns.change, isOld ? 'muted' : change.tone);
  if (columns.spark > 0) {
    const now = quote.sell ?? quote.buy;
    const values = now === null ? rate.closes : [...rate.closes, now];
    const trend = sparkline(values.slice(-columns.spark), columns.spark, state.unicode);
    add(trend, columns.spark, isOld ? 'muted' : change.tone, 'left');
  }
  add(ageText(rate, state, width), columns.age, quote.stale ? 'warn' : 'muted');
  add(texts.provider, columns.provider, 'muted', 'left');
  if (!isSelected) return line;
  return padLine(line, width).map(({ text, tone }) => span(text, tone === 'accent' ? 'accent' : 'selected'));
}

function changeText({ quote, closes }: RateRow): { text: string; tone: Tone } {
  return changeSpan(closes.at(-1), quote.sell ?? quote.buy);
}

function ageText({ quote }: RateRow, { now }: State, width: number): string {
  const age = formatDuration(now - quote.checkedAt);
  if (!quote.stale) return age;
  return width >= WIDEST_COLUMNS ? `STALE ${age}` : 'STALE';
}

function fractionLength(price: string): number {
  const point = price.indexOf('.');
  return point < 0 ? 0 : price.length - point;
}

/** Pads a price so that the decimal points of a column align. */
function alignDecimals(price: string, decimals = 0): string {
  return price + ' '.repeat(Math.max(0, decimals - fractionLength(price)));
}
