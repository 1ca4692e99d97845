import type { Instant } from '../domain/instant.ts';
import type { QuoteDraft } from '../domain/quote.ts';

/** The quote of a source that states one price where others state two: it stands for both sides. */
export function onePrice<At extends Instant | undefined>(
  quote: Omit<QuoteDraft, 'at' | 'buy' | 'sell' | 'brand'> & { readonly at: At },
  price: number,
): QuoteDraft & { readonly at: At } {
  return { ...quote, brand: '', buy: price, sell: price };
}

/** One price of a coin in dollars. */
export function coinPrice<At extends Instant | undefined>(
  source: Pick<QuoteDraft, 'provider' | 'company'>,
  instrument: string,
  price: number,
  at: At,
): QuoteDraft & { readonly at: At } {
  return onePrice({ ...source, instrument, market: 'crypto', currency: 'USD', unit: 'coin', at }, price);
}

/** What a dollar costs in a currency: `USD` in đồng, `USD-EUR` in euros. */
export function dollarRate(
  source: Pick<QuoteDraft, 'provider' | 'company'>,
  currency: string,
  price: number,
  at: Instant | undefined,
): QuoteDraft {
  const instrument = currency === 'VND' ? 'USD' : `USD-${currency}`;
  return onePrice({ ...source, instrument, market: 'fx', currency, unit: 'each', at }, price);
}
