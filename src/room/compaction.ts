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

/** The last response of a provider, where it only confirmed prices. */
interface LastResponse {
  readonly record: RecordOf<'rates.received'>;
  /** The response before it that stays in the journal. */
  readonly before: RecordOf<'rates.received'> | undefined;
}

/** Records whose `latest` quotes depend on what was confirmed until then. */
const EDITS: ReadonlySet<string> = new Set(['rates.removed', 'rates.corrected', 'rates.undone', 'rates.decided']);
/** Records of before 0.2 start a new observation after this time: view/quotes.ts. */
const LEGACY_GAP_MS = DAY_MS;

/**
 * Finds records without which every view is the same. A record that only confirms prices moves the times of its
 * provider's series, and the next one moves them further. Whatever reads these times in between needs it: a price that
 * changes takes the one before along with it, as do imports, removals and corrections.
 */
export class Superseded {
  readonly #last = new Map<string, LastResponse>();
  /** The last response that stays, of providers whose last one did not only confirm. */
  readonly #kept = new Map<string, RecordOf<'rates.received'>>();

  /** Takes the next record of the journal. @returns the seq of an earlier one that nothing needs any more */
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
      // The view has the aliases of this record from nowhere else.
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
  // A record without `confirmed` starts a new observation of whatever was not confirmed for a day.
  if (!before || before.at > record.at || next.at - before.at > LEGACY_GAP_MS) return false;
  return confirmsNoLess(before.missing, record.missing);
}

/** Whether what is missing was missing before. */
function confirmsNoLess(missing: readonly SeriesId[], before: readonly SeriesId[]): boolean {
  if (missing.length === 0) return true;
  const absent = new Set(before);
  return missing.every((id) => absent.has(id));
}
