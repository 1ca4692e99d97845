import type { Buffer } from 'node:buffer';

const MAX_CONCURRENT_WRITES = 2;
export const BLOCKS_PER_WRITE = 8;
/** How long a block waits for the ones after it. */
const WRITE_GATHER_MS = 10;

export interface BlockWrite {
  readonly file: number;
  readonly block: number;
  readonly content: Uint8Array;
  readonly leaf: Buffer;
}

interface PendingWrite extends BlockWrite {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes adjacent blocks together, because each system call costs as much as hashing a block. */
export class WriteQueue {
  readonly #writeRun: (run: readonly BlockWrite[]) => Promise<void>;
  readonly #pending: PendingWrite[] = [];
  #activeWrites = 0;
  #gatherTimer: NodeJS.Timeout | undefined;

  /** @param writeRun writes adjacent blocks of one file */
  constructor(writeRun: (run: readonly BlockWrite[]) => Promise<void>) {
    this.#writeRun = writeRun;
  }

  /** Resolves when the block is written; rejects with what `writeRun` throws. */
  add(write: BlockWrite): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#pending.push({ ...write, resolve, reject });
    });
    if (this.#pending.length >= BLOCKS_PER_WRITE) this.#startWrites();
    else this.#gatherTimer ??= setTimeout(() => this.#startWrites(), WRITE_GATHER_MS);
    return written;
  }

  #startWrites(): void {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    const pending = this.#pending;
    while (this.#activeWrites < MAX_CONCURRENT_WRITES && pending.length > 0) {
      const run = [pending.shift()!];
      const { file, block } = run[0]!;
      while (run.length < BLOCKS_PER_WRITE && pending[0]?.file === file && pending[0].block === block + run.length) {
        run.push(pending.shift()!);
      }
      this.#activeWrites += 1;
      void this.#write(run).finally(() => {
        this.#activeWrites -= 1;
        if (pending.length >= BLOCKS_PER_WRITE || !this.#gatherTimer) this.#startWrites();
      });
    }
  }

  /** Never rejects: errors go to the callers of `add`. */
  async #write(run: readonly PendingWrite[]): Promise<void> {
    try {
      await this.#writeRun(run);
      for (const { resolve } of run) resolve();
    } catch (error) {
      for (const { reject } of run) reject(error);
    }
  }
}
