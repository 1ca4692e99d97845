import { AppError } from '../domain/app-error.ts';
import { BandwidthLimiter } from './bandwidth-limiter.ts';
import type { LegacyFetchRequest } from './ipc.ts';
import { downloadLegacy } from './legacy-download.ts';
import type { TransferRegistry } from './transfer-registry.ts';

export interface LegacyDownloadManagerOptions {
  readonly transfers: TransferRegistry;
  readonly downloadFolder: string;
  readonly stateFolder: string;
}

interface RunningLegacyDownload {
  readonly abort: AbortController;
  readonly finished: Promise<void>;
  readonly cancel: () => void;
}

/** Downloads from legacy clients: unencrypted and unverified, which the user has explicitly allowed. */
export class LegacyDownloadManager {
  readonly #options: LegacyDownloadManagerOptions;
  readonly #running = new Map<number, RunningLegacyDownload>();

  constructor(options: LegacyDownloadManagerOptions) {
    this.#options = options;
  }

  /** @returns the id of the transfer */
  fetch({ to, limit, ...file }: LegacyFetchRequest): number {
    const { member, name, size } = file;
    const { transfers, downloadFolder, stateFolder } = this.#options;
    const entry = transfers.add({ direction: 'in', member, name, size, files: 1, state: 'connecting' });
    const abort = new AbortController();
    const finished = downloadLegacy({
      ...file,
      downloadFolder: to ?? downloadFolder,
      stateFolder,
      limiter: new BandwidthLimiter(limit),
      signal: abort.signal,
      onProgress: (done, bytesPerSecond) => {
        entry.update({ state: 'active', done, bytesPerSecond, peers: [{ member, path: 'unencrypted' }] });
      },
    })
      .then(
        (saved) => {
          entry.setPath(member, 'unencrypted');
          entry.end('done', undefined, saved);
        },
        (thrown) => {
          if (!abort.signal.aborted) entry.end('failed', AppError.from(thrown));
        },
      )
      .finally(() => this.#running.delete(entry.id));
    this.#running.set(entry.id, { abort, finished, cancel: () => entry.end('cancelled') });
    return entry.id;
  }

  /** @returns whether the transfer exists */
  async cancel(id: number): Promise<boolean> {
    const running = this.#running.get(id);
    if (!running) return false;
    running.cancel();
    running.abort.abort();
    await running.finished;
    return true;
  }

  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ finished }) => finished));
  }
}
