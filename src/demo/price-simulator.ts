import { findCatalogueInstrument } from '../domain/instrument.ts';
import { DAY_MS, type EpochMs, HOUR_MS } from '../domain/time.ts';
import type { Unit } from '../domain/unit.ts';
import { SeededRandom } from './seeded-random.ts';

/** Interval of the prices of the last day. */
const RECENT_STEP_MS = 5 * 60_000;
const MONTH_MS = 30 * DAY_MS;
const YEAR_MS = 365 * DAY_MS;

/** Duration of a live step. */
export const STEP_MS = 2000;
/** Simulated time per live step, faster than real time to make a demo lively. */
const SIMULATED_STEP_MS = 10 * STEP_MS;

/** Common factors and the yearly standard deviation of their logarithmic returns. */
const FORCE_DEVIATIONS = { gold: 0.16, coins: 0.5, dollar: 0.025, none: 0 };

interface RandomWalk {
  readonly id: string;
  /** Approximate selling price at the start. */
  readonly price: number;
  /** The buying price is lower by this share. */
  readonly spread: number;
  /** Prices are multiples of it. */
  readonly tick: number;
  /** Per live step: shops change prices rarely, exchanges of coins all the time. */
  readonly changeProbability: number;
  readonly force: keyof typeof FORCE_DEVIATIONS;
  /** Sensitivity to the common factor. */
  readonly beta: number;
  /** Yearly deviation of its own. */
  readonly ownDeviation: number;
}

const GOLD = { spread: 0.016, tick: 50_000, changeProbability: 0.15, force: 'gold', beta: 0.9 } as const;
const COIN = { spread: 0.0004, changeProbability: 0.3, force: 'coins' } as const;
const CURRENCY = { spread: 0.008, changeProbability: 0.1, force: 'dollar', beta: 1 } as const;

const RANDOM_WALKS: readonly RandomWalk[] = [
  { ...GOLD, id: 'SJC', price: 181_500_000, ownDeviation: 0.04 },
  { ...GOLD, id: 'SJC-RING', price: 178_600_000, ownDeviation: 0.045 },
  { ...GOLD, id: 'PNJ', price: 181_300_000, ownDeviation: 0.04 },
  { ...GOLD, id: 'DOJI', price: 181_400_000, ownDeviation: 0.04 },
  { ...GOLD, id: 'XAU', price: 4520, spread: 0.0001, tick: 0.1, changeProbability: 0.3, beta: 1, ownDeviation: 0.01 },
  { ...COIN, id: 'BTC', price: 104_000, tick: 0.5, beta: 1, ownDeviation: 0.08 },
  { ...COIN, id: 'ETH', price: 3900, tick: 0.05, beta: 1.2, ownDeviation: 0.25 },
  { ...COIN, id: 'SOL', price: 182, tick: 0.01, beta: 1.3, ownDeviation: 0.4 },
  { ...COIN, id: 'BNB', price: 690, tick: 0.05, beta: 0.9, ownDeviation: 0.25 },
  { ...COIN, id: 'DOGE', price: 0.212, tick: 0.00001, beta: 1.3, ownDeviation: 0.6 },
  { ...CURRENCY, id: 'USD', price: 26_420, tick: 5, ownDeviation: 0 },
  { ...CURRENCY, id: 'EUR', price: 30_900, tick: 5, ownDeviation: 0.07 },
  { ...CURRENCY, id: 'JPY', price: 172.4, tick: 0.05, ownDeviation: 0.09 },
];

/** Currency and unit come from the catalogue. */
export interface SimulatedPrice {
  readonly instrument: string;
  readonly buy: number;
  readonly sell: number;
  readonly currency: string;
  readonly unit: Unit;
  /** When the price was set. */
  readonly at: EpochMs;
}

/** Simulates correlated random walks. The same seed gives the same prices, whenever the demo starts. */
export class PriceSimulator {
  /** The year before the start: daily prices, hourly in the last month, every five minutes in the last day. */
  readonly history: readonly SimulatedPrice[];
  readonly #random: SeededRandom;
  readonly #start: EpochMs;
  /** Logarithms of the prices. */
  readonly #logPrices: number[];
  #steps = 0;
  #prices: SimulatedPrice[];

  /** @param now start of the demo */
  constructor(seed: number, now: EpochMs) {
    this.#random = new SeededRandom(seed);
    this.#start = now;
    // Avoid the round numbers of the table.
    const today = RANDOM_WALKS.map(({ price }) => Math.log(price) + 0.01 * this.#random.normal());
    this.#logPrices = [...today];
    const moments = historyTimes(now);
    const path: number[][] = [];
    for (const [i, at] of moments.entries()) {
      this.#advance(at - (moments[i - 1] ?? at));
      path.push([...this.#logPrices]);
    }
    // Shift every walk as a whole, so that it ends at today's price.
    const shifts = today.map((price, i) => price - this.#logPrices[i]!);
    const shifted = path.map((logPrices) => logPrices.map((price, i) => price + shifts[i]!));
    this.history = moments.flatMap((at, i) => toPrices(shifted[i]!, at));
    this.#logPrices = today;
    this.#prices = toPrices(today, moments.at(-1)!);
  }

  /** @param now must not decrease; an earlier time returns the prices of the last call */
  pricesAt(now: EpochMs): readonly SimulatedPrice[] {
    const wanted = Math.floor((now - this.#start) / STEP_MS);
    for (; this.#steps < wanted; this.#steps++) {
      this.#advance(SIMULATED_STEP_MS);
      const at = this.#start + (this.#steps + 1) * STEP_MS;
      const moved = toPrices(this.#logPrices, at);
      this.#prices = moved.map((price, i) => {
        const before = this.#prices[i]!;
        const isShown = this.#random.next() < RANDOM_WALKS[i]!.changeProbability;
        return !isShown || (before.buy === price.buy && before.sell === price.sell) ? before : price;
      });
    }
    return this.#prices;
  }

  #advance(ms: number): void {
    const scale = Math.sqrt(ms / YEAR_MS);
    const random = this.#random;
    const forces = Object.fromEntries(
      Object.entries(FORCE_DEVIATIONS).map(([force, deviation]) => [force, deviation * scale * random.normal()]),
    );
    for (const [i, { force, beta, ownDeviation }] of RANDOM_WALKS.entries()) {
      this.#logPrices[i]! += beta * forces[force]! + ownDeviation * scale * random.normal();
    }
  }
}

/** Oldest first. Their number does not depend on the time of day, so that a seed always takes the same steps. */
function historyTimes(now: EpochMs): EpochMs[] {
  const last = Math.floor(now / RECENT_STEP_MS) * RECENT_STEP_MS;
  const back = (from: number, to: number, step: number) =>
    Array.from({ length: (from - to) / step }, (_, i) => last - from + i * step);
  return [
    ...back(YEAR_MS, MONTH_MS, DAY_MS),
    ...back(MONTH_MS, DAY_MS, HOUR_MS),
    ...back(DAY_MS, 0, RECENT_STEP_MS),
    last,
  ];
}

function toPrices(logPrices: readonly number[], at: EpochMs): SimulatedPrice[] {
  return RANDOM_WALKS.map(({ id, spread, tick }, i) => {
    const { currency, unit } = findCatalogueInstrument(id)!;
    const price = Math.exp(logPrices[i]!);
    const sell = roundToTick(price, tick);
    return { instrument: id, buy: Math.min(roundToTick(price * (1 - spread), tick), sell), sell, currency, unit, at };
  });
}

/** Without binary noise: 4520.1, not 4520.100000000001. */
function roundToTick(value: number, tick: number): number {
  return Number((Math.max(1, Math.round(value / tick)) * tick).toPrecision(12));
}
