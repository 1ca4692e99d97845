import type { NatsConnection } from '@nats-io/transport-node';
import { Failure } from '../../domain/failure.ts';
import { Draft } from '../../store/draft.ts';
import { keys, seqOf, within } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { stageVoids, voidOf } from '../../store/void.ts';
import { AppendFigures } from '../append-figures.ts';
import type { Appended, AppendOptions, Change, Journal, JournalRecord, NewRecord, Projector } from '../contract.ts';
import { RecordReader } from '../reader.ts';
import { Appends, type AppendsSettings, type Route } from './appends.ts';
import type { Entry } from './feed.ts';
import type { Names } from './names.ts';
import { isRepeat } from './repeats.ts';

export interface NatsJournalSettings extends Omit<AppendsSettings, 'catchUp'> {
  readonly names: Names;
  /** What this goldctl is: kept with records that its view cannot take. */
  readonly version: string;
  /** A record is durable and this goldctl's view cannot take it: it is passed over. */
  readonly onUnfit: (seq: number, cause: unknown) => void;
  /** A record that was appended here has made these void: the stream need not keep them. */
  readonly onVoid: (seqs: readonly number[]) => void;
}

/** What the journal works with while the engine runs. */
export interface Running extends Route {
  readonly connection: NatsConnection;
}

interface Applied {
  readonly entry: Entry;
  readonly record: JournalRecord;
  readonly changes: readonly Change[];
  readonly failed?: unknown;
}

const MAX_WAITING = 100_000;
const GROUP_RECORDS = 1024;
const GROUP_WRITES = 20_000;
/** What is applied is written together after so long: by itself, each would take cores that the others need. */
const FLUSH_MS = 50;

/**
 * The journal in a stream: a record is a message, its place the message's sequence. It is durable when the feed brings
 * it, and applied in the order of the stream like everybody else's, whoever appended it.
 */
export class NatsJournal implements Journal {
  readonly figures = new AppendFigures();
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #settings: NatsJournalSettings;
  readonly #reader: RecordReader;
  readonly #appends: Appends;
  #entries: Entry[] = [];
  #applying: Promise<void> | undefined;
  /** Applied since the last flush. */
  #unwritten = 0;
  #flushing: NodeJS.Timeout | undefined;
  #open = false;
  #running: Running | undefined;
  /** Nothing is published meanwhile. */
  refusal: Failure | undefined;

  constructor(store: Store, projector: Projector, settings: NatsJournalSettings) {
    this.#store = store;
    this.#projector = projector;
    this.#settings = settings;
    this.#reader = new RecordReader(store);
    this.#appends = new Appends({ ...settings, catchUp: () => this.catchUp() });
  }

  head(): number {
    return this.#reader.head;
  }

  get appending(): number {
    return this.#appends.size;
  }

  get runs(): boolean {
    return this.#running !== undefined;
  }

  /** Entries that came and are not applied. */
  get waiting(): number {
    return this.#entries.length;
  }

  /** Can be read; appends are refused until `run`. */
  open(head: number): void {
    this.#entries = [];
    this.#reader.open(head);
  }

  run(running: Running): void {
    this.#running = running;
    this.#appends.run(running);
    this.#open = true;
  }

  append(record: NewRecord, options: AppendOptions = {}): Promise<Appended> {
    if (!this.#open) return Promise.reject(new Failure('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    const refusal = this.#store.refusal ?? this.refusal;
    if (refusal) return Promise.reject(refusal);
    if (this.#appends.size >= MAX_WAITING) {
      return Promise.reject(
        new Failure('NOT_AVAILABLE', 'The cluster does not keep up with what is written. Try again.'),
      );
    }
    const { subject, expect } = options;
    // What is known here is known for sure: there may be more.
    const last = subject === undefined ? 0 : (this.#store.read<number>(keys.subject(subject)) ?? 0);
    if (expect !== undefined && last > expect) {
      return Promise.reject(
        new Failure('CONFLICT', undefined, { data: { subject: subject!, expected: expect, last } }),
      );
    }
    try {
      // What no view takes must not get into the journal: it would be there for everybody, and for ever.
      this.#projector.project({ seq: this.head() + 1, ...record }, new Draft(this.#store));
    } catch (cause) {
      return Promise.reject(new Failure('INTERNAL', undefined, { cause }));
    }
    const payload = JSON.stringify(record);
    const limit = this.#running!.connection.info?.max_payload ?? 0;
    // The headers take some of it.
    if (limit > 0 && Buffer.byteLength(payload) > limit - 1024) {
      return Promise.reject(
        new Failure('TOO_LARGE', `The NATS cluster takes messages of ${limit} bytes: raise its max_payload.`),
      );
    }
    return this.#appends.add({
      subject: this.#settings.names.record(record.kind, subject),
      payload,
      expect: subject === undefined ? undefined : expect,
    });
  }

  async catchUp(): Promise<void> {
    const { feed } = this.#running ?? {};
    if (!feed) throw new Failure('NOT_AVAILABLE', 'The daemon is starting or stopping.');
    await feed.caughtUp();
    await this.#applying;
  }

  follow(seq: number, signal: AbortSignal): AsyncGenerator<JournalRecord> {
    return this.#reader.follow(seq, signal);
  }

  /** Takes an entry, the one behind the last. */
  take(entry: Entry): void {
    this.#entries.push(entry);
    this.#applying ??= this.#apply();
  }

  /** Resolves when every entry that came is applied. */
  async applied(): Promise<void> {
    await this.#applying;
  }

  /** Seq of the first place that is empty though no record has made it so; undefined where all is well. */
  async firstGap(): Promise<number | undefined> {
    for await (const key of this.#store.keysOf(within('n/'))) return seqOf(key);
    return undefined;
  }

  /** The store was opened again after a write failed: what came meanwhile was let go. */
  resume(): void {
    this.#running?.feed.rewind(this.head());
  }

  /** Refuses what waits beyond its time. */
  expire(): void {
    this.#appends.expire();
  }

  /** Takes no more; resolves when all that was taken is applied, or refused. */
  async drain(): Promise<void> {
    this.#open = false;
    await this.#appends.drained();
  }

  /** Ends who follows. Nothing comes any more. */
  async close(): Promise<void> {
    await this.#applying;
    await this.#flush();
    this.#reader.close();
    this.#running = undefined;
  }

  async #apply(): Promise<void> {
    await undefined; // what came in one piece of the connection is one group
    while (this.#entries.length > 0 && !this.#store.refusal) await this.#applyGroup();
    if (this.#store.refusal) {
      this.#entries = []; // the feed brings them again
      this.#appends.refuse(this.#store.refusal);
    }
    this.#applying = undefined;
  }

  async #applyGroup(): Promise<void> {
    const group = this.#entries.splice(0, GROUP_RECORDS);
    const { applied, draft } = this.#project(group);
    this.#entries.unshift(...group.slice(applied.length));
    // Nobody waits for the disk: the record is durable in the stream, which gives it again where it is lost here.
    this.#store.stage(draft.drain());
    this.#unwritten += applied.length;
    this.#flushing ??= setTimeout(() => void this.#flush(), FLUSH_MS);
    this.#reader.head = applied.at(-1)!.record.seq;
    const deaf = new Map<Applied, unknown>();
    for (const one of applied) {
      if (one.failed !== undefined) continue;
      try {
        this.#projector.committed(one.record, one.changes);
      } catch (cause) {
        deaf.set(one, cause);
      }
    }
    for (const one of applied) {
      const { entry, record, changes } = one;
      const since = this.#appends.applied(entry.id, { seq: record.seq, changes }, one.failed ?? deaf.get(one));
      if (since === undefined) continue;
      this.figures.appended(since);
      if (record.voids) this.#settings.onVoid(record.voids);
    }
    this.#reader.grow();
    if (this.#store.staged > GROUP_WRITES) await this.#flush();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    const begun = performance.now();
    const records = this.#unwritten;
    this.#unwritten = 0;
    try {
      await this.#store.flush();
      if (records > 0) this.figures.committed(records, begun);
    } catch {
      // the store has told why, and keeps it
    }
  }

  /** Stages a group, or the first part of a large one. A record that the view cannot take changes nothing there. */
  #project(group: readonly Entry[]): { applied: Applied[]; draft: Draft } {
    const unfit = new Map<number, unknown>();
    for (;;) {
      const draft = new Draft(this.#store);
      const applied: Applied[] = [];
      const again = () => {
        for (const entry of group) {
          if (draft.size > GROUP_WRITES) return false;
          const failed = unfit.get(entry.seq);
          const about = this.#settings.names.about(entry.subject);
          // What is about something is published with what it expects, and taken once.
          const repeat = about === undefined && isRepeat(entry.id, entry.seq, draft);
          const record: JournalRecord = repeat ? voidOf(entry.seq) : recordOf(entry);
          let changes: Change[] = [];
          if (failed === undefined) {
            try {
              changes = this.#projector.project(record, draft);
            } catch (cause) {
              unfit.set(entry.seq, cause); // the draft may hold half of it
              this.#settings.onUnfit(entry.seq, cause);
              return true;
            }
          }
          draft.write(keys.record(record.seq), record);
          if (entry.empty) draft.write(keys.gap(record.seq), true);
          stageVoids(record, draft);
          for (const seq of record.voids ?? []) if (draft.has(keys.gap(seq))) draft.delete(keys.gap(seq));
          if (about !== undefined) draft.write(keys.subject(about), record.seq);
          applied.push({ entry, record, changes, ...(failed === undefined ? {} : { failed }) });
        }
        return false;
      };
      if (again()) continue;
      draft.write(keys.head, applied.at(-1)!.record.seq);
      if (unfit.size > 0) draft.write(keys.unfit, this.#settings.version);
      return { applied, draft };
    }
  }
}

/** What is no record of goldctl stands for one that is lost. */
function recordOf({ seq, text, empty }: Entry): JournalRecord {
  if (empty) return voidOf(seq);
  try {
    const record = JSON.parse(text) as Partial<NewRecord> | null;
    if (typeof record?.kind === 'string' && typeof record.at === 'number') return { seq, ...(record as NewRecord) };
  } catch {
    // as below
  }
  return { seq, kind: 'lost', at: 0 };
}
