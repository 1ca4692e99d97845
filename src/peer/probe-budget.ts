/** Datagrams at once, and a second in the long run. */
interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

const TOTAL: Limit = { burst: 1024, perSecond: 64 };
/** Fifty introductions at once take as many. */
const EACH_MEMBER: Limit = { burst: 512, perSecond: 16 };

interface Level {
  readonly tokens: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** How many probes an endpoint sends, in all and because of one member: one member alone does not use them up. */
export class ProbeBudget {
  readonly #now: () => number;
  #total: Level;
  /** The members probed last come last. */
  readonly #members = new Map<string, Level>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#total = { tokens: TOTAL.burst, at: now() };
  }

  /** @returns whether one more probe may be sent */
  take(member: string): boolean {
    const at = this.#now();
    this.#forgetFull(at);
    const total = filled(this.#total, TOTAL, at);
    const own = filled(this.#members.get(member) ?? { tokens: EACH_MEMBER.burst, at }, EACH_MEMBER, at);
    if (total.tokens < 1 || own.tokens < 1) return false;
    this.#total = { ...total, tokens: total.tokens - 1 };
    this.#members.delete(member);
    this.#members.set(member, { ...own, tokens: own.tokens - 1 });
    return true;
  }

  /** A member whose tokens are back needs no entry. */
  #forgetFull(at: number): void {
    for (const [member, level] of this.#members) {
      if (filled(level, EACH_MEMBER, at).tokens < EACH_MEMBER.burst) return;
      this.#members.delete(member);
    }
  }
}

function filled({ tokens, at }: Level, { burst, perSecond }: Limit, now: number): Level {
  return { tokens: Math.min(burst, tokens + ((now - at) * perSecond) / 1000), at: now };
}
