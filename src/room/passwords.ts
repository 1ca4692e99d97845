import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import PQueue from 'p-queue';
import { Failure } from '../domain/failure.ts';
import type { PasswordHash } from '../view/records.ts';

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
}

/** Of a new password: what a guess costs as well. */
export const COST: Cost = { N: 2 ** 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/**
 * Hashes passwords (scrypt), one at a time: each takes about 100 ms and 32 MiB, and the threads that do it also serve
 * the disk. Beyond `limit` that wait, callers are told to come again.
 */
export class Passwords {
  readonly #cost: Cost;
  /** Passwords that wait at most. */
  limit: number;
  readonly #queue = new PQueue({ concurrency: 1 });
  /** How long the last one took, ms. */
  #took = 100;

  constructor({ cost = COST, limit = 64 }: { cost?: Cost; limit?: number } = {}) {
    this.#cost = cost;
    this.limit = limit;
  }

  /** Passwords that wait now. */
  get waiting(): number {
    return this.#queue.size;
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
    if (!turn.patient && this.#queue.pending > 0 && this.#queue.size >= this.limit) {
      const retryAfterMs = Math.max(1000, Math.ceil(this.#queue.size * this.#took));
      throw new Failure('TOO_MANY_REQUESTS', 'Too many people sign in at this moment. Try again in a little while.', {
        data: { retryAfterMs },
      });
    }
    return await this.#queue.add(async () => {
      turn.begin?.();
      const begun = performance.now();
      try {
        return await work();
      } finally {
        this.#took = performance.now() - begun;
      }
    });
  }

  #derive(password: string, salt: Buffer, { N, r, p }: Cost): Promise<Buffer> {
    const maxmem = 128 * r * (N + p + 2) + 2 ** 20;
    return new Promise((resolve, reject) => {
      scrypt(password, salt, HASH_BYTES, { N, r, p, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
    });
  }
}
