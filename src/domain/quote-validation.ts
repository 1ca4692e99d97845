/**
 * Decides which prices to accept. A price is compared with the range of possible prices (its band) and with known
 * prices: the last one of its series, neighbours in time, other fresh providers, and prices implied by other
 * instruments. A price that does not fit is held, not lost: it is accepted once it is confirmed (`isConfirmedLevel`) or
 * a second source agrees.
 *
 * | | gold | silver | fx | crypto |
 * |---|---|---|---|---|
 * | band, relative to the typical price of the year | fine 0.55-2, other 0.18-1.75 | 0.33-3.2 | USD in VND 0.59-1.7, others in VND or USD 0.4-2.5, crosses 0.16-6.3 | by coin; others up to 10,000,000 USD |
 * | buy above sell, at most | 5 % | 5 % | 5 % | 5 % |
 * | buy below sell, at most | 30 % | 35 % | 25 % | 20 % |
 * | from the last price of the series, or a neighbour in time | 10 % | 15 % | 5 % | 20 % |
 * | from another provider | 10 %, in USD 3 % | 12 % | 5 % | 5 % |
 * | relative to an implied price | fine 0.85-1.6, other 0.2-1.6, in USD 0.95-1.05 | 0.8-1.8, in USD 0.9-1.1 | 0.95-1.05 | 0.92-1.08 |
 *
 * Both sides count. The tolerances hold for a day and grow with the square root of the days between two prices, up to
 * 60 %. If they would exceed 120 %, the comparison is too old to count, except that a price which differs from the last
 * one of its series by a power of ten is held regardless of age. A factor is a wrong unit or scale that explains a
 * difference (`unit-mistake.ts`). The ranges of implied fx, crypto, and metal in USD are narrow enough to count as a
 * second source; those of metal in other currencies are wide.
 *
 * | first rule that applies | verdict |
 * |---|---|
 * | no side; a side that is not finite and positive; time invalid, before 1800, or over 10 min in the future | invalid |
 * | outside the band, a factor explains that, and no implied price agrees | held |
 * | sides too far apart, unless the last price of the series agrees, no factor explains it, and buy is not above sell | held |
 * | buy is above sell, but below it in the last price of the series, a neighbour or another provider | held |
 * | differs by a factor from all other providers and implied prices, if there are any | held |
 * | the series, a neighbour, another provider or an implied price of a narrow range agrees | accepted |
 * | an implied price of a wide range agrees, and only weak prices disagree | accepted |
 * | a weak price of another provider agrees, or a held one that it still states and no factor explains, and it differs from no comparison by a factor | accepted |
 * | outside the band | held |
 * | no comparison exists, or only weak ones, one of which agrees | accepted |
 * | otherwise | held |
 *
 * Rules that do not mention weak and held prices ignore them. If an accepted price agrees with no other provider, the
 * verdict has the distance to the nearest one.
 *
 * A held price is accepted after three responses over two intervals at that level, unless
 * - buy is above sell by more than the table allows, or at all if another price has it below sell;
 * - a factor explains the distance between the sides;
 * - it is outside the band, a factor explains that, and no implied price agrees;
 * - it differs by a factor from a comparison that is not weak;
 * - it is above 2.5 times or below 0.4 times the last price of its series, and no other source agrees;
 * - an implied price of a wide range disagrees;
 * - no other source agrees, and two disagree, or one by more than twice its tolerance.
 */
import { formatInteger, formatPrice } from './number-format.ts';
import { isWithinBand, type PriceBand, type PricedInstrument, priceBandOf } from './price-bands.ts';
import {
  type ComparisonPrice,
  type ComparisonResult,
  comparePrices,
  isSameLevel,
  isValidPrice,
  type PriceSides,
  type QuoteToValidate,
} from './price-comparison.ts';
import type { Quote } from './quote.ts';
import { type EpochMs, formatDuration, MAX_EPOCH_MS } from './time.ts';
import { findUnitMistakeNear, findUnitMistakeWithin, type UnitMistake } from './unit-mistake.ts';

export { type ComparisonPrice, isSameLevel, type QuoteToValidate } from './price-comparison.ts';
export type { UnitMistake } from './unit-mistake.ts';

export interface AcceptedVerdict {
  readonly outcome: 'accepted';
  /** Distance to the nearest other provider, if it agrees with none: 13 = 13 % above it. */
  readonly distance?: { readonly label: string; readonly percent: number };
}

export interface HeldVerdict {
  readonly outcome: 'held';
  /** For people, without a full stop: `sell 187 is 25 % over the last price (150)`. */
  readonly reason: string;
  readonly factor?: UnitMistake;
  /** The prices it was compared with. */
  readonly comparisons: readonly ComparisonPrice[];
}

export interface InvalidVerdict {
  readonly outcome: 'invalid';
  readonly reason: string;
}

export type QuoteVerdict = AcceptedVerdict | HeldVerdict | InvalidVerdict;

/** History of a held price. */
export interface HeldLevel extends PriceSides {
  /** Number of consecutive responses with this price. */
  readonly responses: number;
  /** When the first and the last of these responses arrived. */
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
  readonly factor?: UnitMistake;
}

const MAX_FUTURE_MS = 10 * 60_000;
/** 1 January 1800. Empty dates of other systems are earlier. */
const MIN_QUOTE_TIME_MS = -5_364_662_400_000;

const MAX_BUY_OVER_SELL = 1.05;
/** How far buy can be below sell. */
const MAX_SPREAD = { gold: 0.3, silver: 0.35, fx: 0.25, crypto: 0.2 };
/** A side in another unit differs from the other side by a factor and by the spread. */
const SIDES_FACTOR_WINDOW = 0.4;

const MIN_CONFIRMING_RESPONSES = 3;
/** Less than 2, because responses do not arrive exactly one interval apart. */
const MIN_CONFIRMING_INTERVALS = 1.8;

const ACCEPTED_VERDICT: AcceptedVerdict = { outcome: 'accepted' };

/**
 * @param comparisons in the quote's currency and unit, without stale providers
 * @param now when the price arrived
 */
export function validateQuote(
  quote: QuoteToValidate,
  comparisons: readonly ComparisonPrice[],
  now: EpochMs,
): QuoteVerdict {
  const invalid = findInvalidReason(quote, now);
  if (invalid !== undefined) return { outcome: 'invalid', reason: invalid };
  const result = comparePrices(quote, comparisons);
  const outside = findBandViolation(quote);
  if (outside?.mistake && !result.impliedAgrees) return heldVerdict(outside.reason, outside.mistake, comparisons);
  if (!areSidesPlausible(quote)) {
    const mistake = findSidesMistake(quote);
    if (mistake || isBuyOverSell(quote) || !result.seriesHasSameSides) {
      return heldVerdict(describeSides(quote, mistake), mistake, comparisons);
    }
  }
  if (areSidesSwapped(quote, result)) {
    return heldVerdict(`${describeSides(quote, undefined)}: are buy and sell swapped?`, undefined, comparisons);
  }
  if (result.sourceCount > 0 && result.sourcesOffByFactor === result.sourceCount)
    return heldByDifference(result, quote, comparisons);
  if (result.seriesAgrees || result.sourceAgrees) return acceptedVerdict(result);
  if (result.impliedAgrees && !result.seriesDisagrees && result.sourcesFar === 0) return ACCEPTED_VERDICT;
  if (result.isCorroborated && !result.isOffByFactor) return acceptedVerdict(result);
  if (outside) return heldVerdict(outside.reason, undefined, comparisons);
  if (!result.hasReference && (result.weakAgrees || !result.weakDisagrees)) return ACCEPTED_VERDICT;
  return heldByDifference(result, quote, comparisons);
}

/**
 * Whether a held price is confirmed, by the rules above. Call it after `validateQuote` has held the latest response,
 * with the same quote and comparisons.
 * @param everyMs polling interval of the provider
 */
export function isConfirmedLevel(
  level: HeldLevel,
  everyMs: number,
  quote: QuoteToValidate,
  comparisons: readonly ComparisonPrice[],
): boolean {
  if (level.responses < MIN_CONFIRMING_RESPONSES) return false;
  if (!(everyMs > 0) || !(level.lastAt - level.firstAt >= everyMs * MIN_CONFIRMING_INTERVALS)) return false;
  if (isBuyOverSell(quote) || (!areSidesPlausible(quote) && findSidesMistake(quote))) return false;
  const result = comparePrices(quote, comparisons);
  if (areSidesSwapped(quote, result)) return false;
  if (!result.impliedAgrees && findBandViolation(quote)?.mistake) return false;
  if (!result.hasReference) return true; // any confirmed price overrules weak ones
  if (result.seriesVeryFar && !result.sourceAgrees) return false;
  if (result.isOffByFactor || level.factor || (result.impliedDisagrees && !result.impliedAgrees)) return false;
  return result.sourceAgrees || (result.sourcesFar < 2 && result.sourcesVeryFar === 0);
}

/** Whether the last price of a series was accepted without proof, for less time than a held price needs. */
export function isProvisionalPrice(
  { weakSince, checkedAt }: Pick<Quote, 'weakSince' | 'checkedAt'>,
  everyMs: number,
): boolean {
  return weakSince !== undefined && checkedAt - weakSince < everyMs * MIN_CONFIRMING_INTERVALS;
}

/** Adds a response to a held price. Starts again if its level differs. */
export function nextHeldLevel(
  previous: HeldLevel | undefined,
  { buy, sell }: PriceSides,
  mistake: UnitMistake | undefined,
  now: EpochMs,
): HeldLevel {
  const isSame = previous !== undefined && isSameLevel(previous, { buy, sell });
  const kept = mistake ?? (isSame ? previous.factor : undefined);
  return {
    buy,
    sell,
    responses: isSame ? previous.responses + 1 : 1,
    firstAt: isSame ? previous.firstAt : now,
    lastAt: now,
    ...(kept && { factor: kept }),
  };
}

/** @param ratio the price divided by its expected value */
export function findRatioMistake(ratio: number, quote: Pick<QuoteToValidate, 'unit'>): UnitMistake | undefined {
  return ratio > 0 && ratio < Number.POSITIVE_INFINITY ? findUnitMistakeNear(ratio, quote.unit) : undefined;
}

function findInvalidReason({ buy, sell, at }: QuoteToValidate, now: EpochMs): string | undefined {
  if (buy === null && sell === null) return 'it has neither a buy nor a sell price';
  if (buy !== null && !isValidPrice(buy)) return `buy ${buy} is not a number over 0`;
  if (sell !== null && !isValidPrice(sell)) return `sell ${sell} is not a number over 0`;
  if (!Number.isInteger(at) || Math.abs(at) > MAX_EPOCH_MS) return `its time ${at} is not a valid time`;
  if (at < MIN_QUOTE_TIME_MS) return `its time ${new Date(at).toISOString()} is before the year 1800`;
  if (at > now + MAX_FUTURE_MS) return `its time is ${formatDuration(at - now)} in the future`;
  return undefined;
}

interface BandViolation {
  readonly reason: string;
  readonly mistake: UnitMistake | undefined;
}

/** Prefers the side whose distance a factor explains. */
function findBandViolation(quote: QuoteToValidate): BandViolation | undefined {
  const { buy, sell } = quote;
  const band = priceBandOf(quote, quote.at);
  const outsideBuy =
    buy === null || isWithinBand(band, buy) ? undefined : describeBandViolation('buy', buy, band, quote);
  if (outsideBuy?.mistake || sell === null || isWithinBand(band, sell)) return outsideBuy;
  const outsideSell = describeBandViolation('sell', sell, band, quote);
  return outsideSell.mistake ? outsideSell : (outsideBuy ?? outsideSell);
}

function describeBandViolation(side: string, value: number, band: PriceBand, quote: QuoteToValidate): BandViolation {
  const { low, typical, high } = band;
  const mistake = findUnitMistakeWithin(value / typical, quote.unit, low / typical, high / typical);
  const year = new Date(quote.at).getUTCFullYear();
  const range = `${formatRoundedPrice(low, quote)}-${formatRoundedPrice(high, quote)} ${quote.currency}/${quote.unit}`;
  const hints = mistake ? [mistake.hint] : [];
  if (quote.market === 'gold' && isWithinBand(priceBandOf({ ...quote, market: 'silver' }, quote.at), value)) {
    hints.push('silver? --market silver');
  }
  const hint = hints.length > 0 ? `: ${hints.join(' or ')}` : '';
  return {
    reason: `${side} ${formatQuotePrice(value, quote)} is outside of ${range}, the range of ${year}${hint}`,
    mistake,
  };
}

function areSidesPlausible({ market, buy, sell }: QuoteToValidate): boolean {
  return buy === null || sell === null || (buy <= sell * MAX_BUY_OVER_SELL && buy >= sell * (1 - MAX_SPREAD[market]));
}

function isBuyOverSell({ buy, sell }: PriceSides): boolean {
  return buy !== null && sell !== null && buy > sell * MAX_BUY_OVER_SELL;
}

/** If buy and sell are close, this is the only sign of swapped columns. */
function areSidesSwapped({ buy, sell }: PriceSides, { hasBuyUnderSell }: ComparisonResult): boolean {
  return buy !== null && sell !== null && buy > sell && hasBuyUnderSell;
}

function findSidesMistake({ buy, sell, unit }: QuoteToValidate): UnitMistake | undefined {
  return buy === null || sell === null ? undefined : findUnitMistakeNear(buy / sell, unit, SIDES_FACTOR_WINDOW);
}

function describeSides(quote: QuoteToValidate, mistake: UnitMistake | undefined): string {
  const [buy, sell] = [quote.buy as number, quote.sell as number];
  return `buy ${formatQuotePrice(buy, quote)} is ${describeRatio(buy / sell)} sell ${formatQuotePrice(sell, quote)}${formatHint(mistake)}`;
}

function acceptedVerdict({ providerAgrees, nearestProvider }: ComparisonResult): AcceptedVerdict {
  if (providerAgrees || !nearestProvider) return ACCEPTED_VERDICT;
  const { comparison, ratio } = nearestProvider;
  return {
    outcome: 'accepted',
    distance: { label: comparison.label, percent: Math.round((ratio - 1) * 1000) / 10 },
  };
}

function heldVerdict(
  reason: string,
  mistake: UnitMistake | undefined,
  comparisons: readonly ComparisonPrice[],
): HeldVerdict {
  return { outcome: 'held', reason, ...(mistake && { factor: mistake }), comparisons };
}

function heldByDifference(
  { difference }: ComparisonResult,
  quote: QuoteToValidate,
  comparisons: readonly ComparisonPrice[],
): HeldVerdict {
  if (!difference) return heldVerdict('no other price agrees with it', undefined, comparisons);
  const { comparison, ratio, mistake } = difference;
  // The side whose ratio it is.
  const isBuy = quote.buy !== null && (quote.sell === null || isRatioOfBuy(quote.buy, quote.sell, comparison, ratio));
  const value = (isBuy ? quote.buy : quote.sell) as number;
  const reference = formatQuotePrice(value / ratio, quote);
  const label = comparison.kind === 'series' ? `the ${comparison.label}` : comparison.label;
  const reason = `${isBuy ? 'buy' : 'sell'} ${formatQuotePrice(value, quote)} is ${describeRatio(ratio)} ${label} (${reference})`;
  return heldVerdict(`${reason}${formatHint(mistake)}`, mistake, comparisons);
}

function isRatioOfBuy(buy: number, sell: number, comparison: PriceSides, ratio: number): boolean {
  const deviation = (value: number, other: number | null) =>
    other === null ? Number.MAX_VALUE : Math.abs(value / other - ratio);
  return deviation(buy, comparison.buy) < deviation(sell, comparison.sell);
}

function formatHint(mistake: UnitMistake | undefined): string {
  return mistake ? `: ${mistake.hint}` : '';
}

/** `25 % over`, `90 % under`, `1,000 times`. */
function describeRatio(ratio: number): string {
  if (ratio >= 3) return `${formatInteger(ratio)} times`;
  if (ratio >= 1) return `${formatInteger((ratio - 1) * 100)}% over`;
  return ratio < 0.05 ? `1/${formatInteger(1 / ratio)} of` : `${formatInteger((1 - ratio) * 100)}% under`;
}

function formatQuotePrice(value: number, { currency }: PricedInstrument): string {
  return formatPrice(value, currency);
}

/** Rounds an approximate price to three significant digits. */
function formatRoundedPrice(value: number, { currency }: PricedInstrument): string {
  return formatPrice(Number(value.toPrecision(3)), currency);
}
