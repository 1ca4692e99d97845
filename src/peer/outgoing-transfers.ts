import { randomBytes } from 'node:crypto';
import { AppError, type ErrorCode } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { BandwidthLimiter } from './bandwidth-limiter.ts';
import { collectSources, type TransferSources } from './file-source.ts';
import { FramedChannel } from './framed-channel.ts';
import type { SendJob } from './ipc.ts';
import type { PeerConnector } from './peer-connector.ts';
import { type Latch, RetryTimer } from './retry-timer.ts';
import type { TransferEntry, TransferRegistry } from './transfer-registry.ts';
import { Upload } from './upload.ts';
import { shutdownError, uploadToTransferUpdate } from './upload-manager.ts';
import type { UploadSlots } from './upload-slots.ts';

export interface OutgoingTransfersOptions {
  readonly connector: PeerConnector;
  readonly slots: UploadSlots;
  readonly transfers: TransferRegistry;
  /** Opens when the daemon has registered this peer; until then it connects us to nobody. */
  readonly registrationLatch: Latch;
  readonly onNotice: (text: string) => void;
}

interface RunningUpload {
  readonly entry: TransferEntry;
  readonly retryTimer: RetryTimer;
  readonly abort: AbortController;
  upload?: Upload;
}

/** Errors for which a retry is useless. */
const FINAL_CODES: ReadonlySet<ErrorCode> = new Set([
  'GONE',
  'NO_SUCH_FILE',
  'NOT_ALLOWED',
  'TOO_LARGE',
  'INVALID_REQUEST',
  'INVALID_PARAMS',
  'NO_SUCH_ACCOUNT',
  'CONFLICT',
  'STORE_FAILED',
  'CONFIG_INVALID',
]);
/** Attempts to reach a member who has never been reached. */
const MAX_UNREACHED_ATTEMPTS = 4;

/** Files and folders sent to members: offered, and offered again after every lost connection. */
export class OutgoingTransfers {
  readonly #options: OutgoingTransfersOptions;
  readonly #running = new Map<number, RunningUpload>();

  constructor(options: OutgoingTransfersOptions) {
    this.#options = options;
  }

  /** @returns the id of the transfer @throws AppError NO_SUCH_FILE, TOO_LARGE, NOT_ALLOWED */
  async send({ member, path, limit }: Pick<SendJob, 'member' | 'path' | 'limit'>): Promise<number> {
    const sources = await collectSources(path);
    const { name, skippedCount } = sources;
    if (skippedCount > 0) {
      const skipped =
        skippedCount === 1 ? '1 hidden file, link or device' : `${skippedCount} hidden files, links and devices`;
      this.#options.onNotice(`${name}: skipped ${skipped}.`);
    }
    const entry = this.#addTransfer(member, sources);
    const { id, snapshot } = entry;
    const { startedAt } = snapshot;
    const token = randomBytes(16).toString('hex');
    entry.job = { kind: 'send', id, startedAt, token, member, path, ...defined({ limit }) };
    void this.#run(entry, sources);
    return id;
  }

  /** Resumes a transfer of an earlier process. */
  async resume(job: SendJob): Promise<void> {
    const { id, startedAt, member, path } = job;
    try {
      const sources = await collectSources(path);
      const entry = this.#addTransfer(member, sources, job);
      entry.job = job;
      void this.#run(entry, sources);
    } catch (thrown) {
      const empty = { name: path, size: 0, files: 0 };
      const entry = this.#options.transfers.add({
        ...empty,
        direction: 'out',
        state: 'connecting',
        id,
        startedAt,
        member,
      });
      entry.end('failed', AppError.from(thrown));
    }
  }

  /** @returns whether the transfer exists */
  cancel(id: number): boolean {
    const running = this.#running.get(id);
    if (!running) return false;
    running.entry.end('cancelled');
    running.upload?.cancel();
    running.abort.abort();
    return true;
  }

  retryNow(): void {
    for (const { retryTimer } of this.#running.values()) retryTimer.retryNow();
  }

  stop(): void {
    for (const { upload, abort } of this.#running.values()) {
      upload?.cancel(shutdownError(), false);
      abort.abort();
    }
  }

  #addTransfer(member: string, { name, size, sources }: TransferSources, job?: SendJob): TransferEntry {
    return this.#options.transfers.add({
      direction: 'out',
      member,
      name,
      size,
      files: sources.length,
      state: 'connecting',
      id: job?.id,
      startedAt: job?.startedAt,
    });
  }

  async #run(entry: TransferEntry, sources: TransferSources): Promise<void> {
    const running: RunningUpload = { entry, retryTimer: new RetryTimer(), abort: new AbortController() };
    const { id } = entry;
    const { signal } = running.abort;
    const { member, limit } = entry.job as SendJob;
    const limiter = new BandwidthLimiter(limit);
    this.#running.set(id, running);
    for (let attempts = 1; !entry.isFinished && !signal.aborted; attempts += 1) {
      try {
        await this.#attempt(running, sources, limiter);
        entry.end('done');
      } catch (thrown) {
        if (signal.aborted || entry.isFinished) break;
        const error = AppError.from(thrown);
        if (this.#endIfFinal(running, error, attempts)) break;
        entry.setPath(member, null);
        entry.update({ state: 'connecting', place: null, reason: error.message, status: error.status });
        await running.retryTimer.wait(signal);
      }
    }
    this.#running.delete(id);
  }

  async #attempt(running: RunningUpload, sources: TransferSources, limiter: BandwidthLimiter): Promise<void> {
    const { connector, slots, registrationLatch } = this.#options;
    const { entry, abort, retryTimer } = running;
    await registrationLatch.wait(abort.signal);
    const { member, key, token } = entry.job as SendJob;
    const peer = await connector.dial(member, key, abort.signal);
    const channel = new FramedChannel(peer);
    if (abort.signal.aborted) {
      channel.close();
      return;
    }
    entry.job = { ...(entry.job as SendJob), key: peer.key };
    entry.setPath(member, peer.path);
    const upload = new Upload({
      channel,
      slots,
      limiters: [limiter],
      onProgress: (progress) => {
        if (progress.state === 'active') retryTimer.reset();
        // After a reconnect, the receiver reports only later what it already has.
        const done = progress.state === 'active' ? progress.done : Math.max(progress.done, entry.snapshot.done);
        entry.update({ ...uploadToTransferUpdate(progress), done });
      },
    });
    running.upload = upload;
    try {
      await upload.offer({ id: token, ...sources });
    } finally {
      delete running.upload;
    }
  }

  /** Ends a transfer that must not be retried. @returns whether it has ended */
  #endIfFinal({ entry }: RunningUpload, error: AppError, attempts: number): boolean {
    const { code, data } = error;
    const wasReached = (entry.job as SendJob).key !== undefined;
    if (data.declined === true) {
      const isDeclined = code === 'NOT_ALLOWED' || code === 'TOO_MANY_REQUESTS';
      entry.end(isDeclined ? 'declined' : code === 'CONNECTION_ENDED' ? 'cancelled' : 'failed', error);
    } else if (isFinalError(error) || (!wasReached && shouldGiveUp(error, attempts))) entry.end('failed', error);
    return entry.isFinished;
  }
}

/** Whether to stop trying to reach a member who has never been reached. */
export function shouldGiveUp({ code }: AppError, attempts: number): boolean {
  // Without the daemon nothing is known; it is asked again when it is back.
  if (code === 'CONNECTION_ENDED' || code === 'NO_DAEMON' || code === 'NOT_SIGNED_IN') return false;
  // On later attempts, NOT_FOUND may mean that the member is just reconnecting.
  return (code === 'NOT_FOUND' && attempts === 1) || attempts >= MAX_UNREACHED_ATTEMPTS;
}

export function isFinalError({ code }: AppError): boolean {
  return FINAL_CODES.has(code);
}
