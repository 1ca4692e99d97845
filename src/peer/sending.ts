import { randomBytes } from 'node:crypto';
import { Failure, type FailureCode } from '../domain/failure.ts';
import { Bucket } from './bucket.ts';
import type { Introductions } from './introductions.ts';
import type { SendJob } from './ipc.ts';
import { type Gate, Patience } from './patience.ts';
import { leaving, shown } from './serving.ts';
import type { Slots } from './slots.ts';
import { type Sources, sourcesOf } from './source.ts';
import type { TransferEntry, Transfers } from './transfers.ts';
import { Upload } from './upload.ts';
import { Wire } from './wire.ts';

export interface SendingOptions {
  readonly introductions: Introductions;
  readonly slots: Slots;
  readonly transfers: Transfers;
  /** Open once the daemon knows this peer: it introduces nobody else. */
  readonly gate: Gate;
  readonly onNotice: (text: string) => void;
}

interface Running {
  readonly entry: TransferEntry;
  readonly patience: Patience;
  readonly abort: AbortController;
  upload?: Upload;
}

/** What will not pass by trying again. */
const FINAL: ReadonlySet<FailureCode> = new Set([
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
/** A member who was never reached is given up after so many attempts. */
const ATTEMPTS = 4;

/** Files and folders on their way to members: offered, and offered again after every loss. */
export class Sending {
  readonly #options: SendingOptions;
  readonly #running = new Map<number, Running>();

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /** @returns the number of the transfer @throws Failure NO_SUCH_FILE, TOO_LARGE, NOT_ALLOWED */
  async send({ member, path, limit }: Pick<SendJob, 'member' | 'path' | 'limit'>): Promise<number> {
    const sources = await sourcesOf(path);
    const { skipped } = sources;
    if (skipped > 0) {
      this.#options.onNotice(
        `${sources.name}: ${skipped === 1 ? 'one hidden file, link or device is' : `${skipped} hidden files, links and devices are`} not sent.`,
      );
    }
    const entry = this.#begin(member, sources);
    const { id, snapshot } = entry;
    entry.job = {
      kind: 'send',
      id,
      startedAt: snapshot.startedAt,
      token: randomBytes(16).toString('hex'),
      member,
      path,
      ...(limit === undefined ? {} : { limit }),
    };
    void this.#run(entry, sources);
    return id;
  }

  /** Goes on with what another process left. */
  async resume(job: SendJob): Promise<void> {
    try {
      const sources = await sourcesOf(job.path);
      const entry = this.#begin(job.member, sources, job);
      entry.job = job;
      void this.#run(entry, sources);
    } catch (thrown) {
      const entry = this.#options.transfers.begin({
        ...{ direction: 'out', member: job.member, name: job.path, size: 0, files: 0, state: 'connecting' },
        id: job.id,
        startedAt: job.startedAt,
      });
      entry.end('failed', Failure.from(thrown));
    }
  }

  /** @returns whether there is such a transfer */
  cancel(id: number): boolean {
    const running = this.#running.get(id);
    if (!running) return false;
    running.entry.end('cancelled');
    running.upload?.cancel();
    running.abort.abort();
    return true;
  }

  hurry(): void {
    for (const { patience } of this.#running.values()) patience.hurry();
  }

  stop(): void {
    for (const { upload, abort } of this.#running.values()) {
      upload?.cancel(leaving(), false);
      abort.abort();
    }
  }

  #begin(member: string, { name, size, sources }: Sources, job?: SendJob): TransferEntry {
    return this.#options.transfers.begin({
      direction: 'out',
      member,
      name,
      size,
      files: sources.length,
      state: 'connecting',
      ...(job ? { id: job.id, startedAt: job.startedAt } : {}),
    });
  }

  async #run(entry: TransferEntry, sources: Sources): Promise<void> {
    const running: Running = { entry, patience: new Patience(), abort: new AbortController() };
    const { id } = entry;
    const { signal } = running.abort;
    const bucket = new Bucket((entry.job as SendJob).limit ?? null);
    this.#running.set(id, running);
    for (let attempts = 1; !entry.over && !signal.aborted; attempts += 1) {
      try {
        await this.#attempt(running, sources, bucket);
        entry.end('done');
      } catch (thrown) {
        if (signal.aborted || entry.over) break;
        const failure = Failure.from(thrown);
        if (this.#judge(running, failure, attempts)) break;
        const { member } = entry.job as SendJob;
        entry.reach(member, null);
        entry.set({ state: 'connecting', place: null, reason: failure.message, status: failure.status });
        await running.patience.wait(signal);
      }
    }
    this.#running.delete(id);
  }

  async #attempt(running: Running, { name, folder, sources }: Sources, bucket: Bucket): Promise<void> {
    const { introductions, slots, gate } = this.#options;
    const { entry, abort, patience } = running;
    await gate.pass(abort.signal);
    const { member, key, token } = entry.job as SendJob;
    const channel = await introductions.meet(member, key, abort.signal);
    const wire = new Wire(channel);
    if (abort.signal.aborted) {
      wire.close();
      return;
    }
    entry.job = { ...(entry.job as SendJob), key: channel.key };
    entry.reach(member, channel.path);
    const upload = new Upload({
      wire,
      slots,
      buckets: [bucket],
      onProgress: (progress) => {
        if (progress.state === 'active') patience.reset();
        // A receiver that was reached again says only later what it has.
        const done = progress.state === 'active' ? progress.done : Math.max(progress.done, entry.snapshot.done);
        entry.set({ ...shown(progress), done });
      },
    });
    running.upload = upload;
    try {
      await upload.offer({ id: token, name, folder, sources });
    } finally {
      delete running.upload;
    }
  }

  /** Ends what need not be tried again. @returns whether it did */
  #judge({ entry }: Running, failure: Failure, attempts: number): boolean {
    const { code, data } = failure;
    const met = (entry.job as SendJob).key !== undefined;
    if (data.declined === true) {
      const refused = code === 'NOT_ALLOWED' || code === 'TOO_MANY_REQUESTS';
      entry.end(refused ? 'declined' : code === 'CONNECTION_ENDED' ? 'cancelled' : 'failed', failure);
    } else if (FINAL.has(code) || (!met && isHopeless(failure, attempts))) entry.end('failed', failure);
    return entry.over;
  }
}

/** Whether a member who was never reached is not worth another attempt. */
export function isHopeless({ code }: Failure, attempts: number): boolean {
  // Without the daemon nobody knows: it is asked once it is back.
  if (code === 'CONNECTION_ENDED' || code === 'NO_DAEMON' || code === 'NOT_SIGNED_IN') return false;
  // Who was there before, or could not be asked for, may be about to come back.
  return (code === 'NOT_FOUND' && attempts === 1) || attempts >= ATTEMPTS;
}

export function isFinal({ code }: Failure): boolean {
  return FINAL.has(code);
}
