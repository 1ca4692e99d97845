import type { Instant } from '../domain/instant.ts';
import { type Quote, type QuoteDraft, type SeriesId, seriesId } from '../domain/quote.ts';
import type { ComparisonPrice } from '../domain/quote-validation.ts';
import { unitFactor } from '../domain/unit.ts';
import type { View } from '../view/view.ts';
import type { Rates } from './rates.ts';

/** Other providers that a price is compared with at most. */
const MAX_PROVIDERS = 8;
/** Series that an imported price is compared with at most. */
const MAX_NEIGHBOURS = 3;
const NEIGHBOUR_MS = 7 * 86_400_000;
/** The world price of each market of metal. */
const METALS: Readonly<Record<string, string>> = { gold: 'XAU', silver: 'XAG' };

/** Finds the prices that a new price is compared with. */
export class ComparisonPrices {
  readonly #view: View;
  readonly #rates: Rates;

  constructor(room: { view: View; rates: Rates }) {
    this.#view = room.view;
    this.#rates = room.rates;
  }

  /**
   * Of a price that a provider states now: the last price of its series, the fresh prices of other providers, and what
   * other instruments imply.
   * @param isWeak whether the last price of its series is weak
   */
  current(
    quote: Pick<QuoteDraft, 'instrument' | 'provider' | 'company' | 'brand' | 'market' | 'currency' | 'unit'>,
    isWeak: boolean,
  ): ComparisonPrice[] {
    const found: ComparisonPrice[] = [];
    const last = this.#view.quotes.latestOf(seriesId(quote));
    if (last) found.push({ ...compared('series', 'last price', last), isWeak });
    let providers = 0;
    for (const other of this.#rates.fresh(quote.instrument)) {
      if (other.provider === quote.provider || ++providers > MAX_PROVIDERS) continue;
      found.push(compared('provider', other.provider, other));
    }
    for (const held of this.#view.quotes.heldQuotes.ofInstrument(quote.instrument)) {
      if (held.quote.provider === quote.provider || ++providers > MAX_PROVIDERS) continue;
      found.push({ ...compared('provider', held.quote.provider, held.quote), isHeld: true });
    }
    const implied = this.#implied(quote);
    if (implied) found.push(implied);
    return found;
  }

  /** Of a price of the past: stored prices of the instrument shortly before it, of other batches. */
  async near(instrument: string, at: Instant, batch: number, except: SeriesId | undefined): Promise<ComparisonPrice[]> {
    const found: ComparisonPrice[] = [];
    for (const latest of this.#rates.ranked(instrument)) {
      if (seriesId(latest) === except) continue;
      const neighbour = await this.#view.quotes.history.newestBefore(latest, at + 1);
      if (!neighbour || at - neighbour.at > NEIGHBOUR_MS || (batch > 0 && neighbour.batch === batch)) continue;
      found.push(compared('neighbour', neighbour.provider, neighbour));
      if (found.length === MAX_NEIGHBOURS) break;
    }
    return found;
  }

  /** Vietnamese gold by world gold and the dollar, a currency by the dollar and its cross. */
  #implied({
    instrument,
    market,
    currency,
    unit,
  }: Parameters<ComparisonPrices['current']>[0]): ComparisonPrice | undefined {
    const dollar = this.#rates.freshest('USD');
    if (dollar?.currency !== 'VND') return undefined;
    const metal = METALS[market];
    if (metal !== undefined && currency === 'VND') {
      const world = this.#rates.freshest(metal);
      const factor = world && unitFactor(world.unit, unit);
      if (!world || factor === undefined) return undefined;
      return product(`${world.instrument} × USD`, world, dollar, factor);
    }
    if (market === 'fx' && currency === 'VND' && instrument !== 'USD') {
      const cross = this.#rates.freshest(`USD-${instrument}`);
      const price = cross && (cross.sell ?? cross.buy);
      if (!cross || !price) return undefined;
      return product(
        `USD ÷ ${cross.instrument}`,
        dollar,
        { buy: 1 / price, sell: 1 / price, checkedAt: cross.checkedAt },
        1,
      );
    }
    return undefined;
  }
}

function compared(kind: ComparisonPrice['kind'], label: string, { buy, sell, checkedAt }: Quote): ComparisonPrice {
  return { kind, label, buy, sell, at: checkedAt };
}

function product(
  label: string,
  a: Pick<Quote, 'buy' | 'sell' | 'checkedAt'>,
  b: Pick<Quote, 'buy' | 'sell' | 'checkedAt'>,
  factor: number,
): ComparisonPrice {
  const times = (x: number | null, y: number | null) => (x === null || y === null ? null : x * y * factor);
  return {
    kind: 'implied',
    label,
    buy: times(a.buy ?? a.sell, b.buy ?? b.sell),
    sell: times(a.sell ?? a.buy, b.sell ?? b.buy),
    at: Math.min(a.checkedAt, b.checkedAt),
  };
}
