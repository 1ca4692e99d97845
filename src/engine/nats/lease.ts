import { randomUUID } from 'node:crypto';
import type { KV } from '@nats-io/kv';
import type { Lease } from '../contract.ts';

/** So long after a holder's last sign its key is gone: with the looks of the others it has moved within 15 s. */
export const LEASE_MS = 9000;
/** The holder gives it up itself before the others can have it, however late an answer came. */
const MARGIN_MS = 1500;
const RENEW_MS = 2500;
const RETRY_MS = 500;
const LOOK_MS = 1000;

/** A key that goes by itself unless its holder writes it again. */
export class NatsLease implements Lease {
  readonly #key: string;
  readonly #bucket: () => Promise<KV>;
  readonly #self = randomUUID();
  #revision: number | undefined;
  /** It is ours for sure until then. */
  #until = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param bucket of keys that go after LEASE_MS */
  constructor(name: string, bucket: () => Promise<KV>) {
    this.#key = name;
    this.#bucket = bucket;
  }

  get held(): boolean {
    return this.#revision !== undefined && performance.now() < this.#until;
  }

  async acquire(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.held || (await this.#take())) {
        if (!signal.aborted) return;
        await this.release();
        continue;
      }
      await pause(LOOK_MS, signal);
    }
  }

  async release(): Promise<void> {
    clearTimeout(this.#timer);
    const revision = this.#revision;
    this.#revision = undefined;
    if (revision === undefined) return;
    try {
      await (await this.#bucket()).delete(this.#key, { previousSeq: revision });
    } catch {
      // it goes by itself
    }
  }

  async #take(): Promise<boolean> {
    const asked = performance.now();
    try {
      this.#have(asked, await (await this.#bucket()).create(this.#key, this.#self));
    } catch {
      // Somebody has it, or the cluster does not answer; or it was written, and the answer lost.
      const revision = await this.#ours();
      if (revision !== undefined) this.#revision = revision;
      if (revision !== undefined) await this.#renew();
    }
    return this.held;
  }

  #have(asked: number, revision: number): void {
    this.#revision = revision;
    this.#until = asked + LEASE_MS - MARGIN_MS;
    this.#later(RENEW_MS);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), ms).unref();
  }

  async #renew(): Promise<void> {
    const revision = this.#revision;
    if (revision === undefined) return;
    const asked = performance.now();
    try {
      const next = await (await this.#bucket()).update(this.#key, this.#self, revision);
      if (this.#revision === revision) this.#have(asked, next);
    } catch {
      const ours = await this.#ours();
      if (this.#revision !== revision) return;
      if (ours !== undefined) this.#revision = ours;
      else if (!this.held) this.#revision = undefined;
      if (this.#revision !== undefined) this.#later(RETRY_MS);
    }
  }

  /** Revision of the key where it is ours. */
  async #ours(): Promise<number | undefined> {
    try {
      const entry = await (await this.#bucket()).get(this.#key);
      return entry?.operation === 'PUT' && entry.string() === this.#self ? entry.revision : undefined;
    } catch {
      return undefined;
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
