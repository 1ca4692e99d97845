import type { Logger } from '../domain/logger.ts';
import type { SeriesId } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Journal, JournalRecord, Lease } from '../engine/types.ts';
import type { RecordOf } from '../projections/journal-records.ts';
import type { ReadModel } from '../projections/read-model.ts';
import { appendToJournal } from './append-to-journal.ts';

const DAY_MS = 86_400_000;
/** Delay after the start, and between runs. */
const FIRST_RUN_DELAY_MS = 600_000;
const RUN_INTERVAL_MS = DAY_MS;
const MAX_VOIDS_PER_RECORD = 1000;

export interface RateCompactionSettings {
  readonly journal: Journal;
  readonly readModel: ReadModel;
  /** Held by the one daemon of the room that compacts. */
  readonly lease: Lease;
  readonly now: () => EpochMs;
  /** Minimum age of compacted records in days; 0 disables compaction. */
  readonly afterDays: number;
  /** Delay of the first run. Default: 10 minutes. */
  readonly firstMs?: number;
  readonly log: Logger;
}

/**
 * Voids rate records that no query needs. While a price does not change, the journal gets a record for each fetch, but
 * the last one contains all information. Runs once a day, for records of a minimum age.
 */
export class RateCompaction {
  afterDays: number;
  readonly #settings: RateCompactionSettings;
  #lastSeq = 0;
  #finder = new SupersededFinder();
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(settings: RateCompactionSettings) {
    this.#settings = settings;
    this.afterDays = settings.afterDays;
  }

  start(): void {
    this.#abort = new AbortController();
    this.#schedule(this.#settings.firstMs ?? FIRST_RUN_DELAY_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#running;
  }

  /** Checks the records that reached the minimum age since the last run. @returns how many were voided */
  async run(): Promise<number> {
    const { journal, readModel, now } = this.#settings;
    const { signal } = this.#abort;
    if (this.afterDays === 0) return 0;
    if (readModel.quotes.compactedSeq > this.#lastSeq) {
      this.#lastSeq = readModel.quotes.compactedSeq; // by another daemon, or before the start
      this.#finder = new SupersededFinder();
    }
    const before = now() - this.afterDays * DAY_MS;
    const head = journal.head();
    let voids: number[] = [];
    let count = 0;
    const flush = async () => {
      if (voids.length > 0) await appendToJournal(journal, 'rates.compacted', now(), { through: this.#lastSeq, voids });
      count += voids.length;
      voids = [];
    };
    if (this.#lastSeq < head) {
      for await (const record of journal.follow(this.#lastSeq, signal)) {
        if (record.at >= before) break;
        const seq = this.#finder.add(record);
        if (seq !== undefined) voids.push(seq);
        this.#lastSeq = record.seq;
        if (voids.length === MAX_VOIDS_PER_RECORD) await flush();
        if (record.seq === head) break;
      }
    }
    if (!signal.aborted) await flush();
    return count;
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#runScheduled();
    }, ms).unref();
  }

  async #runScheduled(): Promise<void> {
    const { lease, log } = this.#settings;
    const { signal } = this.#abort;
    try {
      await lease.acquire(signal);
      const count = await this.run();
      if (count > 0)
        log.info({ event: 'rates.compact', records: count }, 'voided old records that only confirmed a price');
    } catch (failure) {
      if (!signal.aborted) log.warn({ event: 'rates.compact', err: failure }, 'cannot compact old rate records');
    } finally {
      if (lease.isHeld) await lease.release();
    }
    if (!signal.aborted) this.#schedule(RUN_INTERVAL_MS);
  }
}

/** The last response of a provider, if it only confirmed prices. */
interface LastResponse {
  readonly record: RecordOf<'rates.received'>;
  /** The last response before it that stays in the journal. */
  readonly before: RecordOf<'rates.received'> | undefined;
}

/** Records whose `latest` quotes depend on earlier confirmations. */
const EDITS: ReadonlySet<string> = new Set(['rates.removed', 'rates.corrected', 'rates.undone', 'rates.decided']);
/** For records before 0.2, a longer gap starts a new observation: see projections/quotes.ts. */
const LEGACY_GAP_MS = DAY_MS;

/**
 * Finds records that the read model does not need. A confirmation only advances the times of its provider's series, and
 * the next confirmation advances them again, so the first can be dropped. It is needed if a record in between reads
 * these times: a changed price stores the one before, as do imports, removals and corrections.
 */
export class SupersededFinder {
  readonly #last = new Map<string, LastResponse>();
  /** The last response that stays, of providers whose last one did more than confirm. */
  readonly #kept = new Map<string, RecordOf<'rates.received'>>();

  /** Processes the next record. @returns sequence number of an earlier record that is not needed any more */
  add(record: JournalRecord): number | undefined {
    if (EDITS.has(record.kind)) this.#last.clear();
    if (record.kind === 'rates.imported') this.#last.delete((record as unknown as RecordOf<'rates.imported'>).provider);
    if (record.kind !== 'rates.received') return undefined;
    const response = record as unknown as RecordOf<'rates.received'>;
    const { provider } = response;
    const last = this.#last.get(provider);
    if (response.quotes.length > 0 || (response.released?.length ?? 0) > 0) {
      this.#last.delete(provider);
      this.#kept.set(provider, response);
      return undefined;
    }
    const isSuperseded = last !== undefined && supersedes(response, last);
    const before = isSuperseded ? last.before : (last?.record ?? this.#kept.get(provider));
    if (response.aliases === undefined) this.#last.set(provider, { record: response, before });
    else {
      // The read model takes these aliases from this record only.
      this.#last.delete(provider);
      this.#kept.set(provider, response);
    }
    return isSuperseded ? last.record.seq : undefined;
  }
}

function supersedes(next: RecordOf<'rates.received'>, { record, before }: LastResponse): boolean {
  if (record.at > next.at || !confirmsNoLess(next.missing, record.missing)) return false;
  const later = new Map(next.confirmed?.map(([id, statedAt, checkedAt]) => [id, { statedAt, checkedAt }]));
  for (const [id, statedAt, checkedAt] of record.confirmed ?? []) {
    const times = later.get(id);
    if (!times || times.checkedAt < checkedAt || (statedAt !== null && times.statedAt === null)) return false;
  }
  if (record.confirmed && next.confirmed) return true;
  // A record without `confirmed` starts a new observation of everything that was not confirmed for a day.
  if (!before || before.at > record.at || next.at - before.at > LEGACY_GAP_MS) return false;
  return confirmsNoLess(before.missing, record.missing);
}

function confirmsNoLess(missing: readonly SeriesId[], before: readonly SeriesId[]): boolean {
  if (missing.length === 0) return true;
  const absent = new Set(before);
  return missing.every((id) => absent.has(id));
}
