import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Failure } from '../domain/failure.ts';
import type { PasswordHash } from '../view/records.ts';
import { FairQueue } from './fair-queue.ts';

export interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What happens when a password's turn has come. */
export interface Turn {
  /** Before the work; what it throws spares the work and is the answer. */
  begin?(): void;
  /** After the work and before the next password's turn. */
  end?(right: boolean): void;
  /** Waits even where the queue is full: for work that asks for one after another. */
  patient?: boolean;
  /** Where it comes from (`sourceOf`): sources take turns. */
  source?: string;
  /** The name it is for, its key. */
  account?: string;
  /** Nobody waits for it any more: it gives up its place. */
  signal?: AbortSignal | undefined;
}

/** Of a new password: what a guess costs as well. */
export const COST: Cost = { N: 2 ** 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What may wait of one source and of one account: so many, or this share of all that may. */
const OF_SOURCE = { least: 4, share: 1 / 16 };
const OF_ACCOUNT = { least: 2, share: 1 / 32 };

/**
 * Hashes passwords (scrypt), one at a time: each takes about 100 ms and 32 MiB, and the threads that do it also serve
 * the disk. Sources take turns, and each source and account has few that wait. Beyond that, and beyond `limit` in all,
 * callers are told to come again; where the queue is full, the source with most of it gives way.
 */
export class Passwords {
  readonly #cost: Cost;
  /** Passwords that wait at most. */
  limit: number;
  readonly #queue = new FairQueue({ concurrency: 1 });
  /** Passwords that wait, by account. */
  readonly #waitingOfAccount = new Map<string, number>();
  /** How long the last one took, ms. */
  #took = 100;

  constructor({ cost = COST, limit = 64 }: { cost?: Cost; limit?: number } = {}) {
    this.#cost = cost;
    this.limit = limit;
  }

  /** Passwords that wait now. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** @throws Failure TOO_MANY_REQUESTS, and what `turn.begin` throws */
  hash(password: string, turn: Turn = {}): Promise<PasswordHash> {
    return this.#next(turn, async () => {
      const salt = randomBytes(SALT_BYTES);
      const hash = await this.#derive(password, salt, this.#cost);
      turn.end?.(true);
      const { N, r, p } = this.#cost;
      return { hash: hash.toString('base64'), salt: salt.toString('base64'), N, r, p };
    });
  }

  /** @throws Failure TOO_MANY_REQUESTS, and what `turn.begin` throws */
  verify(password: string, kept: PasswordHash, turn: Turn = {}): Promise<boolean> {
    return this.#next(turn, async () => {
      const hash = await this.#derive(password, Buffer.from(kept.salt, 'base64'), kept);
      const expected = Buffer.from(kept.hash, 'base64');
      const right = expected.length === HASH_BYTES && timingSafeEqual(hash, expected);
      turn.end?.(right);
      return right;
    });
  }

  /** Whether it was made with other parameters than new ones are. */
  outdated({ N, r, p }: PasswordHash): boolean {
    return N !== this.#cost.N || r !== this.#cost.r || p !== this.#cost.p;
  }

  async #next<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    const { source = '', account, signal } = turn;
    if (!turn.patient && !this.#queue.isIdle) this.#checkRoom(source, account);
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
          turn.begin?.();
          const begun = performance.now();
          try {
            return await work();
          } finally {
            this.#took = performance.now() - begun;
          }
        },
        signal,
      );
    } finally {
      leave();
    }
  }

  /** @throws Failure TOO_MANY_REQUESTS */
  #checkRoom(source: string, account: string | undefined): void {
    const ofSource = this.#queue.waitingOf(source);
    const ofAccount = account === undefined ? 0 : (this.#waitingOfAccount.get(account) ?? 0);
    const most = ({ least, share }: typeof OF_SOURCE) => Math.max(least, Math.floor(this.limit * share));
    if (ofSource >= most(OF_SOURCE) || ofAccount >= most(OF_ACCOUNT)) throw this.#tooMany();
    if (this.#queue.waiting >= this.limit && !this.#queue.displace(ofSource + 1, this.#tooMany()))
      throw this.#tooMany();
  }

  #countWaiting(account: string | undefined, more: 1 | -1): void {
    if (account === undefined) return;
    const count = (this.#waitingOfAccount.get(account) ?? 0) + more;
    if (count === 0) this.#waitingOfAccount.delete(account);
    else this.#waitingOfAccount.set(account, count);
  }

  #tooMany(): Failure {
    const retryAfterMs = Math.max(1000, Math.ceil(this.#queue.waiting * this.#took));
    return new Failure('TOO_MANY_REQUESTS', 'Too many people sign in at this moment. Try again in a little while.', {
      data: { retryAfterMs },
    });
  }

  #derive(password: string, salt: Buffer, { N, r, p }: Cost): Promise<Buffer> {
    const maxmem = 128 * r * (N + p + 2) + 2 ** 20;
    return new Promise((resolve, reject) => {
      scrypt(password, salt, HASH_BYTES, { N, r, p, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
    });
  }
}
