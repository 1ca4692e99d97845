import type { Market } from '../../domain/instrument.ts';
import { PLAIN_STYLE } from '../../repl/output-format.ts';
import { noRatesLines } from '../../repl/rate-format.ts';
import { padText, truncate } from '../../repl/table.ts';
import { displayWidth, graphemes } from '../../repl/text-width.ts';
import { isByMarket, shownRates } from '../rate-rows.ts';
import type { PriceSide, RateRow, RatesView, SortColumn, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { keyOf } from './key-label.ts';
import { fitSegments, fitToPane, padLine } from './line-layout.ts';
import { sparkline } from './price-trend.ts';
import {
  alignDecimals,
  COLUMN_TITLES,
  fitRateColumns,
  type RateColumns,
  rateAge,
  rateChange,
  rateTexts,
} from './rate-columns.ts';

/** How long a new price is highlighted. */
const HIGHLIGHT_MS = 2000;
const MARKET_NAMES: Readonly<Record<Market, string>> = {
  gold: 'Gold',
  silver: 'Silver',
  crypto: 'Crypto',
  fx: 'Currencies',
};

/** How many rates, how many of them are stale, what of the list is shown, and what the changes refer to. */
export function ratesTitle(state: State, width: number): StyledLine {
  const { ratesView, rates } = state;
  const stale = rates.filter(({ quote }) => quote.stale).length;
  const shown = shownRates(state).length;
  const count = shown === rates.length ? `${rates.length}` : `${shown} of ${rates.length}`;
  const hasChanges = rates.some((rate) => rateChange(rate, state.now).text !== '');
  return fitSegments(
    [
      [[span('Rates', 'title')]],
      [rates.length > 0 ? [span(count, 'muted')] : [], []],
      [stale > 0 ? [span(`${stale} stale`, 'warn')] : [], []],
      [ratesView.isWatchListOnly ? [span('watch list', 'accent')] : [], []],
      [filterSpans(ratesView), []],
      [hasChanges ? [span('today: since the last close', 'muted')] : [], []],
    ],
    [5, 1, 2, 3],
    width,
  );
}

function filterSpans({ filter, isTyping }: RatesView): StyledLine {
  if (filter === '' && !isTyping) return [];
  return [span(`/${displayText(filter)}`, 'accent'), ...(isTyping ? [span(' ', 'cursor')] : [])];
}

export function rateLines(state: State, width: number, height: number): StyledLine[] {
  if (state.rates.length === 0) {
    return fitToPane(emptyRatesLines(state, width, height), state, width, height);
  }
  if (shownRates(state).length === 0) {
    return fitToPane(paragraphs(noMatchText(state), width), state, width, height);
  }
  const columns = fitRateColumns(state, width);
  const lines = hasHeading(height) ? [headingLine(state, columns, width)] : [];
  for (const item of visibleRows(state, height)) {
    const isName = typeof item === 'string';
    lines.push(isName ? [span(MARKET_NAMES[item] ?? '', 'gold')] : rateLine(state, item, columns, width));
  }
  return fitToPane(lines, state, width, height);
}

/** Which providers failed and when they are polled again, then advice, which is always visible. */
function emptyRatesLines(state: State, width: number, height: number): StyledLine[] {
  if (!state.hasLoadedRates) return paragraphs(emptyStateText(state, 'the rates', 'rates'), width);
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

function noMatchText({ ratesView: { filter, isWatchListOnly } }: State): string[] {
  if (filter.trim() !== '') {
    return [
      `No rate ${isWatchListOnly ? 'of your watch list ' : ''}has "${displayText(filter)}" in its name, provider or company.`,
      `${keyOf('back', 'filter')} shows all.`,
    ];
  }
  return ['There are no rates of your watch list now.', `${keyOf('toggleWatchListOnly', 'rates')} shows all rates.`];
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
  const rates = shownRates(state);
  const markets = new Set(rates.map(({ quote }) => quote.market));
  const hasNames = isByMarket(state) && markets.size > 1 && (rates.length + markets.size <= room || room >= 16);
  const items = hasNames
    ? rates.flatMap((rate, i) =>
        rate.quote.market === rates[i - 1]?.quote.market ? [rate] : [rate.quote.market, rate],
      )
    : rates;
  if (items.length <= room) return items;
  const at = items.findIndex((item) => typeof item !== 'string' && item.quote.instrument === state.selected);
  const first = Math.min(Math.max(0, at - Math.floor(room / 2)), items.length - room);
  return items.slice(first, first + room);
}

function headingLine({ ratesView, unicode }: State, columns: RateColumns, width: number): StyledLine {
  const { sortBy, isDescending } = ratesView;
  const title = (column: keyof typeof COLUMN_TITLES): string => {
    const text =
      column === 'name' && columns.name >= 10 + Number(sortBy === 'name') ? 'Instrument' : COLUMN_TITLES[column];
    if (sortBy !== (column as SortColumn)) return text;
    return `${text}${isDescending ? '↓' : '↑'}`;
  };
  const cells: [column: Exclude<keyof typeof COLUMN_TITLES, 'name'>, align: 'left' | 'right'][] = [
    ['buy', 'right'],
    ['sell', 'right'],
    ['unit', 'left'],
    ['change', 'right'],
    ['trend', 'left'],
    ['age', 'right'],
    ['provider', 'left'],
  ];
  const heading = (column: keyof typeof COLUMN_TITLES, align: 'left' | 'right'): StyledSpan =>
    span(
      ` ${padText(truncate(title(column), columns[column], unicode), columns[column], align)}`,
      sortBy === (column as SortColumn) ? 'accent' : 'muted',
    );
  const shown = cells.filter(([column]) => columns[column] > 0).map(([column, align]) => heading(column, align));
  return trimEnd(padLine([heading('name', 'left'), ...shown], width));
}

function trimEnd(line: StyledLine): StyledLine {
  const last = line.at(-1);
  if (last === undefined) return line;
  const text = last.text.trimEnd();
  return text === '' ? trimEnd(line.slice(0, -1)) : [...line.slice(0, -1), span(text, last.tone)];
}

function rateLine(state: State, rate: RateRow, columns: RateColumns, width: number): StyledLine {
  const { quote } = rate;
  const texts = rateTexts(rate);
  const prices = columns.isCompact ? texts.compact : texts.full;
  const isSelected = quote.instrument === state.selected;
  const isOld = quote.stale || state.connection.phase !== 'online';
  const base: Tone = isOld ? 'muted' : 'text';
  const sincePriceMs = state.now - (rate.movedAt ?? Number.NEGATIVE_INFINITY);
  const isMoving = sincePriceMs >= 0 && sincePriceMs < HIGHLIGHT_MS;
  const priceTone = (side: PriceSide): Tone =>
    isMoving && (rate.movedSides?.includes(side) ?? true) ? 'accent' : base;
  const change = rateChange(rate, state.now);
  const isWatched = state.watchList.includes(quote.instrument);
  const mark = quote.stale && columns.age === 0 ? '!' : isSelected ? '▸' : isWatched ? '*' : ' ';
  const line = [
    span(mark, mark === '!' ? 'warn' : 'gold'),
    span(padText(shortenName(texts.name, columns.name), columns.name), isOld ? 'muted' : 'strong'),
  ];
  const add = (text: string, room: number, tone: Tone, align: 'left' | 'right' = 'right'): void => {
    if (room === 0) return;
    const value = truncate(text, room);
    const number = value.trimEnd();
    const blank = ' '.repeat(Math.max(0, room - displayWidth(value)));
    const after = value.slice(number.length) + (align === 'left' ? blank : '');
    // Separate spans, so that only the number is highlighted or underlined.
    line.push(span(align === 'left' ? ' ' : ` ${blank}`, base), span(number, tone));
    if (after !== '') line.push(span(after, base));
  };
  const decimals = columns.decimals[quote.market];
  const hasBuy = columns.buy > 0;
  add(alignDecimals(prices.buy, decimals), columns.buy, priceTone('buy'));
  const sellSide = hasBuy || quote.sell !== null ? 'sell' : 'buy';
  add(alignDecimals(hasBuy ? prices.sell : prices.sellOrBuy, decimals), columns.sell, priceTone(sellSide));
  add(texts.unit, columns.unit, 'muted', 'left');
  add(change.text, columns.change, isOld ? 'muted' : change.tone);
  if (columns.trend > 0) {
    const now = quote.sell ?? quote.buy;
    const values = now === null ? rate.closes : [...rate.closes, now];
    const trend = sparkline(values.slice(-columns.trend), columns.trend, state.unicode);
    add(trend, columns.trend, isOld ? 'muted' : change.tone, 'left');
  }
  add(rateAge(rate, state.now, columns.ageForm), columns.age, quote.stale ? 'warn' : 'muted');
  add(texts.provider, columns.provider, 'muted', 'left');
  if (!isSelected) return line;
  return padLine(line, width).map(({ text, tone }) => span(text, tone === 'accent' ? 'accent' : 'selected'));
}

/** Cuts a name in the middle, because names often differ at their end: `VANG…5-CHI`. */
function shortenName(name: string, width: number): string {
  if (displayWidth(name) <= width || width < 7) return truncate(name, width);
  const end = takeColumns(graphemes(name).toReversed(), Math.ceil((width - 1) / 2))
    .toReversed()
    .join('');
  const start = takeColumns(graphemes(name), width - 1 - displayWidth(end)).join('');
  return `${start}…${end}`;
}

function takeColumns(clusters: readonly string[], width: number): string[] {
  const kept: string[] = [];
  let used = 0;
  for (const cluster of clusters) {
    used += displayWidth(cluster);
    if (used > width) break;
    kept.push(cluster);
  }
  return kept;
}
