import type { SeededRandom } from '../../src/demo/seeded-random.ts';
import { startOfDay } from '../../src/domain/time.ts';
import { DAY, HOUR } from '../room/room.ts';

/** Instruments of the simulation. */
export type Subject = 'SJC' | 'XAU' | 'BTC' | 'USD';
export const SUBJECTS: readonly Subject[] = ['SJC', 'XAU', 'BTC', 'USD'];

/** Monday, six weeks before Tết. */
export const START = Date.parse('2026-01-05T00:00:00+07:00');
/** Vietnamese shops are closed on these days of the Vietnamese calendar. */
const TET = [Date.parse('2026-02-16T00:00:00+07:00'), Date.parse('2026-02-22T00:00:00+07:00')] as const;

const TROY_OUNCES_PER_TAEL = 37.5 / 31.1034768;
const HOURS_PER_YEAR = 24 * 365;
/** Standard deviations of yearly logarithmic returns. */
const VOLATILITY = { xau: 0.1, usd: 0.02, btc: 0.45, premium: 0.03 };
/** A sudden move of 25 %, up or down. */
const MOVE = 1.25;
/** The first days have neither moves nor faults: a first start has no comparison prices and accepts what it gets. */
export const QUIET_MS = 2 * DAY;

/** True prices per hour of gold, dollars and coins, and the hours at which they moved by a quarter. */
export class SimulatedMarket {
  readonly end: number;
  /** Times of sudden moves, by instrument. */
  readonly moves: Readonly<Record<Subject, number[]>> = { SJC: [], XAU: [], BTC: [], USD: [] };
  readonly #prices: Readonly<Record<Subject, Float64Array>>;

  constructor(chance: SeededRandom, days: number) {
    const hours = days * 24;
    this.end = START + days * DAY;
    this.#prices = {
      SJC: new Float64Array(hours),
      XAU: new Float64Array(hours),
      BTC: new Float64Array(hours),
      USD: new Float64Array(hours),
    };
    const goldMoves = this.#moveHours(chance, days, 'SJC');
    const coinMoves = this.#moveHours(chance, days, 'BTC');
    let [xau, usd, btc, premium] = [4500, 26_300, 90_000, 1.12];
    for (let hour = 0; hour < hours; hour++) {
      const at = START + hour * HOUR;
      xau *= step(chance, VOLATILITY.xau);
      usd = 26_300 + (usd - 26_300) * 0.9999;
      usd *= step(chance, VOLATILITY.usd);
      btc *= step(chance, VOLATILITY.btc);
      premium = (1.12 + (premium - 1.12) * 0.999) * step(chance, VOLATILITY.premium);
      if (goldMoves.has(hour)) {
        xau *= xau > 4500 ? 1 / MOVE : MOVE;
        this.moves.XAU.push(at);
        this.moves.SJC.push(at);
      }
      if (coinMoves.has(hour)) {
        btc *= btc > 90_000 ? 1 / MOVE : MOVE;
        this.moves.BTC.push(at);
      }
      const now: Record<Subject, number> = {
        SJC: xau * usd * TROY_OUNCES_PER_TAEL * premium,
        XAU: xau,
        BTC: btc,
        USD: usd,
      };
      for (const subject of SUBJECTS) {
        const prices = this.#prices[subject];
        prices[hour] = hour === 0 || isOpen(subject, at) ? now[subject] : prices[hour - 1]!;
      }
    }
  }

  /** The true price at a time. */
  price(subject: Subject, at: number): number {
    const prices = this.#prices[subject];
    return prices[Math.min(prices.length - 1, Math.max(0, Math.floor((at - START) / HOUR)))]!;
  }

  /** Whether the price moved by a quarter within a period before a time. */
  hasMoved(subject: Subject, at: number, withinMs: number): boolean {
    return this.moves[subject].some((move) => move <= at && at < move + withinMs);
  }

  /** Hours of sudden moves, within trading hours and after the quiet start. About four a year. */
  #moveHours(chance: SeededRandom, days: number, subject: Subject): Set<number> {
    const hours = new Set<number>();
    for (let day = QUIET_MS / DAY + 1; day < days - 1; day++) {
      if (chance.next() >= 4 / 365) continue;
      const hour = day * 24 + 9 + Math.floor(chance.next() * 6);
      if (isOpen(subject, START + hour * HOUR)) hours.add(hour);
    }
    return hours;
  }
}

function step(chance: SeededRandom, volatility: number): number {
  return Math.exp((chance.normal() * volatility) / Math.sqrt(HOURS_PER_YEAR));
}

/** Whether an instrument is traded in the hour that begins at a time. */
export function isOpen(subject: Subject, at: number): boolean {
  if (subject === 'BTC') return true;
  const day = startOfDay(at);
  const weekday = new Date(day + 7 * HOUR).getUTCDay();
  const hour = (at - day) / HOUR;
  if (subject === 'XAU') return weekday > 0 && weekday < 6;
  if (at >= TET[0] && at < TET[1]) return false;
  return subject === 'SJC'
    ? weekday > 0 && hour >= 8 && hour < 18
    : weekday > 0 && weekday < 6 && hour >= 8 && hour < 17;
}
