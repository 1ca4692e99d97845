import { statfs } from 'node:fs/promises';
import type { Log } from '../rates/log.ts';

const LOW_BYTES = 50 * 1024 * 1024;
const EVERY_MS = 30_000;
const CURRENT_MS = 1000;

export interface SpaceSettings {
  readonly folder: string;
  readonly log: Log;
  /** Less than this is warned of. Default 50 MiB. */
  readonly lowBytes?: number;
  /** Time between two looks. Default 30 s. */
  readonly everyMs?: number;
  /** Called after each look but the first, which is at the start. */
  readonly onLook?: () => void;
  /** Monotonic, ms. */
  readonly now?: () => number;
}

/** Looks how much room the disk of a folder has, and warns before it is full. */
export class Space {
  readonly #folder: string;
  readonly #log: Log;
  readonly #lowBytes: number;
  readonly #everyMs: number;
  readonly #onLook: () => void;
  readonly #now: () => number;
  #free: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking = false;
  #low = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ folder, log, lowBytes, everyMs, onLook, now }: SpaceSettings) {
    this.#folder = folder;
    this.#log = log;
    this.#lowBytes = lowBytes ?? LOW_BYTES;
    this.#everyMs = everyMs ?? EVERY_MS;
    this.#onLook = onLook ?? (() => {});
    this.#now = now ?? (() => performance.now());
  }

  /** Bytes that this user may still write, as of the last look; undefined where the system does not tell. */
  get free(): number | undefined {
    return this.#free;
  }

  /** As `free`, no older than a second or two: writers fill a disk between two looks. */
  current(): number | undefined {
    if (this.#now() - this.#lookedAt >= CURRENT_MS && !this.#looking) void this.look();
    return this.#free;
  }

  get low(): boolean {
    return this.#low;
  }

  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look().then(this.#onLook), this.#everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async look(): Promise<void> {
    this.#looking = true;
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      this.#free = bavail * bsize;
    } catch (error) {
      if (this.#free !== undefined) this.#log.warn({ event: 'space', err: error }, 'the disk does not tell its room');
      this.#free = undefined;
      return;
    } finally {
      this.#looking = false;
      this.#lookedAt = this.#now();
    }
    // A fifth more ends it, so that a disk about the bound does not fill the log as well.
    const low = this.#free < this.#lowBytes * (this.#low ? 1.2 : 1);
    if (low === this.#low) return;
    this.#low = low;
    const fields = { event: 'space', folder: this.#folder, freeBytes: this.#free };
    const free = `${Math.floor(this.#free / 1024 / 1024)} MiB`;
    if (low) this.#log.warn(fields, `the disk of the data folder is nearly full: ${free} are left`);
    else this.#log.info(fields, `the disk of the data folder has room again: ${free}`);
  }
}
