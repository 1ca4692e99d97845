import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AppError } from '../domain/app-error.ts';
import type { PasswordHash } from '../projections/journal-records.ts';
import { FairQueue } from './fair-queue.ts';

export interface ScryptParams {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export interface HashQueueHooks {
  /** Called before hashing. If it throws, the hash is skipped and the error is the result. */
  begin?(): void;
  /** Called after hashing, before the next password's turn. */
  end?(isRight: boolean): void;
  /** Waits even if the queue is full: for callers that hash one password after another. */
  ignoresLimit?: boolean;
  /** Key of the source address; sources take turns. */
  source?: string;
  account?: string;
  /** Removes the password from the queue when nobody waits for it any more. */
  signal?: AbortSignal | undefined;
}

/** For new passwords. Also the cost of each guess. */
export const DEFAULT_SCRYPT_PARAMS: ScryptParams = { N: 2 ** 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Limits of waiting passwords per source and per account: a minimum, or a share of the total limit. */
const WAITING_PER_SOURCE = { least: 4, share: 1 / 16 };
const WAITING_PER_ACCOUNT = { least: 2, share: 1 / 32 };

/**
 * Hashes passwords with scrypt, one at a time: each takes about 100 ms and 32 MiB, and its threads also serve the disk.
 * Sources take turns, and few passwords may wait per source and account. Beyond these limits and the total `limit`,
 * callers are asked to retry; when the queue is full, the source with the most waiting passwords loses one.
 */
export class PasswordHasher {
  readonly #params: ScryptParams;
  maxWaiting: number;
  readonly #queue = new FairQueue({ concurrency: 1 });
  readonly #waitingOfAccount = new Map<string, number>();
  #lastDurationMs = 100;

  constructor({ cost = DEFAULT_SCRYPT_PARAMS, limit = 64 }: { cost?: ScryptParams; limit?: number } = {}) {
    this.#params = cost;
    this.maxWaiting = limit;
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  /** @throws AppError TOO_MANY_REQUESTS, and what `turn.begin` throws */
  hash(password: string, hooks: HashQueueHooks = {}): Promise<PasswordHash> {
    return this.#enqueue(hooks, async () => {
      const salt = randomBytes(SALT_BYTES);
      const hash = await this.#derive(password, salt, this.#params);
      hooks.end?.(true);
      const { N, r, p } = this.#params;
      return { hash: hash.toString('base64'), salt: salt.toString('base64'), N, r, p };
    });
  }

  /** @throws AppError TOO_MANY_REQUESTS, and what `turn.begin` throws */
  verify(password: string, stored: PasswordHash, hooks: HashQueueHooks = {}): Promise<boolean> {
    return this.#enqueue(hooks, async () => {
      const hash = await this.#derive(password, Buffer.from(stored.salt, 'base64'), stored);
      const expected = Buffer.from(stored.hash, 'base64');
      const isRight = expected.length === HASH_BYTES && timingSafeEqual(hash, expected);
      hooks.end?.(isRight);
      return isRight;
    });
  }

  /** Whether its parameters differ from those for new passwords. */
  needsRehash({ N, r, p }: PasswordHash): boolean {
    return N !== this.#params.N || r !== this.#params.r || p !== this.#params.p;
  }

  async #enqueue<T>(hooks: HashQueueHooks, work: () => Promise<T>): Promise<T> {
    const { source = '', account, signal } = hooks;
    if (!hooks.ignoresLimit && !this.#queue.isIdle) this.#assertCapacity(source, account);
    let isWaiting = true;
    const leave = () => {
      if (isWaiting) this.#countWaiting(account, -1);
      isWaiting = false;
    };
    this.#countWaiting(account, 1);
    try {
      return await this.#queue.add(
        source,
        async () => {
          leave();
          hooks.begin?.();
          const startedAt = performance.now();
          try {
            return await work();
          } finally {
            this.#lastDurationMs = performance.now() - startedAt;
          }
        },
        signal,
      );
    } finally {
      leave();
    }
  }

  /** @throws AppError TOO_MANY_REQUESTS */
  #assertCapacity(source: string, account: string | undefined): void {
    const ofSource = this.#queue.waitingOf(source);
    const ofAccount = account === undefined ? 0 : (this.#waitingOfAccount.get(account) ?? 0);
    const limitOf = ({ least, share }: typeof WAITING_PER_SOURCE) =>
      Math.max(least, Math.floor(this.maxWaiting * share));
    if (ofSource >= limitOf(WAITING_PER_SOURCE) || ofAccount >= limitOf(WAITING_PER_ACCOUNT))
      throw this.#tooManyError();
    if (this.#queue.waiting >= this.maxWaiting && !this.#queue.evictFromLongest(ofSource + 1, this.#tooManyError()))
      throw this.#tooManyError();
  }

  #countWaiting(account: string | undefined, more: 1 | -1): void {
    if (account === undefined) return;
    const count = (this.#waitingOfAccount.get(account) ?? 0) + more;
    if (count === 0) this.#waitingOfAccount.delete(account);
    else this.#waitingOfAccount.set(account, count);
  }

  #tooManyError(): AppError {
    const retryAfterMs = Math.max(1000, Math.ceil(this.#queue.waiting * this.#lastDurationMs));
    return new AppError('TOO_MANY_REQUESTS', 'Too many sign-ins. Try again shortly.', {
      data: { retryAfterMs },
    });
  }

  #derive(password: string, salt: Buffer, { N, r, p }: ScryptParams): Promise<Buffer> {
    const maxmem = 128 * r * (N + p + 2) + 2 ** 20;
    return new Promise((resolve, reject) => {
      scrypt(password, salt, HASH_BYTES, { N, r, p, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
    });
  }
}
