import type { Quote } from './quote.ts';
import { parseUnit, type Unit, unitFactor } from './unit.ts';

/** Enough for every currency and unit, also in decomposed Unicode. */
export const MAX_MEASURE_LENGTH = 32;

/** What a price is asked in: a currency, a unit of weight, or both. */
export interface Measure {
  readonly currency?: string;
  readonly unit?: Unit;
}

/** Reads `USD/ozt`, `USD`, `/chi` or `chỉ`; undefined when it is none of them. Units have their aliases. */
export function parseMeasure(text: string): Measure | undefined {
  if (text.length > MAX_MEASURE_LENGTH) return undefined;
  const [first = '', second, ...rest] = text.split('/').map((part) => part.trim());
  const unit = parseUnit(second ?? first);
  if (rest.length > 0 || (second !== undefined && unit === undefined)) return undefined;
  if (unit !== undefined && (second === undefined || first === '')) return { unit };
  if (!/^[A-Za-z]{3,5}$/.test(first)) return undefined;
  return { currency: first.toUpperCase(), ...(unit === undefined ? {} : { unit }) };
}

export interface Converted {
  readonly buy: number | null;
  readonly sell: number | null;
  readonly currency: string;
  readonly unit: Unit;
  /** The quotes that the figures rest on, the converted one first. */
  readonly legs: readonly Quote[];
}

/** Finds the quote of a foreign currency in another: `rate('USD', 'VND')`. */
export type RateOf = (currency: string, inCurrency: string) => Quote | undefined;

/**
 * A quote in another currency and unit, by quotes that exist, each leg at the price somebody would get: gold sold
 * to the shop for VND buys dollars at the bank's `sell`; dollars sold to the bank at its `buy` pay for gold.
 * Undefined when a leg is not known or the units do not compare; nothing is estimated.
 */
export function convert(quote: Quote, measure: Measure, rateOf: RateOf): Converted | undefined {
  const unit = measure.unit ?? quote.unit;
  const factor = unitFactor(quote.unit, unit);
  if (factor === undefined) return undefined;
  const currency = measure.currency ?? quote.currency;
  let [buy, sell] = [scale(quote.buy, factor), scale(quote.sell, factor)];
  const legs = [quote];
  if (currency !== quote.currency) {
    const direct = rateOf(quote.currency, currency);
    const inverse = direct ? undefined : rateOf(currency, quote.currency);
    if (direct) {
      buy = multiply(buy, direct.buy ?? direct.sell);
      sell = multiply(sell, direct.sell ?? direct.buy);
      legs.push(direct);
    } else if (inverse) {
      buy = divide(buy, inverse.sell ?? inverse.buy);
      sell = divide(sell, inverse.buy ?? inverse.sell);
      legs.push(inverse);
    } else {
      return undefined;
    }
  }
  return { buy, sell, currency, unit, legs };
}

const scale = (value: number | null, factor: number): number | null => (value === null ? null : value * factor);
const multiply = (value: number | null, by: number | null): number | null =>
  value === null || by === null ? null : value * by;
const divide = (value: number | null, by: number | null): number | null =>
  value === null || by === null ? null : value / by;
