import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { type Deferred, deferred } from '../../domain/deferred.ts';
import { Failure } from '../../domain/failure.ts';
import type { Names } from './names.ts';

/** A message of the stream. */
export interface Entry {
  readonly seq: number;
  /** The stream's name for it: names.ts. */
  readonly subject: string;
  /** By which it was published; none where something else than goldctl wrote it. */
  readonly id: string;
  readonly text: string;
  /** Nothing is in its place: it was made void, or is lost. */
  readonly empty?: true;
}

export interface FeedSettings {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly names: Names;
  /** Gets every entry once, in order, without a gap. */
  readonly onEntry: (entry: Entry) => void;
  /** How many entries were handed over and are not dealt with. */
  readonly waiting: () => number;
  /** The stream is there and takes writes, or why it seems not to. Told with every look at it. */
  readonly onLook: (failure?: Failure) => void;
  /** All is handed over that was missing, and some places were empty. */
  readonly onEmpty: () => void;
}

/** Who hears nothing looks this often whether there is something. */
const LOOK_MS = 1000;
const LOOK_TIMEOUT_MS = 1000;
/** A new leader is asked once more after so long. */
const ELECTED_MS = 250;
/** A live message that is not there so long after others that are is fetched. */
const GRACE_MS = 20;
/** So many are asked for one by one; more by a consumer, which has to be made first. */
const SINGLE = 64;
const FETCH = 1000;
/** The shortest that JetStream takes: so long a fetch whose node died is waited for. */
const FETCH_MS = 1000;
const RETRY_MS = 100;
/** What came live before what is missing, and entries that are not dealt with: beyond it nothing is kept, but fetched later. */
const MAX_HELD = 20_000;

/**
 * What the stream holds from a seq on, and what it takes from then on. Live messages come by the stream's RePublish on
 * a plain subscription: what comes there is committed. It may lose some, when a node dies: whoever misses a seq
 * fetches it, of the stream's leader. Consumers alone would freeze for half a minute after a node's death.
 */
export class Feed {
  readonly #settings: FeedSettings;
  readonly #held = new Map<number, Entry>();
  /** Seq of the entry that is handed over next. */
  #next: number;
  /** Seq of the last entry that is known to be. */
  #target = 0;
  #heard = false;
  /** A place was found empty since the last fill. */
  #empty = false;
  #subscription: Subscription | undefined;
  #filling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #looking: Promise<number> | undefined;
  /** Who led the stream when it was looked at last. */
  #leader: string | undefined;
  #stopped = false;
  #moved: Deferred<void> = deferred();

  constructor(after: number, settings: FeedSettings) {
    this.#next = after + 1;
    this.#settings = settings;
  }

  start(): void {
    const { connection, names } = this.#settings;
    this.#subscription = connection.subscribe(names.live, {
      callback: (error, message) => {
        if (error === null) this.#live(message);
      },
    });
    this.#timer = setInterval(() => {
      if (this.#heard) {
        this.#heard = false;
        this.#settings.onLook();
      } else {
        void this.look();
      }
    }, LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#grace);
    this.#subscription?.unsubscribe();
    this.#moved.resolve();
    await this.#filling;
  }

  /** Seq of the last entry that was handed over. */
  get last(): number {
    return this.#next - 1;
  }

  /** Begins once more behind `seq`. */
  rewind(seq: number): void {
    this.#target = Math.max(this.#target, this.#next - 1);
    this.#next = seq + 1;
    this.#fill();
  }

  /** The stream has this entry: it is fetched if it does not come by itself. */
  expect(seq: number): void {
    if (seq <= this.#target && seq < this.#next) return;
    this.#target = Math.max(this.#target, seq);
    if (this.#next > this.#target || this.#grace || this.#filling) return;
    this.#grace = setTimeout(() => {
      this.#grace = undefined;
      this.#fill();
    }, GRACE_MS);
  }

  /** Looks what the stream has. Does not throw: who asks hears of it by `onLook`. @returns its last seq, or undefined */
  async look(): Promise<number | undefined> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    try {
      const last = await this.#looking;
      if (!this.#stopped) this.#settings.onLook();
      return last;
    } catch (thrown) {
      if (!this.#stopped) this.#settings.onLook(Failure.from(thrown));
      return undefined;
    }
  }

  /** Resolves once everything is handed over that the stream has now. @throws Failure NOT_AVAILABLE */
  async caughtUp(): Promise<void> {
    await this.#looking?.catch(() => {}); // it may have been asked before
    const last = await this.look();
    if (last === undefined) throw new Failure('NOT_AVAILABLE', 'The stream of the journal does not answer.');
    await this.reached(last);
  }

  /** Resolves once the entry of that seq is handed over, or the feed stops. */
  async reached(seq: number): Promise<void> {
    while (this.#next <= seq && !this.#stopped) await this.#moved.promise;
  }

  async #look(): Promise<number> {
    let { last, leader } = await this.#info();
    if (this.#leader !== undefined && leader !== this.#leader) {
      // Elected a moment ago, it may not have applied what its log has, and tells an earlier end.
      await new Promise((resolve) => setTimeout(resolve, ELECTED_MS));
      ({ last, leader } = await this.#info());
    }
    this.#leader = leader;
    if (last >= this.#next) this.expect(last);
    return last;
  }

  /** @throws Failure NOT_AVAILABLE when the stream does not take writes */
  async #info(): Promise<{ last: number; leader: string | undefined }> {
    const { connection, names } = this.#settings;
    // Not by the manager: its patience is its own.
    const reply = await connection
      .request(`$JS.API.STREAM.INFO.${names.stream}`, '', { timeout: LOOK_TIMEOUT_MS })
      .catch((cause: unknown) => {
        throw new Failure('NOT_AVAILABLE', 'The stream of the journal does not answer.', { cause });
      });
    const info = reply.json<{
      error?: { description: string };
      state?: { last_seq: number };
      cluster?: { leader?: string; replicas?: { offline?: boolean; active: number }[] };
    }>();
    if (info.error || !info.state) {
      throw new Failure('NOT_AVAILABLE', `The stream of the journal is not there: ${info.error?.description}.`);
    }
    const { leader, replicas = [] } = info.cluster ?? {};
    const there = replicas.filter(({ offline, active }) => !offline && active < PRESENT_NS).length;
    // The node on which the stream was made answers also when nobody leads.
    if ((info.cluster && !leader) || 2 * (there + 1) <= replicas.length + 1) {
      throw new Failure('NOT_AVAILABLE', 'Most nodes that hold the journal do not answer.');
    }
    return { last: info.state.last_seq, leader };
  }

  #live(message: Msg): void {
    const seq = Number(message.headers?.get('Nats-Sequence'));
    if (!Number.isSafeInteger(seq)) return; // nothing that a stream has told
    this.#heard = true;
    if (seq < this.#next) return;
    if (this.#settings.waiting() + this.#held.size > MAX_HELD) {
      this.expect(seq);
      return;
    }
    const { headers } = message;
    this.#offer({
      seq,
      subject: headers!.get('Nats-Subject'),
      id: headers!.get('Nats-Msg-Id'),
      text: message.string(),
    });
    if (this.#held.size > 0) this.expect(seq);
  }

  #offer(entry: Entry): void {
    if (entry.seq < this.#next) return;
    if (entry.seq > this.#next) {
      this.#held.set(entry.seq, entry);
      return;
    }
    for (let next: Entry | undefined = entry; next; next = this.#held.get(this.#next)) {
      this.#held.delete(next.seq);
      this.#next += 1;
      this.#settings.onEntry(next);
    }
    const { resolve } = this.#moved;
    this.#moved = deferred();
    resolve();
  }

  #fill(): void {
    if (this.#stopped) return;
    this.#filling ??= this.#refill().finally(() => {
      this.#filling = undefined;
    });
  }

  async #refill(): Promise<void> {
    while (this.#next <= this.#target && !this.#stopped) {
      if (this.#settings.waiting() > MAX_HELD / 2) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      try {
        if (this.#target - this.#next < SINGLE) await this.#fetchSingly(this.#target);
        else await this.#fetchMany();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    for (const seq of this.#held.keys()) if (seq < this.#next) this.#held.delete(seq);
    if (!this.#empty) return;
    this.#empty = false;
    this.#settings.onEmpty();
  }

  /** The next ones that are missing, up to `last`, of the leader: another node may be behind, and say that there is nothing. */
  async #fetchSingly(last: number): Promise<void> {
    const { manager, names } = this.#settings;
    const missing: number[] = [];
    for (let seq = this.#next; seq <= last && missing.length < SINGLE; seq++) {
      if (!this.#held.has(seq)) missing.push(seq);
    }
    const messages = await Promise.all(missing.map((seq) => manager.streams.getMessage(names.stream, { seq })));
    const empty = missing.filter((_, i) => messages[i] === null);
    if (empty.length > 0) await this.#checkEmpty(empty);
    for (const [i, message] of messages.entries()) {
      if (message === null) {
        this.#offer({ seq: missing[i]!, subject: '', id: '', text: '', empty: true });
        continue;
      }
      const { seq, subject, header } = message;
      this.#offer({ seq, subject, id: header.get('Nats-Msg-Id'), text: message.string() });
    }
  }

  /**
   * A leader that was elected a moment ago may not have applied what its log has, and says that it is not there: only what
   * one and the same leader has gone past, and has not, is not there. @throws Failure NOT_AVAILABLE when that is not sure
   */
  async #checkEmpty(seqs: readonly number[]): Promise<void> {
    const { manager, names } = this.#settings;
    const before = await this.#info();
    const again = await Promise.all(seqs.map((seq) => manager.streams.getMessage(names.stream, { seq })));
    const after = await this.#info();
    if (before.leader !== after.leader || seqs.at(-1)! > before.last || again.some((message) => message !== null)) {
      throw new Failure('NOT_AVAILABLE', 'The stream of the journal has another leader.');
    }
    this.#empty = true;
  }

  async #fetchMany(): Promise<void> {
    const { client, names, waiting } = this.#settings;
    const consumer = await client.consumers.get(names.stream, { opt_start_seq: this.#next });
    try {
      while (this.#next <= this.#target && !this.#stopped) {
        const before = this.#next;
        const count = Math.min(FETCH, this.#target - before + 1);
        let last = before - 1;
        for await (const message of await consumer.fetch({ max_messages: count, expires: FETCH_MS })) {
          const { seq, subject, headers } = message;
          last = seq;
          this.#offer({ seq, subject, id: headers?.get('Nats-Msg-Id') ?? '', text: message.string() });
          if (this.#stopped) return;
        }
        // A consumer passes over places that are empty.
        while (this.#next <= last && !this.#stopped) await this.#fetchSingly(last);
        if (last < before) {
          await this.#fetchSingly(this.#target); // its node is gone, or nothing but empty places is left
          return;
        }
        while (waiting() > MAX_HELD / 2 && !this.#stopped) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      await consumer.delete().catch(() => {}); // it goes by itself
    }
  }
}

/** A replica that its leader has not heard of for so long is counted as away. */
const PRESENT_NS = 3e9;
