import { statfs } from 'node:fs/promises';
import type { Logger } from '../domain/logger.ts';

const DEFAULT_LOW_BYTES = 50 * 1024 * 1024;
const DEFAULT_INTERVAL_MS = 30_000;
const MAX_AGE_MS = 1000;

export interface DiskSpaceMonitorOptions {
  readonly folder: string;
  readonly log: Logger;
  /** Warn if less is free. Default 50 MiB. */
  readonly lowBytes?: number;
  /** Time between two checks. Default 30 s. */
  readonly intervalMs?: number;
  /** Called after each check except the first, at the start. */
  readonly onCheck?: () => void;
  readonly now?: () => number;
}

/** Monitors the free disk space of a folder and warns before the disk is full. */
export class DiskSpaceMonitor {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #lowBytes: number;
  readonly #intervalMs: number;
  readonly #onCheck: () => void;
  readonly #now: () => number;
  #freeBytes: number | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #isChecking = false;
  #isLow = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ folder, log, lowBytes, intervalMs, onCheck, now }: DiskSpaceMonitorOptions) {
    this.#folder = folder;
    this.#log = log;
    this.#lowBytes = lowBytes ?? DEFAULT_LOW_BYTES;
    this.#intervalMs = intervalMs ?? DEFAULT_INTERVAL_MS;
    this.#onCheck = onCheck ?? (() => {});
    this.#now = now ?? (() => performance.now());
  }

  /** Bytes available to this user at the last check; undefined if the system does not report it. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  /** Like `freeBytes`, but at most a second or two old: writers can fill a disk between two checks. */
  currentFreeBytes(): number | undefined {
    if (this.#now() - this.#checkedAt >= MAX_AGE_MS && !this.#isChecking) void this.check();
    return this.#freeBytes;
  }

  get isLow(): boolean {
    return this.#isLow;
  }

  async start(): Promise<void> {
    await this.check();
    this.#timer = setInterval(() => void this.check().then(this.#onCheck), this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async check(): Promise<void> {
    this.#isChecking = true;
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      this.#freeBytes = bavail * bsize;
    } catch (error) {
      if (this.#freeBytes !== undefined)
        this.#log.warn({ event: 'space', err: error }, 'the free space of the disk cannot be read');
      this.#freeBytes = undefined;
      return;
    } finally {
      this.#isChecking = false;
      this.#checkedAt = this.#now();
    }
    // Hysteresis of 20 %, so that a disk near the limit does not flood the log.
    const low = this.#freeBytes < this.#lowBytes * (this.#isLow ? 1.2 : 1);
    if (low === this.#isLow) return;
    this.#isLow = low;
    const fields = { event: 'space', folder: this.#folder, freeBytes: this.#freeBytes };
    const free = `${Math.floor(this.#freeBytes / 1024 / 1024)} MiB`;
    if (low) this.#log.warn(fields, `the disk of the data folder is nearly full: ${free} free`);
    else this.#log.info(fields, `the disk of the data folder has space again: ${free} free`);
  }
}
