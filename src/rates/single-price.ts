import type { NewQuote } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';

/** A quote of a provider that states a single price, used for both sides. */
export function singlePriceQuote<At extends EpochMs | undefined>(
  quote: Omit<NewQuote, 'at' | 'buy' | 'sell' | 'brand'> & { readonly at: At },
  price: number,
): NewQuote & { readonly at: At } {
  return { ...quote, brand: '', buy: price, sell: price };
}

/** The price of a coin in USD. */
export function coinQuote<At extends EpochMs | undefined>(
  source: Pick<NewQuote, 'provider' | 'company'>,
  instrument: string,
  price: number,
  at: At,
): NewQuote & { readonly at: At } {
  return singlePriceQuote({ ...source, instrument, market: 'crypto', currency: 'USD', unit: 'coin', at }, price);
}

/** The price of a US dollar in a currency: `USD` in đồng, `USD-EUR` in euros. */
export function dollarRateQuote(
  source: Pick<NewQuote, 'provider' | 'company'>,
  currency: string,
  price: number,
  at: EpochMs | undefined,
): NewQuote {
  const instrument = currency === 'VND' ? 'USD' : `USD-${currency}`;
  return singlePriceQuote({ ...source, instrument, market: 'fx', currency, unit: 'each', at }, price);
}
