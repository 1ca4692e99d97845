import { agreedOffset, CLOCK_TOLERANCE_MS, clockProblem } from '../domain/clock-offset.ts';
import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';

/** Hosts that are remembered; a room has some twenty. */
const MAX_HOSTS = 256;

/**
 * Compares this machine's clock with the `Date` headers of the sources, and says as of when a response counts. Prices are
 * not dated by a clock that is wrong.
 */
export class ClockCheck {
  /** How far each host's clock is ahead of ours, in milliseconds. */
  readonly #offsets = new Map<string, number>();
  #lastNow = Number.NEGATIVE_INFINITY;

  /** How far the sources' clocks are ahead of ours, where most of them agree that ours is wrong; else undefined. */
  get offsetMs(): number | undefined {
    return agreedOffset([...this.#offsets.values()]);
  }

  /**
   * As of when a response counts: now, or when it was made where a cache kept it.
   * @param respondedAt its `Date` header; undefined where it has none
   * @throws Failure NOT_AVAILABLE where this machine's clock cannot be right
   */
  asOf(host: string, respondedAt: Instant | undefined, now: Instant): Instant {
    // The clock was set back: offsets from the clock of before say nothing about this one.
    if (now < this.#lastNow - CLOCK_TOLERANCE_MS) this.#offsets.clear();
    this.#lastNow = now;
    if (respondedAt === undefined) {
      if (this.offsetMs !== undefined) throw wrongClock(this.offsetMs);
      return now;
    }
    const offset = respondedAt - now;
    this.#offsets.delete(host);
    this.#offsets.set(host, offset);
    if (this.#offsets.size > MAX_HOSTS) this.#offsets.delete(this.#offsets.keys().next().value!);
    if (Math.abs(offset) <= CLOCK_TOLERANCE_MS) return now;
    // Kept by a cache, or our clock is ahead: either way the price is of then.
    if (offset < 0) return respondedAt;
    const others = [...this.#offsets.entries()].filter(([other]) => other !== host);
    const agreeing = others.filter(([, other]) => Math.abs(other) <= CLOCK_TOLERANCE_MS);
    if (agreeing.length >= 2) return now; // this one host's clock is ahead
    throw wrongClock(offset);
  }
}

function wrongClock(offsetMs: number): Failure {
  return new Failure('NOT_AVAILABLE', `${clockProblem(offsetMs)} Prices are not stored until it is set right.`);
}
