import { Failure } from '../domain/failure.ts';
import { Bucket } from './bucket.ts';
import type { PlainFetch } from './ipc.ts';
import { downloadPlain } from './plain-download.ts';
import type { Transfers } from './transfers.ts';

export interface PlainFetchingOptions {
  readonly transfers: Transfers;
  readonly downloads: string;
  readonly partStates: string;
}

interface Running {
  readonly abort: AbortController;
  readonly over: Promise<void>;
  readonly cancel: () => void;
}

/** Files on their way from old clients: in clear and unverified, as whoever asked for them allowed. */
export class PlainFetching {
  readonly #options: PlainFetchingOptions;
  readonly #running = new Map<number, Running>();

  constructor(options: PlainFetchingOptions) {
    this.#options = options;
  }

  /** @returns the number of the transfer */
  fetch({ to, limit, ...file }: PlainFetch): number {
    const { member, name, size } = file;
    const { transfers, downloads, partStates } = this.#options;
    const entry = transfers.begin({ direction: 'in', member, name, size, files: 1, state: 'connecting' });
    const abort = new AbortController();
    const download = downloadPlain({
      ...file,
      into: to ?? downloads,
      states: partStates,
      ...(limit === undefined ? {} : { bucket: new Bucket(limit) }),
      signal: abort.signal,
      onProgress: (done, bytesPerSecond) => {
        entry.set({ state: 'active', done, bytesPerSecond, peers: [{ member, path: 'unencrypted' }] });
      },
    });
    const over = download
      .then(
        (saved) => {
          entry.reach(member, 'unencrypted');
          entry.end('done', undefined, saved);
        },
        (thrown) => {
          if (!abort.signal.aborted) entry.end('failed', Failure.from(thrown));
        },
      )
      .finally(() => this.#running.delete(entry.id));
    this.#running.set(entry.id, { abort, over, cancel: () => entry.end('cancelled') });
    return entry.id;
  }

  /** @returns whether there is such a transfer */
  async cancel(id: number): Promise<boolean> {
    const running = this.#running.get(id);
    if (!running) return false;
    running.cancel();
    running.abort.abort();
    await running.over;
    return true;
  }

  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ over }) => over));
  }
}
