import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Deferred, deferred } from '../../domain/deferred.ts';
import { Failure } from '../../domain/failure.ts';
import { Draft } from '../../store/draft.ts';
import { keys, seqOf, within } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { stageVoids, voidOf } from '../../store/void.ts';
import { AppendFigures } from '../append-figures.ts';
import type { Appended, AppendOptions, Change, Journal, JournalRecord, NewRecord, Projector } from '../contract.ts';
import { RecordReader } from '../reader.ts';
import type { Entry, Feed } from './feed.ts';
import type { Names } from './names.ts';
import { PublishError, type Publisher } from './publisher.ts';
import { isRepeat, REACH } from './repeats.ts';

export interface NatsJournalSettings {
  readonly names: Names;
  /** What this goldctl is: kept with records that its view cannot take. */
  readonly version: string;
  /** An append that the cluster has not taken after so long is refused. Default 10 s: a leader's death takes 5. */
  readonly appendMs?: number;
  /** An append was refused because the cluster does not take writes. */
  readonly onRefused: (failure: Failure) => void;
  /** A record is durable and this goldctl's view cannot take it: it is passed over. */
  readonly onUnfit: (seq: number, cause: unknown) => void;
  /** A record that was appended here has made these void: the stream need not keep them. */
  readonly onVoid: (seqs: readonly number[]) => void;
}

/** What the journal works with while the engine runs. */
export interface Running {
  readonly connection: NatsConnection;
  readonly publisher: Publisher;
  readonly feed: Feed;
}

interface Pending {
  readonly id: string;
  /** In the order of the appends. */
  readonly number: number;
  readonly subject: string;
  readonly payload: string;
  readonly expect: number | undefined;
  readonly since: number;
  readonly deadline: number;
  readonly appended: Deferred<Appended>;
  /** The cluster has answered, or the record has come. */
  settled: boolean;
}

interface Applied {
  readonly entry: Entry;
  readonly record: JournalRecord;
  readonly changes: readonly Change[];
  readonly failed?: unknown;
}

const APPEND_MS = 10_000;
/** One try; the next has the same id, so that the stream takes one of them. */
const ATTEMPT_MS = 1000;
const RETRY_MS = 100;
/** Published and not answered: nats-server refuses what goes far beyond. */
const IN_FLIGHT = 2048;
const MAX_WAITING = 100_000;
const GROUP_RECORDS = 1024;
const GROUP_WRITES = 20_000;
/** What is applied is written together after so long: by itself, each would take cores that the others need. */
const FLUSH_MS = 50;
/** An earlier try of an append may still be on its way into the stream. */
const ON_ITS_WAY_MS = 250;

// JetStream's own numbers of errors.
const DUPLICATE_IN_PROCESS = 10_158;
const NO_ROOM = 10_023;
const WRONG_LAST: ReadonlySet<number | undefined> = new Set<number | undefined>([10_071, 10_164]);

/**
 * The journal in a stream: a record is a message, its place the message's sequence. Whoever appends publishes, with an
 * id of its own, as often as it takes; the record is durable when the feed brings it, and applied in the order of the
 * stream like everybody else's.
 */
export class NatsJournal implements Journal {
  readonly figures = new AppendFigures();
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #settings: NatsJournalSettings;
  readonly #reader: RecordReader;
  readonly #pending = new Map<string, Pending>();
  #queue: Pending[] = [];
  #inFlight = 0;
  #pumping = false;
  #entries: Entry[] = [];
  #applying: Promise<void> | undefined;
  /** Applied since the last flush. */
  #unwritten = 0;
  #flushing: NodeJS.Timeout | undefined;
  #open = false;
  #running: Running | undefined;
  #emptied: Deferred<void> | undefined;
  readonly #instance = randomUUID();
  #count = 0;
  /** Nothing is published meanwhile. */
  refusal: Failure | undefined;

  constructor(store: Store, projector: Projector, settings: NatsJournalSettings) {
    this.#store = store;
    this.#projector = projector;
    this.#settings = settings;
    this.#reader = new RecordReader(store);
  }

  head(): number {
    return this.#reader.head;
  }

  get appending(): number {
    return this.#pending.size;
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
    this.#open = true;
  }

  append(record: NewRecord, options: AppendOptions = {}): Promise<Appended> {
    if (!this.#open) return Promise.reject(new Failure('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    const refusal = this.#store.refusal ?? this.refusal;
    if (refusal) return Promise.reject(refusal);
    if (this.#pending.size >= MAX_WAITING) {
      return Promise.reject(
        new Failure('NOT_AVAILABLE', 'The cluster does not keep up with what is written. Try again.'),
      );
    }
    const { names, appendMs = APPEND_MS } = this.#settings;
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
    this.#count += 1;
    const now = performance.now();
    const pending: Pending = {
      id: `${this.#instance}.${this.#count}`,
      number: this.#count,
      subject: names.record(record.kind, subject),
      payload,
      expect: subject === undefined ? undefined : expect,
      since: now,
      deadline: now + appendMs,
      appended: deferred<Appended>(),
      settled: false,
    };
    this.#pending.set(pending.id, pending);
    this.#queue.push(pending);
    this.#pump();
    return pending.appended.promise;
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

  /** Refuses what waits beyond its time: the stream has it, maybe, and cannot be read. */
  expire(): void {
    const now = performance.now();
    for (const pending of this.#pending.values()) {
      if (pending.deadline > now) return; // so do those behind it
      this.#giveUp(pending);
    }
  }

  /** Takes no more; resolves when all that was taken is applied, or refused. */
  async drain(): Promise<void> {
    this.#open = false;
    if (this.#pending.size === 0) return;
    this.#emptied = deferred();
    await this.#emptied.promise;
  }

  /** Ends who follows. Nothing comes any more. */
  async close(): Promise<void> {
    await this.#applying;
    await this.#flush();
    this.#reader.close();
    this.#running = undefined;
  }

  #settle(pending: Pending, settle: (appended: Deferred<Appended>) => void): void {
    pending.settled = true;
    if (!this.#pending.delete(pending.id)) return;
    settle(pending.appended);
    this.#pump();
    if (this.#pending.size === 0) this.#emptied?.resolve();
  }

  #pump(): void {
    if (this.#pumping) return; // whoever gives up at once comes here again
    this.#pumping = true;
    for (let next = this.#next(); next.length > 0; next = this.#next()) {
      for (const pending of next) {
        this.#inFlight += 1;
        void this.#publish(pending).finally(() => {
          this.#inFlight -= 1;
          this.#pump();
        });
      }
    }
    this.#pumping = false;
  }

  /** Those to be published now: none so far ahead of one that is not settled that a repeat of that would not be known. */
  #next(): Pending[] {
    const [first] = this.#queue;
    const [oldest] = this.#pending.values();
    if (!first || !oldest) return [];
    return this.#queue.splice(
      0,
      Math.max(0, Math.min(IN_FLIGHT - this.#inFlight, oldest.number + REACH - first.number)),
    );
  }

  /** Publishes until it is known what became of it, or nobody waits any more. Never rejects. */
  async #publish(pending: Pending): Promise<void> {
    const { publisher, feed } = this.#running!;
    /** A try may have got through. */
    let ambiguous = false;
    let cause: unknown;
    while (!pending.settled && performance.now() < pending.deadline) {
      try {
        const seq = await publisher.publish({
          ...pending,
          timeoutMs: Math.max(1, Math.min(ATTEMPT_MS, pending.deadline - performance.now())),
        });
        if (seq > 0) {
          feed.expect(seq);
          return; // it is durable, and settled when it is applied
        }
        // An earlier try is on its way, and may stay there: before 2.12 that is told as a duplicate of nothing.
        ambiguous = true;
      } catch (thrown) {
        cause = thrown;
        if (pending.settled) return;
        const code = thrown instanceof PublishError ? thrown.code : undefined;
        if (WRONG_LAST.has(code)) {
          if (await this.#lost(pending, ambiguous)) return;
          ambiguous = true;
        } else if (code !== undefined && code !== DUPLICATE_IN_PROCESS && !passing(thrown as PublishError)) {
          const failure = new Failure(
            'STORE_FAILED',
            `The NATS cluster refuses the record: ${(thrown as Error).message}.`,
            {
              cause,
            },
          );
          this.#settle(pending, ({ reject }) => reject(failure));
          return;
        } else {
          ambiguous = true;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (!pending.settled) this.#giveUp(pending, cause);
  }

  #giveUp(pending: Pending, cause?: unknown): void {
    const failure = notTaken(cause);
    this.#settle(pending, ({ reject }) => reject(failure));
    this.#settings.onRefused(failure);
  }

  /** Another record of the subject came first: or is it an earlier try of this one? @returns false when nobody can say */
  async #lost(pending: Pending, ambiguous: boolean): Promise<boolean> {
    try {
      if (ambiguous) await new Promise((resolve) => setTimeout(resolve, ON_ITS_WAY_MS));
      // Whoever is told of a conflict looks again, and must see what the other one wrote.
      await this.catchUp();
    } catch (failure) {
      if (ambiguous || !(failure instanceof Failure)) return false;
    }
    if (!pending.settled) this.#settle(pending, ({ reject }) => reject(new Failure('CONFLICT')));
    return true;
  }

  async #apply(): Promise<void> {
    await undefined; // what came in one piece of the connection is one group
    while (this.#entries.length > 0 && !this.#store.refusal) await this.#applyGroup();
    if (this.#store.refusal) {
      this.#entries = []; // the feed brings them again
      this.#refuseAll(this.#store.refusal);
    }
    this.#applying = undefined;
  }

  #refuseAll(failure: Failure): void {
    this.#queue = [];
    for (const pending of [...this.#pending.values()]) this.#settle(pending, ({ reject }) => reject(failure));
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
      const pending = this.#pending.get(one.entry.id);
      if (!pending) continue;
      this.figures.appended(pending.since);
      const cause = one.failed ?? deaf.get(one);
      this.#settle(pending, ({ resolve, reject }) => {
        if (cause === undefined) resolve({ seq: one.record.seq, changes: one.changes });
        else reject(new Failure('INTERNAL', undefined, { cause }));
      });
      if (one.record.voids) this.#settings.onVoid(one.record.voids);
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

/** JetStream's own trouble, which goes by: no leader yet, a node that starts, too much at a time. */
function passing({ status, code }: PublishError): boolean {
  return [408, 429, 503].includes(status) && code !== NO_ROOM;
}

function notTaken(cause: unknown): Failure {
  return new Failure(
    'NOT_AVAILABLE',
    'The NATS cluster does not take writes: most of its nodes do not answer. Reading goes on; writing does when they are back.',
    { cause },
  );
}
