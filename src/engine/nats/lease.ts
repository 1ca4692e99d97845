import { randomUUID } from 'node:crypto';
import type { KV } from '@nats-io/kv';
import { sleep } from '../../sleep.ts';
import type { Lease } from '../types.ts';

/** The key expires this long after the holder's last renewal. With the others' polling, the lease moves within 15 s. */
export const LEASE_TTL_MS = 9000;
/** The holder gives up before the key can expire, however late a reply came. */
const EXPIRY_MARGIN_MS = 1500;
const RENEW_INTERVAL_MS = 2500;
const RETRY_DELAY_MS = 500;
const ACQUIRE_POLL_MS = 1000;

/** A key that expires unless its holder renews it. */
export class NatsLease implements Lease {
  readonly #key: string;
  readonly #store: () => Promise<KV>;
  readonly #holderId = randomUUID();
  #revision: number | undefined;
  /** We certainly hold it until then, in monotonic ms. */
  #heldUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param bucket key-value store whose keys expire after LEASE_TTL_MS */
  constructor(name: string, bucket: () => Promise<KV>) {
    this.#key = name;
    this.#store = bucket;
  }

  get isHeld(): boolean {
    return this.#revision !== undefined && performance.now() < this.#heldUntil;
  }

  async acquire(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.isHeld || (await this.#tryAcquire())) {
        if (!signal.aborted) return;
        await this.release();
        continue;
      }
      await sleep(ACQUIRE_POLL_MS, signal);
    }
  }

  async release(): Promise<void> {
    clearTimeout(this.#timer);
    const revision = this.#revision;
    this.#revision = undefined;
    if (revision === undefined) return;
    try {
      await (await this.#store()).delete(this.#key, { previousSeq: revision });
    } catch {
      // expires by itself
    }
  }

  async #tryAcquire(): Promise<boolean> {
    const requestedAt = performance.now();
    try {
      this.#setHeld(requestedAt, await (await this.#store()).create(this.#key, this.#holderId));
    } catch {
      // Another daemon holds it, or the cluster does not reply. Or our write succeeded and its reply was lost.
      const revision = await this.#ownRevision();
      if (revision !== undefined) this.#revision = revision;
      if (revision !== undefined) await this.#renew();
    }
    return this.isHeld;
  }

  #setHeld(requestedAt: number, revision: number): void {
    this.#revision = revision;
    this.#heldUntil = requestedAt + LEASE_TTL_MS - EXPIRY_MARGIN_MS;
    this.#scheduleRenewal(RENEW_INTERVAL_MS);
  }

  #scheduleRenewal(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), ms).unref();
  }

  async #renew(): Promise<void> {
    const revision = this.#revision;
    if (revision === undefined) return;
    const requestedAt = performance.now();
    try {
      const next = await (await this.#store()).update(this.#key, this.#holderId, revision);
      if (this.#revision === revision) this.#setHeld(requestedAt, next);
    } catch {
      const ownRevision = await this.#ownRevision();
      if (this.#revision !== revision) return;
      if (ownRevision !== undefined) this.#revision = ownRevision;
      else if (!this.isHeld) this.#revision = undefined;
      if (this.#revision !== undefined) this.#scheduleRenewal(RETRY_DELAY_MS);
    }
  }

  /** Revision of the key if this daemon holds it. */
  async #ownRevision(): Promise<number | undefined> {
    try {
      const entry = await (await this.#store()).get(this.#key);
      return entry?.operation === 'PUT' && entry.string() === this.#holderId ? entry.revision : undefined;
    } catch {
      return undefined;
    }
  }
}
