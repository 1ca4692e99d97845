import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { rateLimitKey } from '../domain/rate-limit-key.ts';
import { formatRetryDelay } from './sliding-window-limiter.ts';

/** Limits of permanent writes. Bytes are those of the text, plus a small overhead per record. */
export interface WriteLimits {
  readonly postsPerDay: number;
  readonly bytesPerDay: number;
  /** Per source of all members together: an IPv4 address, or the /64 of an IPv6 address. */
  readonly postsPerDayPerSource: number;
  readonly bytesPerDayPerSource: number;
  /** Writes are refused while the disk has less space. */
  readonly freeBytes: number;
}

interface WriteQuotaSettings {
  /** Read at each write, because a reload changes them. */
  readonly limits: WriteLimits;
  readonly freeBytes: () => number | undefined;
  readonly now: () => number;
}

export interface Author {
  readonly name: string;
  /** Undefined on the control socket, whose source is not counted. */
  readonly address?: string | undefined;
}

interface Usage {
  posts: number;
  bytes: number;
  at: number;
}

type Amount = Omit<Usage, 'at'>;

const DAY_MS = 86_400_000;
/** Members and sources that are counted. The one that wrote longest ago is forgotten. */
const MAX_KEYS = 100_000;
const RECORD_OVERHEAD_BYTES = 256;

/**
 * Limits how fast members grow the journal: posts and bytes, per member and per source. Usage decays evenly over a day,
 * so that an exhausted quota refills gradually. Counts are in memory.
 */
export class WriteQuota {
  readonly #limits: WriteLimits;
  readonly #freeBytes: () => number | undefined;
  readonly #now: () => number;
  readonly #members = new Map<string, Usage>();
  readonly #sources = new Map<string, Usage>();

  constructor({ limits, freeBytes, now }: WriteQuotaSettings) {
    this.#limits = limits;
    this.#freeBytes = freeBytes;
    this.#now = now;
  }

  /**
   * Charges a post, an edit or a direct message before it is written.
   * @throws AppError TOO_MANY_REQUESTS with `retryAfterMs`, NOT_AVAILABLE
   */
  chargePost(author: Author, text: string): void {
    this.#charge(author, { posts: 1, bytes: RECORD_OVERHEAD_BYTES + Buffer.byteLength(text) });
  }

  /** Charges the bytes of another record; otherwise like `chargePost`. */
  chargeRecord(author: Author, ...texts: readonly string[]): void {
    this.#charge(author, { posts: 0, bytes: RECORD_OVERHEAD_BYTES + Buffer.byteLength(texts.join('')) });
  }

  #charge({ name, address }: Author, amount: Amount): void {
    const free = this.#freeBytes();
    if (free !== undefined && free < this.#limits.freeBytes) {
      throw new AppError(
        'NOT_AVAILABLE',
        "The daemon's disk is nearly full. Writes are refused until there is space again; reads continue.",
      );
    }
    const { postsPerDay, bytesPerDay, postsPerDayPerSource, bytesPerDayPerSource } = this.#limits;
    const member = this.#usageOf(this.#members, canonicalName(name), { posts: postsPerDay, bytes: bytesPerDay });
    assertWithinQuota(member, amount, { posts: postsPerDay, bytes: bytesPerDay }, 'You have reached');
    if (address !== undefined) {
      const quota = { posts: postsPerDayPerSource, bytes: bytesPerDayPerSource };
      const source = this.#usageOf(this.#sources, rateLimitKey(address), quota);
      assertWithinQuota(source, amount, quota, 'Members at your address have reached');
      addUsage(source, amount);
    }
    addUsage(member, amount);
  }

  #usageOf(spendings: Map<string, Usage>, key: string, quota: Amount): Usage {
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

function addUsage(spending: Usage, { posts, bytes }: Amount): void {
  spending.posts += posts;
  spending.bytes += bytes;
}

/** @throws AppError TOO_MANY_REQUESTS */
function assertWithinQuota(spending: Usage, amount: Amount, quota: Amount, who: string): void {
  const waits = (['posts', 'bytes'] as const).map((what) => {
    // A write larger than the whole quota is accepted if nothing else was written.
    const over = spending[what] + Math.min(amount[what], quota[what]) - quota[what];
    return over <= 0 ? 0 : (over / quota[what]) * DAY_MS;
  });
  const retryAfterMs = Math.ceil(Math.max(...waits));
  if (retryAfterMs === 0) return;
  throw new AppError(
    'TOO_MANY_REQUESTS',
    `${who} the daily limit. It refills gradually: try again in ${formatRetryDelay(retryAfterMs)}.`,
    { data: { retryAfterMs } },
  );
}
