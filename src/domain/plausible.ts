import { formatSpan, type Instant } from './instant.ts';
import { price, type Quote, type QuoteDraft } from './quote.ts';
import { unitFactor } from './unit.ts';

const DAY = 24 * 3_600_000;
const FUTURE = 10 * 60_000;

/** Gold moved from 21 to about 190 million VND a tael in 2009-2026; outside of this it is an error of unit. */
const GOLD_VND_TAEL = { low: 10_000_000, high: 1_000_000_000 };
/** From the fixed 18.9 USD of 1833 up. Jewellery of low fineness is priced in VND only. */
const GOLD_USD_OZT = { low: 15, high: 20_000 };

/** How lists of prices are written as well. */
const SCALES = [
  ['thousands', 1e3],
  ['millions', 1e6],
] as const;

interface Band {
  readonly low: number;
  readonly high: number;
}

/**
 * Why a price is not believed, or undefined when it is: not a positive finite number, no instant, outside the band of its
 * market, buy over sell by more than 5 %, or a jump over 20 % from `last`. A `last` that nobody confirmed within a
 * day is no measure (after a long outage the market may really have moved); then the band alone decides.
 */
export function implausible(quote: QuoteDraft, last: Quote | undefined, now: Instant): string | undefined {
  const { buy, sell } = quote;
  if (buy === null && sell === null) return 'it has neither a buy nor a sell price';
  for (const [side, value] of [
    ['buy', buy],
    ['sell', sell],
  ] as const) {
    if (value === null) continue;
    if (!Number.isFinite(value) || value <= 0) return `${side} ${value} is not a positive number`;
    const band = bandOf(quote);
    if (band && !isWithin(band, value)) {
      const scale = SCALES.find(([, factor]) => isWithin(band, value * factor));
      const hint = scale ? `: it is in ${scale[0]}, maybe` : '';
      return `${side} ${value} ${quote.currency}/${quote.unit} is outside of ${band.low}-${band.high}${hint}`;
    }
  }
  if (buy !== null && sell !== null && buy > sell * 1.05) return `buy ${buy} is over sell ${sell} by more than 5 %`;
  if (!Number.isInteger(quote.at) || Math.abs(quote.at) > 8.64e15) return `its time ${quote.at} is no instant`;
  if (quote.at > now + FUTURE) return `its time lies ${formatSpan(quote.at - now)} in the future`;
  if (last && now - last.checkedAt < DAY) {
    const [was, is] = [price(last), price(quote)];
    if (Math.abs(is - was) > was * 0.2) return `${is} is a jump of over 20 % from ${was}`;
  }
  return undefined;
}

function isWithin({ low, high }: Band, value: number): boolean {
  return value >= low && value <= high;
}

function bandOf(quote: QuoteDraft): Band | undefined {
  if (quote.market !== 'gold') return undefined;
  const [band, unit] =
    quote.currency === 'VND'
      ? ([GOLD_VND_TAEL, 'tael'] as const)
      : quote.currency === 'USD'
        ? ([GOLD_USD_OZT, 'ozt'] as const)
        : ([undefined, 'g'] as const);
  const factor = unitFactor(unit, quote.unit);
  return band && factor !== undefined ? { low: band.low * factor, high: band.high * factor } : undefined;
}
