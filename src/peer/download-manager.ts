import { setMaxListeners } from 'node:events';
import { AppError } from '../domain/app-error.ts';
import { BandwidthLimiter } from './bandwidth-limiter.ts';
import { Download, type DownloadProgress } from './download.ts';
import { FramedChannel } from './framed-channel.ts';
import type { FetchJob, FetchSource, Share } from './ipc.ts';
import { isFinalError, shouldGiveUp } from './outgoing-transfers.ts';
import type { PeerConnector } from './peer-connector.ts';
import { type Latch, RetryTimer } from './retry-timer.ts';
import { safeName } from './safe-path.ts';
import type { ShareStore } from './share-store.ts';
import type { TransferEntry, TransferRegistry } from './transfer-registry.ts';

export interface DownloadManagerOptions {
  readonly connector: PeerConnector;
  readonly shareStore: ShareStore;
  readonly transfers: TransferRegistry;
  readonly downloadFolder: string;
  readonly stateFolder: string;
  /** Opens when the daemon has registered this peer. */
  readonly registrationLatch: Latch;
  /** Reports a downloaded file that is to be published to the daemon. */
  readonly announceShare: (share: Share) => Promise<void>;
  readonly onNotice: (text: string) => void;
}

interface RunningDownload {
  readonly entry: TransferEntry;
  readonly download: Download;
  readonly abort: AbortController;
  readonly retryTimers: Set<RetryTimer>;
}

/** When one of these sources fails, the next one is tried. */
const MAX_CONCURRENT_SOURCES = 8;

/** Downloads of published files, each from several members at once, retried until complete. */
export class DownloadManager {
  readonly #options: DownloadManagerOptions;
  readonly #running = new Map<number, RunningDownload>();

  constructor(options: DownloadManagerOptions) {
    this.#options = options;
  }

  /** @returns the id of the transfer */
  fetch(request: Omit<FetchJob, 'kind' | 'id' | 'startedAt' | 'met'>): number {
    const entry = this.#addTransfer(request);
    const { id, snapshot } = entry;
    entry.job = { ...request, kind: 'fetch', id, startedAt: snapshot.startedAt };
    void this.#run(entry);
    return id;
  }

  /** Resumes a download of an earlier process. */
  resume(job: FetchJob): void {
    const entry = this.#addTransfer(job, job);
    entry.job = job;
    void this.#run(entry);
  }

  /** @returns whether the transfer exists */
  async cancel(id: number): Promise<boolean> {
    const running = this.#running.get(id);
    if (!running) return false;
    running.entry.end('cancelled');
    await running.download.cancel();
    running.abort.abort();
    return true;
  }

  retryNow(): void {
    for (const { retryTimers } of this.#running.values()) for (const timer of retryTimers) timer.retryNow();
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map(async ({ download, abort }) => {
        abort.abort();
        await download.stop();
      }),
    );
  }

  #addTransfer(request: Pick<FetchJob, 'name' | 'size' | 'sources'>, resumed?: FetchJob): TransferEntry {
    const { name, size, sources } = request;
    const entry = this.#options.transfers.add({
      direction: 'in',
      member: sources[0]?.member ?? '',
      name,
      size,
      files: 1,
      state: 'connecting',
      id: resumed?.id,
      startedAt: resumed?.startedAt,
    });
    entry.update({ peers: toTransferPeers(sources, []) });
    return entry;
  }

  async #run(entry: TransferEntry): Promise<void> {
    const { name, size, hash, to, limit, sources, share } = entry.job as FetchJob;
    const safe = safeName(name);
    const abort = new AbortController();
    setMaxListeners(0, abort.signal); // one listener per source
    const download = new Download({
      downloadFolder: to ?? this.#options.downloadFolder,
      stateFolder: this.#options.stateFolder,
      name: safe,
      folder: false,
      sender: '',
      files: [{ path: safe, size, modified: 0, root: hash }],
      limiter: new BandwidthLimiter(limit),
      onProgress: (progress) => entry.update(downloadToTransferUpdate(progress, sources)),
    });
    const running: RunningDownload = { entry, download, abort, retryTimers: new Set() };
    this.#running.set(entry.id, running);
    try {
      await download.open();
      void this.#downloadFromSources(running);
      const saved = await download.finished;
      if (share) await this.#publishDownloaded(name, saved, download, hash);
      entry.end('done', undefined, saved);
    } catch (thrown) {
      if (!abort.signal.aborted) entry.end('failed', AppError.from(thrown));
    } finally {
      abort.abort();
      this.#running.delete(entry.id);
    }
  }

  async #publishDownloaded(name: string, path: string, download: Download, hash: string): Promise<void> {
    const { shareStore, announceShare, onNotice } = this.#options;
    try {
      await announceShare(await shareStore.addDownloaded(path, name, hash, download.expectedLeaves(0)));
    } catch (thrown) {
      onNotice(`Downloaded ${name} but could not publish it: ${AppError.from(thrown).message}`);
    }
  }

  /** Runs until the download is complete or all sources have failed. */
  async #downloadFromSources(running: RunningDownload): Promise<void> {
    const { sources } = running.entry.job as FetchJob;
    const queue = sources.values();
    let lastFailure: AppError | undefined;
    const worker = async () => {
      for (const source of queue) {
        await this.#downloadFromSource(running, source, (failure) => {
          lastFailure = failure;
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_CONCURRENT_SOURCES, sources.length) }, worker));
    if (running.abort.signal.aborted) return;
    await running.download.stop(lastFailure ?? new AppError('NOT_AVAILABLE', 'No member who has the file sends it.'));
  }

  /** Resolves when the source has nothing more to give. */
  async #downloadFromSource(
    running: RunningDownload,
    source: FetchSource,
    onFailure: (failure: AppError) => void,
  ): Promise<void> {
    const { entry, abort } = running;
    const { signal } = abort;
    const retryTimer = new RetryTimer();
    running.retryTimers.add(retryTimer);
    try {
      for (let attempts = 1; !signal.aborted; attempts += 1) {
        const failure = await this.#attempt(running, source, retryTimer);
        if (failure === undefined || signal.aborted) return;
        onFailure(failure);
        if (isFinalError(failure) || failure.data.declined === true) return;
        if (!(entry.job as FetchJob).met && shouldGiveUp(failure, attempts)) return;
        if (entry.snapshot.state !== 'active') entry.update({ reason: failure.message, status: failure.status });
        await retryTimer.wait(signal);
      }
    } finally {
      running.retryTimers.delete(retryTimer);
    }
  }

  /** @returns why the attempt failed; undefined when the download is complete */
  async #attempt(
    { entry, download, abort }: RunningDownload,
    { member, key }: FetchSource,
    retryTimer: RetryTimer,
  ): Promise<AppError | undefined> {
    try {
      await this.#options.registrationLatch.wait(abort.signal);
      const channel = new FramedChannel(await this.#options.connector.dial(member, key, abort.signal));
      if (abort.signal.aborted) {
        channel.close();
        return undefined;
      }
      const bytesBefore = download.verifiedBytes;
      const job = entry.job as FetchJob;
      if (!job.met) entry.job = { ...job, met: true };
      const { outcome, failure } = await download.addSource(channel, 'want', job.name);
      if (outcome === 'done' || outcome === 'stopped') return undefined;
      if (download.verifiedBytes > bytesBefore) retryTimer.reset();
      if (outcome === 'misbehaved') {
        const reason = failure?.message ?? `${member} sent something other than the file.`;
        this.#options.onNotice(`No longer downloading ${job.name} from ${member}: ${reason}`);
        return new AppError('CONFLICT', reason);
      }
      return failure ?? new AppError('CONNECTION_ENDED', `Lost the connection to ${member}.`);
    } catch (thrown) {
      return AppError.from(thrown);
    }
  }
}

export function downloadToTransferUpdate(progress: DownloadProgress, sources: readonly { readonly member: string }[]) {
  const { state, done, bytesPerSecond, queuePosition } = progress;
  return {
    state: state === 'opening' ? ('connecting' as const) : state,
    done,
    bytesPerSecond,
    place: queuePosition,
    peers: toTransferPeers(sources, progress.sources),
    ...(state === 'active' || state === 'queued' ? { reason: null, status: null } : {}),
  };
}

/** Lists every member once, with their connection path if connected. */
function toTransferPeers(
  sources: readonly { readonly member: string }[],
  connected: DownloadProgress['sources'],
): TransferEntry['snapshot']['peers'] {
  return [...new Set(sources.map(({ member }) => member))].map((member) => ({
    member,
    path: connected.find((source) => source.member === member)?.path ?? null,
  }));
}
