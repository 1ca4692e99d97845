import { AppError } from '../domain/app-error.ts';
import { CLOCK_TOLERANCE_MS, describeClockOffset, findAgreedClockOffset } from '../domain/clock-offset.ts';
import type { EpochMs } from '../domain/time.ts';

/** Bounds memory; there are about twenty hosts in practice. */
const MAX_TRACKED_HOSTS = 256;

/**
 * Compares this machine's clock with the `Date` headers of providers and decides the time at which a response was
 * observed, so that prices are never dated by a wrong clock.
 */
export class ClockCheck {
  /** How far each host's clock is ahead of ours, in milliseconds. */
  readonly #offsets = new Map<string, number>();
  readonly #monotonic: () => number;
  /** The difference between this machine's clock and its monotonic one. */
  #lastDifferenceMs: number | undefined;

  /** @param monotonic milliseconds of a clock that nobody sets */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /**
   * How far most providers' clocks are ahead of ours if they agree that ours is wrong; otherwise undefined.
   * @param now this machine's time
   */
  offsetAt(now: EpochMs): number | undefined {
    this.#forgetIfClockWasSet(now);
    return findAgreedClockOffset([...this.#offsets.values()]);
  }

  /**
   * The time at which a response was observed: now, or its `Date` if a cache kept it.
   * @param respondedAt its `Date` header, if any
   * @throws AppError NOT_AVAILABLE if this machine's clock must be wrong
   */
  observationTime(host: string, respondedAt: EpochMs | undefined, now: EpochMs): EpochMs {
    if (respondedAt === undefined) {
      const agreed = this.offsetAt(now);
      if (agreed !== undefined) throw wrongClockError(agreed);
      return now;
    }
    this.#forgetIfClockWasSet(now);
    const offset = respondedAt - now;
    this.#offsets.delete(host);
    this.#offsets.set(host, offset);
    if (this.#offsets.size > MAX_TRACKED_HOSTS) this.#offsets.delete(this.#offsets.keys().next().value!);
    if (Math.abs(offset) <= CLOCK_TOLERANCE_MS) return now;
    // Cached, or our clock is ahead: either way, the price dates from then.
    if (offset < 0) return respondedAt;
    const others = [...this.#offsets.entries()].filter(([other]) => other !== host);
    const agreeing = others.filter(([, other]) => Math.abs(other) <= CLOCK_TOLERANCE_MS);
    if (agreeing.length >= 2) return now; // only this host's clock is ahead
    throw wrongClockError(offset);
  }

  /** Offsets from before the clock was set, or the machine slept, mean nothing. */
  #forgetIfClockWasSet(now: EpochMs): void {
    const difference = now - this.#monotonic();
    if (Math.abs(difference - (this.#lastDifferenceMs ?? difference)) > CLOCK_TOLERANCE_MS) this.#offsets.clear();
    this.#lastDifferenceMs = difference;
  }
}

function wrongClockError(offsetMs: number): AppError {
  return new AppError(
    'NOT_AVAILABLE',
    `${describeClockOffset(offsetMs)} Prices are not stored until the clock is corrected.`,
  );
}
