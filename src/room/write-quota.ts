import { Failure } from '../domain/failure.ts';
import { nameKey } from '../domain/name.ts';
import { sourceOf } from '../domain/source-key.ts';
import { timeLeft } from './time-left.ts';

/** What members may have written for good. Bytes are those of the text; records are little larger. */
export interface WriteLimits {
  /** Of one member. */
  readonly postsPerDay: number;
  readonly bytesPerDay: number;
  /** Of all members from one source: an IPv4 address, the /64 of an IPv6 one. */
  readonly postsPerDayPerSource: number;
  readonly bytesPerDayPerSource: number;
  /** Nothing is written while the disk has less room. */
  readonly freeBytes: number;
}

interface WriteQuotaSettings {
  /** Read at each write: a reload sets them anew. */
  readonly limits: WriteLimits;
  /** Room on the disk; undefined where it is not known. */
  readonly freeBytes: () => number | undefined;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/** Who writes. */
export interface Author {
  readonly name: string;
  /** Left out for the control socket, whose source is not counted. */
  readonly address?: string | undefined;
}

interface Spending {
  posts: number;
  bytes: number;
  /** When it was counted last. */
  at: number;
}

type Amount = Omit<Spending, 'at'>;

const DAY_MS = 86_400_000;
/** Members and sources that are counted; of more, the one that wrote longest ago is forgotten. */
const MAX_KEYS = 100_000;
/** What a record costs besides its text. */
const RECORD_BYTES = 256;

/**
 * Bounds what members make the journal grow by: posts and bytes, by member and by source. What was written is forgiven
 * evenly over a day, so that a quota that is used up refills at once, a little at a time. Counts are of this process.
 */
export class WriteQuota {
  readonly #limits: WriteLimits;
  readonly #freeBytes: () => number | undefined;
  readonly #now: () => number;
  readonly #members = new Map<string, Spending>();
  readonly #sources = new Map<string, Spending>();

  constructor({ limits, freeBytes, now }: WriteQuotaSettings) {
    this.#limits = limits;
    this.#freeBytes = freeBytes;
    this.#now = now;
  }

  /**
   * Counts a post, an edit or a direct message, before it is written.
   * @throws Failure TOO_MANY_REQUESTS with `retryAfterMs`, NOT_AVAILABLE
   */
  post(author: Author, text: string): void {
    this.#charge(author, { posts: 1, bytes: RECORD_BYTES + Buffer.byteLength(text) });
  }

  /** Counts the bytes of another record, as `post`. */
  record(author: Author, ...texts: readonly string[]): void {
    this.#charge(author, { posts: 0, bytes: RECORD_BYTES + Buffer.byteLength(texts.join('')) });
  }

  #charge({ name, address }: Author, amount: Amount): void {
    const free = this.#freeBytes();
    if (free !== undefined && free < this.#limits.freeBytes) {
      throw new Failure(
        'NOT_AVAILABLE',
        "The daemon's disk is nearly full. Nothing is written until there is room again; reading goes on.",
      );
    }
    const { postsPerDay, bytesPerDay, postsPerDayPerSource, bytesPerDayPerSource } = this.#limits;
    const member = this.#spendingOf(this.#members, nameKey(name), { posts: postsPerDay, bytes: bytesPerDay });
    check(member, amount, { posts: postsPerDay, bytes: bytesPerDay }, 'You have written');
    if (address !== undefined) {
      const quota = { posts: postsPerDayPerSource, bytes: bytesPerDayPerSource };
      const source = this.#spendingOf(this.#sources, sourceOf(address), quota);
      check(source, amount, quota, 'Members at your address have written');
      spend(source, amount);
    }
    spend(member, amount);
  }

  /** What a key has spent and is not forgiven yet. */
  #spendingOf(spendings: Map<string, Spending>, key: string, quota: Amount): Spending {
    const now = this.#now();
    const before = spendings.get(key) ?? { posts: 0, bytes: 0, at: now };
    const days = (now - before.at) / DAY_MS;
    const spending = {
      posts: Math.max(0, before.posts - days * quota.posts),
      bytes: Math.max(0, before.bytes - days * quota.bytes),
      at: now,
    };
    spendings.delete(key);
    spendings.set(key, spending);
    if (spendings.size > MAX_KEYS) spendings.delete(spendings.keys().next().value!);
    return spending;
  }
}

function spend(spending: Spending, { posts, bytes }: Amount): void {
  spending.posts += posts;
  spending.bytes += bytes;
}

/** @throws Failure TOO_MANY_REQUESTS */
function check(spending: Spending, amount: Amount, quota: Amount, who: string): void {
  const waits = (['posts', 'bytes'] as const).map((what) => {
    // One that is larger than the whole quota is taken while nothing else was.
    const over = spending[what] + Math.min(amount[what], quota[what]) - quota[what];
    return over <= 0 ? 0 : (over / quota[what]) * DAY_MS;
  });
  const retryAfterMs = Math.ceil(Math.max(...waits));
  if (retryAfterMs === 0) return;
  throw new Failure(
    'TOO_MANY_REQUESTS',
    `${who} as much as fits into a day. The quota refills all the time: try again in ${timeLeft(retryAfterMs)}.`,
    { data: { retryAfterMs } },
  );
}
