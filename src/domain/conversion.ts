import type { Quote } from './quote.ts';
import { isUnit, type Unit, unitFactor } from './unit.ts';

/** What a price is asked in: a currency, a unit of weight, or both. */
export interface Measure {
  readonly currency?: string;
  readonly unit?: Unit;
}

/** Reads `USD/ozt`, `USD`, `/chi` or `chi`; undefined when it is none of them. */
export function parseMeasure(text: string): Measure | undefined {
  const [first = '', second, ...rest] = text.trim().split('/');
  if (rest.length > 0) return undefined;
  const unitText = (second ?? '').toLowerCase();
  if (second !== undefined && unitText === '') return undefined;
  if (second === undefined && isUnit(first.toLowerCase())) return { unit: first.toLowerCase() as Unit };
  if (first !== '' && !/^[A-Za-z]{3,5}$/.test(first)) return undefined;
  if (unitText !== '' && !isUnit(unitText)) return undefined;
  if (first === '' && unitText === '') return undefined;
  return {
    ...(first === '' ? {} : { currency: first.toUpperCase() }),
    ...(unitText === '' ? {} : { unit: unitText as Unit }),
  };
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
