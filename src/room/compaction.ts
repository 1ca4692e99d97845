import type { Instant } from '../domain/instant.ts';
import type { SeriesId } from '../domain/quote.ts';
import type { Journal, JournalRecord, Lease } from '../engine/contract.ts';
import type { Log } from '../rates/log.ts';
import type { RecordOf } from '../view/records.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';

const DAY_MS = 86_400_000;
/** After the start, and from one time to the next. */
const FIRST_MS = 600_000;
const EVERY_MS = DAY_MS;
/** Records that one record makes void. */
const VOIDS = 1000;

export interface CompactionSettings {
  readonly journal: Journal;
  readonly view: View;
  /** One daemon of a room does it. */
  readonly lease: Lease;
  readonly now: () => Instant;
  /** Records are left alone for so many days; 0: for ever. */
  readonly afterDays: number;
  /** From the start to the first time. Default: 10 minutes. */
  readonly firstMs?: number;
  readonly log: Log;
}

/**
 * Makes records of rates void that no look-up needs: of a price that did not move, the journal has a record for every time
 * that its provider was asked, and the last one says all. Once a day, for records of a certain age.
 */
export class Compaction {
  afterDays: number;
  readonly #settings: CompactionSettings;
  /** Seq of the last record that was looked at. */
  #seq = 0;
  #superseded = new Superseded();
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(settings: CompactionSettings) {
    this.#settings = settings;
    this.afterDays = settings.afterDays;
  }

  start(): void {
    this.#abort = new AbortController();
    this.#later(this.#settings.firstMs ?? FIRST_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#running;
  }

  /** Looks through what has come of age since the last time. @returns how many records became void */
  async run(): Promise<number> {
    const { journal, view, now } = this.#settings;
    const { signal } = this.#abort;
    if (this.afterDays === 0) return 0;
    if (view.quotes.compacted > this.#seq) {
      this.#seq = view.quotes.compacted; // by another daemon, or before the start
      this.#superseded = new Superseded();
    }
    const before = now() - this.afterDays * DAY_MS;
    const head = journal.head();
    let voids: number[] = [];
    let count = 0;
    const tell = async () => {
      if (voids.length > 0) await append(journal, 'rates.compacted', now(), { through: this.#seq, voids });
      count += voids.length;
      voids = [];
    };
    if (this.#seq < head) {
      for await (const record of journal.follow(this.#seq, signal)) {
        if (record.at >= before) break;
        const seq = this.#superseded.add(record);
        if (seq !== undefined) voids.push(seq);
        this.#seq = record.seq;
        if (voids.length === VOIDS) await tell();
        if (record.seq === head) break;
      }
    }
    if (!signal.aborted) await tell();
    return count;
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn();
    }, ms).unref();
  }

  async #turn(): Promise<void> {
    const { lease, log } = this.#settings;
    const { signal } = this.#abort;
    try {
      await lease.acquire(signal);
      const count = await this.run();
      if (count > 0)
        log.info({ event: 'rates.compact', records: count }, 'old records that only confirmed a price are void');
    } catch (failure) {
      if (!signal.aborted)
        log.warn({ event: 'rates.compact', err: failure }, 'old records of rates could not be compacted');
    } finally {
      if (lease.held) await lease.release();
    }
    if (!signal.aborted) this.#later(EVERY_MS);
  }
}

/**
 * Finds records without which every view is the same. One that only confirms prices moves the `checkedAt` of its provider's
 * series; so does the next one, and further. Whatever reads `checkedAt` in between needs it: a price that changes takes the
 * one before along with it, as does an import.
 */
export class Superseded {
  /** By provider: its last answer, where that only confirmed. */
  readonly #last = new Map<string, RecordOf<'rates.received'>>();

  /** Takes the next record of the journal. @returns the seq of an earlier one that nothing needs any more */
  add(record: JournalRecord): number | undefined {
    if (record.kind === 'rates.imported') this.#last.delete((record as unknown as RecordOf<'rates.imported'>).provider);
    if (record.kind !== 'rates.received') return undefined;
    const answer = record as unknown as RecordOf<'rates.received'>;
    const last = this.#last.get(answer.provider);
    if (answer.quotes.length > 0) {
      this.#last.delete(answer.provider);
      return undefined;
    }
    // The view has the aliases of this record from nowhere else.
    if (answer.aliases !== undefined) this.#last.delete(answer.provider);
    else this.#last.set(answer.provider, answer);
    return last && last.at <= answer.at && confirmsNoLess(answer.missing, last.missing) ? last.seq : undefined;
  }
}

/** Whether what is missing was missing before. */
function confirmsNoLess(missing: readonly SeriesId[], before: readonly SeriesId[]): boolean {
  if (missing.length === 0) return true;
  const absent = new Set(before);
  return missing.every((id) => absent.has(id));
}
