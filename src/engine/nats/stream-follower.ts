import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { AppError } from '../../domain/app-error.ts';
import { type Deferred, deferred, yieldToEventLoop } from '../../domain/deferred.ts';
import { sleep } from '../../sleep.ts';
import type { Subjects } from './subjects.ts';

export interface StreamMessage {
  readonly seq: number;
  readonly subject: string;
  /** The id it was published with; empty if goldctl did not write it. */
  readonly id: string;
  readonly text: string;
  /** The slot is empty: its record is void or lost. */
  readonly isEmpty?: true;
}

export interface StreamFollowerSettings {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly jetStream: JetStreamClient;
  readonly subjects: Subjects;
  /** Receives every message once, in order, without a gap. */
  readonly onMessage: (message: StreamMessage) => void;
  /** Number of delivered messages that are not processed yet. */
  readonly backlog: () => number;
  /** Called after each health check, with the reason if the stream does not accept writes. */
  readonly onHealthCheck: (failure?: AppError) => void;
  /** Called when all missing messages were fetched and some slots were empty. */
  readonly onEmptySlots: () => void;
}

/** Poll interval when no live message arrives. */
const HEALTH_CHECK_INTERVAL_MS = 1000;
const HEALTH_CHECK_TIMEOUT_MS = 1000;
/** Delay before a new leader is asked again. */
const LEADER_SETTLE_MS = 250;
/** A live message that is missing this long after a later one arrived is fetched. */
const REORDER_GRACE_MS = 20;
/** Up to this many messages are fetched one by one; more through a consumer, which must be created first. */
const MAX_SINGLE_FETCHES = 64;
const FETCH_BATCH_SIZE = 1000;
/** JetStream's minimum; also the time lost when a node dies during a fetch. */
const FETCH_EXPIRY_MS = 1000;
const RETRY_DELAY_MS = 100;
/** Limit of messages that arrived early or are not processed. Beyond it, messages are dropped and fetched later. */
const MAX_BUFFERED = 20_000;

/**
 * Follows a stream from a sequence number. Live messages arrive through the stream's RePublish on a plain subscription;
 * such a message is committed. Messages may be lost when a node dies: missing ones are fetched from the stream's
 * leader. Consumers alone would freeze for half a minute after a node's death.
 */
export class StreamFollower {
  readonly #settings: StreamFollowerSettings;
  readonly #reorderBuffer = new Map<number, StreamMessage>();
  #nextSeq: number;
  #highWatermark = 0;
  #hasReceived = false;
  /** An empty slot was found since the last fetch loop. */
  #hasEmptySlots = false;
  #subscription: Subscription | undefined;
  #fetching: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #checking: Promise<number> | undefined;
  #leader: string | undefined;
  #isStopped = false;
  #progress: Deferred<void> = deferred();

  constructor(after: number, settings: StreamFollowerSettings) {
    this.#nextSeq = after + 1;
    this.#settings = settings;
  }

  start(): void {
    const { connection, subjects } = this.#settings;
    this.#subscription = connection.subscribe(subjects.live, {
      callback: (error, message) => {
        if (error === null) this.#onLiveMessage(message);
      },
    });
    this.#timer = setInterval(() => {
      if (this.#hasReceived) {
        this.#hasReceived = false;
        this.#settings.onHealthCheck();
      } else {
        void this.checkHealth();
      }
    }, HEALTH_CHECK_INTERVAL_MS).unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#graceTimer);
    this.#subscription?.unsubscribe();
    this.#progress.resolve();
    await this.#fetching;
  }

  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  seek(seq: number): void {
    this.#highWatermark = Math.max(this.#highWatermark, this.#nextSeq - 1);
    this.#nextSeq = seq + 1;
    this.#fetchMissing();
  }

  /** The stream has this message: it is fetched if it does not arrive by itself. */
  expectUpTo(seq: number): void {
    if (seq <= this.#highWatermark && seq < this.#nextSeq) return;
    this.#highWatermark = Math.max(this.#highWatermark, seq);
    if (this.#nextSeq > this.#highWatermark || this.#graceTimer || this.#fetching) return;
    this.#graceTimer = setTimeout(() => {
      this.#graceTimer = undefined;
      this.#fetchMissing();
    }, REORDER_GRACE_MS);
  }

  /** Asks the stream for its last sequence number. Failures only go to `onHealthCheck`. @returns it, or undefined */
  async checkHealth(): Promise<number | undefined> {
    this.#checking ??= this.#readLastSeq().finally(() => {
      this.#checking = undefined;
    });
    try {
      const last = await this.#checking;
      if (!this.#isStopped) this.#settings.onHealthCheck();
      return last;
    } catch (thrown) {
      if (!this.#isStopped) this.#settings.onHealthCheck(AppError.from(thrown));
      return undefined;
    }
  }

  /** Resolves once everything that the stream holds now is delivered. @throws AppError NOT_AVAILABLE */
  async catchUp(): Promise<void> {
    await this.#checking?.catch(() => {}); // a running check may have read the stream earlier
    const last = await this.checkHealth();
    if (last === undefined) throw new AppError('NOT_AVAILABLE', 'The journal stream does not respond.');
    await this.waitForSeq(last);
  }

  /** Resolves once the message with this sequence number is delivered, or the follower stops. */
  async waitForSeq(seq: number): Promise<void> {
    while (this.#nextSeq <= seq && !this.#isStopped) await this.#progress.promise;
  }

  async #readLastSeq(): Promise<number> {
    let { last, leader } = await this.#streamInfo();
    if (this.#leader !== undefined && leader !== this.#leader) {
      // A leader elected a moment ago may not have applied its whole log, and then reports an earlier end.
      await sleep(LEADER_SETTLE_MS);
      ({ last, leader } = await this.#streamInfo());
    }
    this.#leader = leader;
    if (last >= this.#nextSeq) this.expectUpTo(last);
    return last;
  }

  /** @throws AppError NOT_AVAILABLE when the stream does not take writes */
  async #streamInfo(): Promise<{ last: number; leader: string | undefined }> {
    const { connection, subjects } = this.#settings;
    // Not through the manager, which has its own timeout.
    const reply = await connection
      .request(`$JS.API.STREAM.INFO.${subjects.stream}`, '', { timeout: HEALTH_CHECK_TIMEOUT_MS })
      .catch((cause: unknown) => {
        throw new AppError('NOT_AVAILABLE', 'The journal stream does not respond.', { cause });
      });
    const info = reply.json<{
      error?: { description: string };
      state?: { last_seq: number };
      cluster?: { leader?: string; replicas?: { offline?: boolean; active: number }[] };
    }>();
    if (info.error || !info.state) {
      throw new AppError('NOT_AVAILABLE', `The journal stream is not available: ${info.error?.description}.`);
    }
    const { leader, replicas = [] } = info.cluster ?? {};
    const presentCount = replicas.filter(({ offline, active }) => !offline && active < REPLICA_TIMEOUT_NS).length;
    // The node that created the stream replies even without a leader.
    if ((info.cluster && !leader) || 2 * (presentCount + 1) <= replicas.length + 1) {
      throw new AppError('NOT_AVAILABLE', 'Most nodes that hold the journal do not respond.');
    }
    return { last: info.state.last_seq, leader };
  }

  #onLiveMessage(message: Msg): void {
    const seq = Number(message.headers?.get('Nats-Sequence'));
    if (!Number.isSafeInteger(seq)) return; // not sent by a stream
    this.#hasReceived = true;
    if (seq < this.#nextSeq) return;
    if (this.#settings.backlog() + this.#reorderBuffer.size > MAX_BUFFERED) {
      this.expectUpTo(seq);
      return;
    }
    const { headers } = message;
    this.#deliver({
      seq,
      subject: headers!.get('Nats-Subject'),
      id: headers!.get('Nats-Msg-Id'),
      text: message.string(),
    });
    if (this.#reorderBuffer.size > 0) this.expectUpTo(seq);
  }

  #deliver(message: StreamMessage): void {
    if (message.seq < this.#nextSeq) return;
    if (message.seq > this.#nextSeq) {
      this.#reorderBuffer.set(message.seq, message);
      return;
    }
    for (let next: StreamMessage | undefined = message; next; next = this.#reorderBuffer.get(this.#nextSeq)) {
      this.#reorderBuffer.delete(next.seq);
      this.#nextSeq += 1;
      this.#settings.onMessage(next);
    }
    const { resolve } = this.#progress;
    this.#progress = deferred();
    resolve();
  }

  #fetchMissing(): void {
    if (this.#isStopped) return;
    this.#fetching ??= this.#fetchLoop().finally(() => {
      this.#fetching = undefined;
    });
  }

  async #fetchLoop(): Promise<void> {
    while (this.#nextSeq <= this.#highWatermark && !this.#isStopped) {
      if (this.#settings.backlog() > MAX_BUFFERED / 2) {
        await yieldToEventLoop();
        continue;
      }
      try {
        if (this.#highWatermark - this.#nextSeq < MAX_SINGLE_FETCHES) await this.#fetchOneByOne(this.#highWatermark);
        else await this.#fetchBatches();
      } catch {
        await sleep(RETRY_DELAY_MS);
      }
    }
    for (const seq of this.#reorderBuffer.keys()) if (seq < this.#nextSeq) this.#reorderBuffer.delete(seq);
    if (!this.#hasEmptySlots) return;
    this.#hasEmptySlots = false;
    this.#settings.onEmptySlots();
  }

  /** Fetches the next missing messages up to `last` from the leader: other nodes may lag and report them as missing. */
  async #fetchOneByOne(last: number): Promise<void> {
    const { manager, subjects } = this.#settings;
    const missing: number[] = [];
    for (let seq = this.#nextSeq; seq <= last && missing.length < MAX_SINGLE_FETCHES; seq++) {
      if (!this.#reorderBuffer.has(seq)) missing.push(seq);
    }
    const messages = await Promise.all(missing.map((seq) => manager.streams.getMessage(subjects.stream, { seq })));
    const emptySlots = missing.filter((_, i) => messages[i] === null);
    if (emptySlots.length > 0) await this.#confirmEmpty(emptySlots);
    for (const [i, message] of messages.entries()) {
      if (message === null) {
        this.#deliver({ seq: missing[i]!, subject: '', id: '', text: '', isEmpty: true });
        continue;
      }
      const { seq, subject, header } = message;
      this.#deliver({ seq, subject, id: header.get('Nats-Msg-Id'), text: message.string() });
    }
  }

  /**
   * A leader elected a moment ago may not have applied its whole log, and then reports messages as missing. A slot is
   * really empty only if the same leader is past it before and after. @throws AppError NOT_AVAILABLE otherwise
   */
  async #confirmEmpty(seqs: readonly number[]): Promise<void> {
    const { manager, subjects } = this.#settings;
    const before = await this.#streamInfo();
    const repeated = await Promise.all(seqs.map((seq) => manager.streams.getMessage(subjects.stream, { seq })));
    const after = await this.#streamInfo();
    if (before.leader !== after.leader || seqs.at(-1)! > before.last || repeated.some((message) => message !== null)) {
      throw new AppError('NOT_AVAILABLE', 'The journal stream has a new leader.');
    }
    this.#hasEmptySlots = true;
  }

  async #fetchBatches(): Promise<void> {
    const { jetStream, subjects, backlog } = this.#settings;
    const consumer = await jetStream.consumers.get(subjects.stream, { opt_start_seq: this.#nextSeq });
    try {
      while (this.#nextSeq <= this.#highWatermark && !this.#isStopped) {
        const before = this.#nextSeq;
        const count = Math.min(FETCH_BATCH_SIZE, this.#highWatermark - before + 1);
        let last = before - 1;
        for await (const message of await consumer.fetch({ max_messages: count, expires: FETCH_EXPIRY_MS })) {
          const { seq, subject, headers } = message;
          last = seq;
          this.#deliver({ seq, subject, id: headers?.get('Nats-Msg-Id') ?? '', text: message.string() });
          if (this.#isStopped) return;
        }
        // A consumer skips empty slots.
        while (this.#nextSeq <= last && !this.#isStopped) await this.#fetchOneByOne(last);
        if (last < before) {
          await this.#fetchOneByOne(this.#highWatermark); // its node is gone, or only empty slots are left
          return;
        }
        while (backlog() > MAX_BUFFERED / 2 && !this.#isStopped) await yieldToEventLoop();
      }
    } finally {
      await consumer.delete().catch(() => {}); // expires by itself
    }
  }
}

/** A replica that its leader has not seen for this long counts as absent. */
const REPLICA_TIMEOUT_NS = 3e9;
