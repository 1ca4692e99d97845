import { expect } from 'chai';
import fc from 'fast-check';
import { PriceSimulator, type SimulatedPrice, STEP_MS } from '../../src/demo/price-simulator.ts';
import { findCatalogueInstrument } from '../../src/domain/instrument.ts';
import { validateQuote } from '../../src/domain/quote-validation.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 6, 20, 3, 7, 42);

function of(prices: readonly SimulatedPrice[], instrument: string): SimulatedPrice[] {
  return prices.filter((price) => price.instrument === instrument);
}

describe('PriceSimulator', () => {
  const market = new PriceSimulator(1, NOW);
  const instruments = [...new Set(market.history.map(({ instrument }) => instrument))];

  it('is deterministic for its seed, at any time of day', () => {
    const again = new PriceSimulator(1, NOW);
    expect(again.history).to.deep.equal(market.history);
    const later = new PriceSimulator(1, NOW + 0.7 * DAY);
    const numbers = (prices: readonly SimulatedPrice[]) =>
      prices.map(({ instrument, buy, sell }) => [instrument, buy, sell]);
    expect(numbers(later.history)).to.deep.equal(numbers(market.history));
    expect(numbers(later.pricesAt(NOW + 0.7 * DAY + 60_000))).to.deep.equal(numbers(again.pricesAt(NOW + 60_000)));
    expect(numbers(new PriceSimulator(2, NOW).history)).to.not.deep.equal(numbers(market.history));
  });

  it('has daily prices of a year, hourly ones of a month and five-minute ones of a day, up to now', () => {
    const sjc = of(market.history, 'SJC').map(({ at }) => at);
    expect(sjc).to.have.length(335 + 29 * 24 + 288 + 1);
    expect(sjc[0]).to.be.within(NOW - 366 * DAY, NOW - 364 * DAY);
    expect(sjc.at(-1)).to.be.within(NOW - 300_000, NOW);
    expect(sjc.every((at, i) => i === 0 || at > sjc[i - 1]!)).to.equal(true);
    for (const instrument of instruments) expect(of(market.history, instrument)).to.have.length(sjc.length);
  });

  it('has instruments of all three markets of goldctl', () => {
    expect(instruments).to.include.members(['SJC', 'SJC-RING', 'PNJ', 'DOJI', 'XAU', 'BTC', 'ETH', 'USD', 'EUR']);
    expect(new Set(instruments.map((id) => findCatalogueInstrument(id)?.market))).to.deep.equal(
      new Set(['gold', 'crypto', 'fx']),
    );
  });

  it('continues where its history ends, step by step', () => {
    const going = new PriceSimulator(5, NOW);
    const before = going.pricesAt(NOW);
    expect(before.map(({ sell }) => sell)).to.deep.equal(instruments.map((id) => of(going.history, id).at(-1)!.sell));
    expect(going.pricesAt(NOW + STEP_MS - 1)).to.deep.equal(before);
    const after = going.pricesAt(NOW + 30 * STEP_MS);
    expect(after).to.not.deep.equal(before);
    for (const { at } of after) expect(at).to.be.within(before[0]!.at, NOW + 30 * STEP_MS);
    expect(going.pricesAt(NOW), 'time never goes back').to.deep.equal(after);
  });

  it('never has its current prices held, for any seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 600 }), (seed, seconds) => {
        const any = new PriceSimulator(seed, NOW);
        const now = NOW + seconds * 1000;
        const lasts = new Map<string, SimulatedPrice>();
        for (const price of any.history) lasts.set(price.instrument, price);
        for (const price of any.pricesAt(now)) {
          const { instrument } = price;
          const { market } = findCatalogueInstrument(instrument)!;
          const quote = { ...price, market, provider: 'simulated', company: '', brand: '' };
          const last = lasts.get(instrument);
          const before = last ? [{ ...last, kind: 'series' as const, label: 'last price' }] : [];
          const verdict = validateQuote(quote, before, price.at);
          if (verdict.outcome !== 'accepted' || price.buy > price.sell) {
            throw new Error(`${instrument}: ${JSON.stringify(verdict)}`);
          }
          lasts.set(instrument, price);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('correlates like real markets: kinds of gold move together, gold and coins do not', () => {
    const returns = (instrument: string) => {
      const days = of(market.history, instrument).slice(0, 335);
      return days.slice(1).map(({ sell }, i) => Math.log(sell / days[i]!.sell));
    };
    const likeness = (one: string, other: string) => {
      const [a, b] = [returns(one), returns(other)];
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      return sum(a.map((x, i) => x * b[i]!)) / Math.sqrt(sum(a.map((x) => x * x)) * sum(b.map((x) => x * x)));
    };
    expect(likeness('SJC', 'XAU')).to.be.above(0.8);
    expect(likeness('BTC', 'ETH')).to.be.above(0.7);
    expect(Math.abs(likeness('SJC', 'BTC'))).to.be.below(0.3);
  });
});
