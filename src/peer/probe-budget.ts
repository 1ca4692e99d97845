/** Token bucket parameters, in datagrams. */
interface ProbeLimit {
  readonly burst: number;
  readonly perSecond: number;
}

const TOTAL_LIMIT: ProbeLimit = { burst: 1024, perSecond: 64 };
/** Enough for fifty simultaneous connection attempts. */
const PER_MEMBER_LIMIT: ProbeLimit = { burst: 512, perSecond: 16 };

interface TokenLevel {
  readonly tokens: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** Limits the probes sent in total and for each member, so that one member cannot use up the total. */
export class ProbeBudget {
  readonly #now: () => number;
  #total: TokenLevel;
  /** In the order of their last probe. */
  readonly #members = new Map<string, TokenLevel>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#total = { tokens: TOTAL_LIMIT.burst, at: now() };
  }

  /** @returns whether one more probe may be sent */
  tryTake(member: string): boolean {
    const at = this.#now();
    this.#removeFullEntries(at);
    const total = refill(this.#total, TOTAL_LIMIT, at);
    const own = refill(this.#members.get(member) ?? { tokens: PER_MEMBER_LIMIT.burst, at }, PER_MEMBER_LIMIT, at);
    if (total.tokens < 1 || own.tokens < 1) return false;
    this.#total = { ...total, tokens: total.tokens - 1 };
    this.#members.delete(member);
    this.#members.set(member, { ...own, tokens: own.tokens - 1 });
    return true;
  }

  /** A member with all tokens needs no entry. */
  #removeFullEntries(at: number): void {
    for (const [member, level] of this.#members) {
      if (refill(level, PER_MEMBER_LIMIT, at).tokens < PER_MEMBER_LIMIT.burst) return;
      this.#members.delete(member);
    }
  }
}

function refill({ tokens, at }: TokenLevel, { burst, perSecond }: ProbeLimit, now: number): TokenLevel {
  return { tokens: Math.min(burst, tokens + ((now - at) * perSecond) / 1000), at: now };
}
