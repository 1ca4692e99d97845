import { setMaxListeners } from 'node:events';
import { Failure } from '../domain/failure.ts';
import { Bucket } from './bucket.ts';
import { Download, type DownloadProgress } from './download.ts';
import type { Introductions } from './introductions.ts';
import type { FetchJob, FetchSource, Share } from './ipc.ts';
import type { Library } from './library.ts';
import { type Gate, Patience } from './patience.ts';
import { safeName } from './safe-path.ts';
import { isFinal, isHopeless } from './sending.ts';
import type { TransferEntry, Transfers } from './transfers.ts';
import { Wire } from './wire.ts';

export interface FetchingOptions {
  readonly introductions: Introductions;
  readonly library: Library;
  readonly transfers: Transfers;
  readonly downloads: string;
  readonly partStates: string;
  /** Open once the daemon knows this peer. */
  readonly gate: Gate;
  /** Tells the daemon of a file that was fetched to be shared. */
  readonly list: (share: Share) => Promise<void>;
  readonly onNotice: (text: string) => void;
}

interface Running {
  readonly entry: TransferEntry;
  readonly download: Download;
  readonly abort: AbortController;
  readonly patience: Set<Patience>;
}

/** Sources that are asked at a time; others take the place of those that fail. */
const SOURCES = 8;

/** Files on their way from members who published them: each from several at once, and until it is there. */
export class Fetching {
  readonly #options: FetchingOptions;
  readonly #running = new Map<number, Running>();

  constructor(options: FetchingOptions) {
    this.#options = options;
  }

  /** @returns the number of the transfer */
  fetch(wanted: Omit<FetchJob, 'kind' | 'id' | 'startedAt' | 'met'>): number {
    const entry = this.#begin(wanted);
    const { id, snapshot } = entry;
    entry.job = { ...wanted, kind: 'fetch', id, startedAt: snapshot.startedAt };
    void this.#run(entry);
    return id;
  }

  /** Goes on with what another process left. */
  resume(job: FetchJob): void {
    const entry = this.#begin(job, job);
    entry.job = job;
    void this.#run(entry);
  }

  /** @returns whether there is such a transfer */
  async cancel(id: number): Promise<boolean> {
    const running = this.#running.get(id);
    if (!running) return false;
    running.entry.end('cancelled');
    await running.download.cancel();
    running.abort.abort();
    return true;
  }

  hurry(): void {
    for (const { patience } of this.#running.values()) for (const each of patience) each.hurry();
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map(async ({ download, abort }) => {
        abort.abort();
        await download.stop();
      }),
    );
  }

  #begin({ name, size, sources }: Pick<FetchJob, 'name' | 'size' | 'sources'>, left?: FetchJob): TransferEntry {
    const entry = this.#options.transfers.begin({
      direction: 'in',
      member: sources[0]?.member ?? '',
      name,
      size,
      files: 1,
      state: 'connecting',
      ...(left ? { id: left.id, startedAt: left.startedAt } : {}),
    });
    entry.set({ peers: peersOf(sources, []) });
    return entry;
  }

  async #run(entry: TransferEntry): Promise<void> {
    const { name, size, hash, to, limit, sources, share } = entry.job as FetchJob;
    const called = safeName(name);
    const abort = new AbortController();
    setMaxListeners(0, abort.signal); // every source listens
    const download = new Download({
      into: to ?? this.#options.downloads,
      states: this.#options.partStates,
      name: called,
      folder: false,
      from: '',
      files: [{ path: called, size, modified: 0, root: hash }],
      ...(limit === undefined ? {} : { bucket: new Bucket(limit) }),
      onProgress: (progress) => entry.set(received(progress, sources)),
    });
    const running: Running = { entry, download, abort, patience: new Set() };
    this.#running.set(entry.id, running);
    try {
      await download.open();
      void this.#ask(running);
      const saved = await download.finished;
      if (share) await this.#share(name, saved, download, hash);
      entry.end('done', undefined, saved);
    } catch (thrown) {
      if (!abort.signal.aborted) entry.end('failed', Failure.from(thrown));
    } finally {
      abort.abort();
      this.#running.delete(entry.id);
    }
  }

  async #share(name: string, path: string, download: Download, hash: string): Promise<void> {
    const { library, list, onNotice } = this.#options;
    try {
      await list(await library.keepFetched(path, name, hash, download.leavesOf(0)));
    } catch (thrown) {
      onNotice(`${name} is there, and not published: ${Failure.from(thrown).message}`);
    }
  }

  /** Some sources at a time, until it is there or all have failed. */
  async #ask(running: Running): Promise<void> {
    const { sources } = running.entry.job as FetchJob;
    const next = sources.values();
    const state: { last: Failure | undefined } = { last: undefined };
    const work = async () => {
      for (const source of next) await this.#askOne(running, source, state);
    };
    await Promise.all(Array.from({ length: Math.min(SOURCES, sources.length) }, work));
    if (running.abort.signal.aborted) return;
    await running.download.stop(state.last ?? new Failure('NOT_AVAILABLE', 'Nobody who has the file gives it.'));
  }

  /** Resolves when nothing more is to be had of it. */
  async #askOne(running: Running, source: FetchSource, state: { last: Failure | undefined }): Promise<void> {
    const { entry, abort } = running;
    const { signal } = abort;
    const patience = new Patience();
    running.patience.add(patience);
    try {
      for (let attempts = 1; !signal.aborted; attempts += 1) {
        const failure = await this.#attempt(running, source, patience);
        if (failure === undefined || signal.aborted) return;
        state.last = failure;
        if (isFinal(failure) || failure.data.declined === true) return;
        if (!(entry.job as FetchJob).met && isHopeless(failure, attempts)) return;
        if (entry.snapshot.state !== 'active') entry.set({ reason: failure.message, status: failure.status });
        await patience.wait(signal);
      }
    } finally {
      running.patience.delete(patience);
    }
  }

  /** @returns why it ended; undefined when all is there */
  async #attempt(running: Running, { member, key }: FetchSource, patience: Patience): Promise<Failure | undefined> {
    const { entry, download, abort } = running;
    try {
      await this.#options.gate.pass(abort.signal);
      const wire = new Wire(await this.#options.introductions.meet(member, key, abort.signal));
      if (abort.signal.aborted) {
        wire.close();
        return undefined;
      }
      const before = download.done;
      const job = entry.job as FetchJob;
      if (!job.met) entry.job = { ...job, met: true };
      const { why, failure } = await download.add(wire, 'want', job.name);
      if (why === 'done' || why === 'stopped') return undefined;
      if (download.done > before) patience.reset();
      if (why === 'lied') {
        const said = failure?.message ?? `What ${member} sends is not the file.`;
        this.#options.onNotice(`${member} is not asked any more for ${job.name}: ${said}`);
        return new Failure('CONFLICT', said);
      }
      return failure ?? new Failure('CONNECTION_ENDED', `The connection to ${member} broke.`);
    } catch (thrown) {
      return Failure.from(thrown);
    }
  }
}

/** What a download tells, as a transfer shows it. */
export function received(progress: DownloadProgress, sources: readonly { readonly member: string }[]) {
  const { state, done, bytesPerSecond, place } = progress;
  return {
    state: state === 'opening' ? ('connecting' as const) : state,
    done,
    bytesPerSecond,
    place,
    peers: peersOf(sources, progress.sources),
    ...(state === 'active' || state === 'queued' ? { reason: null, status: null } : {}),
  };
}

/** Every member once, with the way to him where there is one. */
function peersOf(
  sources: readonly { readonly member: string }[],
  connected: DownloadProgress['sources'],
): TransferEntry['snapshot']['peers'] {
  return [...new Set(sources.map(({ member }) => member))].map((member) => ({
    member,
    path: connected.find((one) => one.member === member)?.path ?? null,
  }));
}
