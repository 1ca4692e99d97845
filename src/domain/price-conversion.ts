import { defined } from './defined.ts';
import type { Quote } from './quote.ts';
import { parseUnit, type Unit, unitConversionFactor } from './unit.ts';

/** Fits every currency and unit, also in decomposed Unicode. */
export const MAX_PRICE_UNIT_LENGTH = 32;

/** What to convert a price to: a currency, a unit of weight, or both. */
export interface PriceUnit {
  readonly currency?: string;
  readonly unit?: Unit;
}

/** Parses `USD/ozt`, `USD`, `/chi` or `chỉ`, with aliases of units; undefined for other text. */
export function parsePriceUnit(text: string): PriceUnit | undefined {
  if (text.length > MAX_PRICE_UNIT_LENGTH) return undefined;
  const [first = '', second, ...rest] = text.split('/').map((part) => part.trim());
  const unit = parseUnit(second ?? first);
  if (rest.length > 0 || (second !== undefined && unit === undefined)) return undefined;
  if (unit !== undefined && (second === undefined || first === '')) return { unit };
  if (!/^[A-Za-z]{3,5}$/.test(first)) return undefined;
  return { currency: first.toUpperCase(), ...defined({ unit }) };
}

export interface ConvertedPrice {
  readonly buy: number | null;
  readonly sell: number | null;
  readonly currency: string;
  readonly unit: Unit;
  /** The quotes that the result is computed from, the converted one first. */
  readonly legs: readonly Quote[];
}

/** Finds the quote of a currency in another: `rateOf('USD', 'VND')`. */
export type RateLookup = (currency: string, inCurrency: string) => Quote | undefined;

/**
 * Converts a quote to another currency and unit, using existing quotes only and the side a customer would get: VND from
 * gold sold to the shop buys dollars at the bank's `sell`; dollars sold to the bank at its `buy` pay for gold.
 * Undefined if a leg is unknown or the units are not comparable; nothing is estimated.
 */
export function convertQuote(quote: Quote, target: PriceUnit, rateOf: RateLookup): ConvertedPrice | undefined {
  const unit = target.unit ?? quote.unit;
  const factor = unitConversionFactor(quote.unit, unit);
  if (factor === undefined) return undefined;
  const currency = target.currency ?? quote.currency;
  let [buy, sell] = [scaleNullable(quote.buy, factor), scaleNullable(quote.sell, factor)];
  const legs = [quote];
  if (currency !== quote.currency) {
    const direct = rateOf(quote.currency, currency);
    const inverse = direct ? undefined : rateOf(currency, quote.currency);
    if (direct) {
      buy = multiplyNullable(buy, direct.buy ?? direct.sell);
      sell = multiplyNullable(sell, direct.sell ?? direct.buy);
      legs.push(direct);
    } else if (inverse) {
      buy = divideNullable(buy, inverse.sell ?? inverse.buy);
      sell = divideNullable(sell, inverse.buy ?? inverse.sell);
      legs.push(inverse);
    } else {
      return undefined;
    }
  }
  return { buy, sell, currency, unit, legs };
}

const scaleNullable = (value: number | null, factor: number): number | null => (value === null ? null : value * factor);
const multiplyNullable = (value: number | null, by: number | null): number | null =>
  value === null || by === null ? null : value * by;
const divideNullable = (value: number | null, by: number | null): number | null =>
  value === null || by === null ? null : value / by;
