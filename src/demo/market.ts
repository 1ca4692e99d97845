import type { Instant } from '../domain/instant.ts';
import { knownInstrument } from '../domain/instrument.ts';
import type { Unit } from '../domain/unit.ts';
import { Chance } from './chance.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** How long a live step lasts. */
export const STEP_MS = 2000;
/** A live step moves prices as this much time would: nobody watches a demo for a day. */
const STEP_MOVES_MS = 10 * STEP_MS;

/** What moves several instruments at once; deviation of a year's logarithmic returns. */
const FORCES = { gold: 0.16, coins: 0.5, dollar: 0.025, none: 0 };

interface Walker {
  readonly id: string;
  /** What one costs to buy when the demo starts, about. */
  readonly price: number;
  /** The house's buying price is lower by this part of it. */
  readonly spread: number;
  /** Prices are whole multiples of it. */
  readonly tick: number;
  /** How likely a live step shows a new price: shops change theirs now and then, coins are dealt in all the time. */
  readonly pace: number;
  readonly force: keyof typeof FORCES;
  /** How much of the force it feels. */
  readonly beta: number;
  /** Deviation of a year of its own. */
  readonly own: number;
}

const gold = (id: string, price: number, own: number): Walker => ({
  id,
  price,
  spread: 0.016,
  tick: 50_000,
  pace: 0.15,
  force: 'gold',
  beta: 0.9,
  own,
});
const coin = (id: string, price: number, tick: number, beta: number, own: number): Walker => ({
  id,
  price,
  spread: 0.0004,
  tick,
  pace: 0.3,
  force: 'coins',
  beta,
  own,
});
const money = (id: string, price: number, tick: number, own: number): Walker => ({
  id,
  price,
  spread: 0.008,
  tick,
  pace: 0.1,
  force: 'dollar',
  beta: 1,
  own,
});

const WALKERS: readonly Walker[] = [
  gold('SJC', 181_500_000, 0.04),
  gold('SJC-RING', 178_600_000, 0.045),
  gold('PNJ', 181_300_000, 0.04),
  gold('DOJI', 181_400_000, 0.04),
  { id: 'XAU', price: 4520, spread: 0.0001, tick: 0.1, pace: 0.3, force: 'gold', beta: 1, own: 0.01 },
  coin('BTC', 104_000, 0.5, 1, 0.08),
  coin('ETH', 3900, 0.05, 1.2, 0.25),
  coin('SOL', 182, 0.01, 1.3, 0.4),
  coin('BNB', 690, 0.05, 0.9, 0.25),
  coin('DOGE', 0.212, 0.00001, 1.3, 0.6),
  money('USD', 26_420, 5, 0),
  money('EUR', 30_900, 5, 0.07),
  money('JPY', 172.4, 0.05, 0.09),
];

/** A price of the market; what each instrument counts in is the catalogue's. */
export interface Price {
  readonly instrument: string;
  readonly buy: number;
  readonly sell: number;
  readonly currency: string;
  readonly unit: Unit;
  /** Since when it has held. */
  readonly at: Instant;
}

/**
 * A market that never was: random walks, of which those of one kind lean on one another as real ones do. The same seed
 * gives the same prices, however late the demo is started.
 */
export class Market {
  /** A year up to the start: a price a day, of the last month one an hour, of the last day one every five minutes. */
  readonly past: readonly Price[];
  readonly #chance: Chance;
  readonly #start: Instant;
  /** Logarithms of the prices. */
  readonly #walks: number[];
  #steps = 0;
  #prices: Price[];

  /** @param now when the demo starts */
  constructor(seed: number, now: Instant) {
    this.#chance = new Chance(seed);
    this.#start = now;
    // Not the round figures of the table.
    const today = WALKERS.map(({ price }) => Math.log(price) + 0.01 * this.#chance.normal());
    this.#walks = [...today];
    const moments = pastMoments(now);
    const path: number[][] = [];
    for (const [i, at] of moments.entries()) {
      this.#move(at - (moments[i - 1] ?? at));
      path.push([...this.#walks]);
    }
    // A walk ends anywhere: the whole of it is shifted so that it ends at today's price.
    const shifts = today.map((price, i) => price - this.#walks[i]!);
    this.past = moments.flatMap((at, i) =>
      pricesOf(
        path[i]!.map((price, j) => price + shifts[j]!),
        at,
      ),
    );
    this.#walks = today;
    this.#prices = pricesOf(today, moments.at(-1)!);
  }

  /** What holds at an instant. Time only goes on: an earlier one than before gives the same prices. */
  pricesAt(now: Instant): readonly Price[] {
    const wanted = Math.floor((now - this.#start) / STEP_MS);
    for (; this.#steps < wanted; this.#steps++) {
      this.#move(STEP_MOVES_MS);
      const at = this.#start + (this.#steps + 1) * STEP_MS;
      const moved = pricesOf(this.#walks, at);
      this.#prices = moved.map((price, i) => {
        const before = this.#prices[i]!;
        const isShown = this.#chance.next() < WALKERS[i]!.pace;
        return !isShown || (before.buy === price.buy && before.sell === price.sell) ? before : price;
      });
    }
    return this.#prices;
  }

  #move(ms: number): void {
    const scale = Math.sqrt(ms / YEAR);
    const chance = this.#chance;
    const forces = Object.fromEntries(
      Object.entries(FORCES).map(([force, deviation]) => [force, deviation * scale * chance.normal()]),
    );
    for (const [i, { force, beta, own }] of WALKERS.entries()) {
      this.#walks[i]! += beta * forces[force]! + own * scale * chance.normal();
    }
  }
}

/** As many whatever the time of day, so that a seed always takes the same steps; oldest first. */
function pastMoments(now: Instant): Instant[] {
  const last = Math.floor(now / (5 * MINUTE)) * 5 * MINUTE;
  const back = (from: number, to: number, step: number) =>
    Array.from({ length: (from - to) / step }, (_, i) => last - from + i * step);
  return [...back(365 * DAY, 30 * DAY, DAY), ...back(30 * DAY, DAY, HOUR), ...back(DAY, 0, 5 * MINUTE), last];
}

function pricesOf(logarithms: readonly number[], at: Instant): Price[] {
  return WALKERS.map(({ id, spread, tick }, i) => {
    const { currency, unit } = knownInstrument(id)!;
    const paid = Math.exp(logarithms[i]!);
    const sell = rounded(paid, tick);
    return { instrument: id, buy: Math.min(rounded(paid * (1 - spread), tick), sell), sell, currency, unit, at };
  });
}

/** Without the dust of binary fractions: 4520.1, not 4520.100000000001. */
function rounded(value: number, tick: number): number {
  return Number((Math.max(1, Math.round(value / tick)) * tick).toPrecision(12));
}
