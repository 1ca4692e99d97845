import { type NewQuote, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import type { ComparisonPrice } from '../domain/quote-validation.ts';
import type { EpochMs } from '../domain/time.ts';
import { unitConversionFactor } from '../domain/unit.ts';
import type { ReadModel } from '../projections/read-model.ts';
import type { Quarantine } from './quarantine.ts';
import type { RateQueries } from './rate-queries.ts';

const MAX_PROVIDERS = 8;
const MAX_NEIGHBOURS = 3;
const NEIGHBOUR_MS = 7 * 86_400_000;
/** The instrument with the world price, by market. */
const WORLD_INSTRUMENTS: Readonly<Record<string, string>> = { gold: 'XAU', silver: 'XAG' };

export class ComparisonPrices {
  readonly #readModel: ReadModel;
  readonly #rates: RateQueries;
  readonly #quarantine: Quarantine;

  constructor(room: { readModel: ReadModel; rates: RateQueries }, quarantine: Quarantine) {
    this.#readModel = room.readModel;
    this.#rates = room.rates;
    this.#quarantine = quarantine;
  }

  /**
   * For a price that a provider states now: the last price of its series, fresh prices of other providers, held prices
   * that they still state, and the price implied by other instruments.
   * @param isWeak whether the last price of its series is weak
   */
  current(
    quote: Pick<NewQuote, 'instrument' | 'provider' | 'company' | 'brand' | 'market' | 'currency' | 'unit'>,
    isWeak: boolean,
    now: EpochMs,
  ): ComparisonPrice[] {
    const found: ComparisonPrice[] = [];
    const last = this.#readModel.quotes.latestOf(seriesId(quote));
    if (last) found.push({ ...toComparison('series', 'last price', last), isWeak });
    let providers = 0;
    for (const other of this.#rates.freshQuotes(quote.instrument)) {
      if (other.provider === quote.provider || ++providers > MAX_PROVIDERS) continue;
      found.push(toComparison('provider', other.provider, other));
    }
    for (const held of this.#readModel.quotes.heldQuotes.ofInstrument(quote.instrument)) {
      if (
        held.quote.provider === quote.provider ||
        !this.#quarantine.isCurrent(seriesId(held.quote), held.quote, now)
      ) {
        continue;
      }
      if (++providers > MAX_PROVIDERS) break;
      found.push({ ...toComparison('provider', held.quote.provider, held.quote), isHeld: true });
    }
    const implied = this.#implied(quote);
    if (implied) found.push(implied);
    return found;
  }

  /** For a past price: stored prices of the instrument shortly before it, from other batches. */
  async neighbours(instrument: string, at: EpochMs, batch: number, except?: SeriesId): Promise<ComparisonPrice[]> {
    const found: ComparisonPrice[] = [];
    for (const latest of this.#rates.rankedQuotes(instrument)) {
      if (seriesId(latest) === except) continue;
      const neighbour = await this.#readModel.quotes.history.newestBefore(latest, at + 1);
      if (!neighbour || at - neighbour.at > NEIGHBOUR_MS || (batch > 0 && neighbour.batch === batch)) continue;
      found.push(toComparison('neighbour', neighbour.provider, neighbour));
      if (found.length === MAX_NEIGHBOURS) break;
    }
    return found;
  }

  /** Vietnamese gold from world gold and the dollar; a currency from the dollar and its cross rate. */
  #implied({
    instrument,
    market,
    currency,
    unit,
  }: Parameters<ComparisonPrices['current']>[0]): ComparisonPrice | undefined {
    const dollar = this.#rates.freshest('USD');
    if (dollar?.currency !== 'VND') return undefined;
    const metal = WORLD_INSTRUMENTS[market];
    if (metal !== undefined && currency === 'VND') {
      const world = this.#rates.freshest(metal);
      const factor = world && unitConversionFactor(world.unit, unit);
      if (!world || factor === undefined) return undefined;
      return impliedPrice(`${world.instrument} × USD`, world, dollar, factor);
    }
    if (market === 'fx' && currency === 'VND' && instrument !== 'USD') {
      const cross = this.#rates.freshest(`USD-${instrument}`);
      const price = cross && (cross.sell ?? cross.buy);
      if (!cross || !price) return undefined;
      return impliedPrice(
        `USD ÷ ${cross.instrument}`,
        dollar,
        { buy: 1 / price, sell: 1 / price, checkedAt: cross.checkedAt },
        1,
      );
    }
    return undefined;
  }
}

function toComparison(kind: ComparisonPrice['kind'], label: string, { buy, sell, checkedAt }: Quote): ComparisonPrice {
  return { kind, label, buy, sell, at: checkedAt };
}

function impliedPrice(
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
