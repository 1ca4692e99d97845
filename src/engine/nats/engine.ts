import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { Failure } from '../../domain/failure.ts';
import { keys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import type { Engine, JournalRecord, Projector, Trouble } from '../contract.ts';
import { Recovery, type RecoverySettings } from '../recovery.ts';
import { checkSchema, holesOf, put } from '../stored.ts';
import { NatsBus } from './bus.ts';
import { type Clients, loadClients } from './clients.ts';
import { checkServer, connectNats, type NatsServers } from './connection.ts';
import { Feed } from './feed.ts';
import { NatsJournal } from './journal.ts';
import { LEASE_MS, NatsLease } from './lease.ts';
import { Names } from './names.ts';
import { Publisher } from './publisher.ts';
import { openStream } from './stream.ts';

export interface NatsEngineSettings extends RecoverySettings {
  readonly connection: NatsServers;
  /** Begins every name of the room in the cluster. */
  readonly prefix: string;
  /** Nodes that hold the journal; undefined: 3 in a cluster, 1 on a single node. */
  readonly replicas?: number | undefined;
  /** Of goldctl. */
  readonly version: string;
  /** See journal.ts. */
  readonly appendMs?: number;
  /** How far the view is while it catches up at the start; told every few seconds. */
  readonly onProgress?: (seq: number, head: number) => void;
  /** What became of the connection, and other things to log. */
  readonly onNotice?: (text: string, cause?: unknown) => void;
}

const PROGRESS_MS = 3000;
/** A stream that does not answer for so long does not take writes; and another node may be the better one. */
const SILENCE_MS = 6000;
/** Before writes are taken again. */
const ENOUGH_ANSWERS = 3;

/**
 * Many machines: the journal is a stream of a NATS cluster, and every daemon keeps a copy of it with a view in a store of
 * its own. Whatever the store lost, the stream gives again.
 */
export class NatsEngine implements Engine {
  readonly journal: NatsJournal;
  readonly bus: NatsBus;
  readonly #names: Names;
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #settings: NatsEngineSettings;
  readonly #leases = new Map<string, NatsLease>();
  readonly #recovery: Recovery;
  #loaded = false;
  #clients: Clients | undefined;
  #connection: NatsConnection | undefined;
  #manager: JetStreamManager | undefined;
  #feed: Feed | undefined;
  #publisher: Publisher | undefined;
  #bucket: Promise<KV> | undefined;
  #replicas = 1;
  #trouble: Trouble | undefined;
  /** How often the stream has answered since there is trouble. */
  #answers = 0;
  /** Places were found empty, and the stream did not say whether they may be. */
  #unsure = false;
  /** Since when the stream does not answer. */
  #silentSince: number | undefined;

  constructor(store: Store, projector: Projector, settings: NatsEngineSettings) {
    this.#store = store;
    this.#projector = projector;
    this.#settings = settings;
    this.#names = new Names(settings.prefix);
    this.bus = new NatsBus(this.#names);
    this.#recovery = new Recovery(() => this.#recover(), settings);
    this.journal = new NatsJournal(store, projector, {
      names: this.#names,
      version: settings.version,
      appendMs: settings.appendMs,
      onRefused: (failure) => this.#refuse(failure),
      onVoid: (seqs) => void this.#erase(seqs),
      onUnfit: (seq, cause) => settings.onNotice?.(`record ${seq} does not fit the view and is passed over`, cause),
    });
  }

  get trouble(): Trouble | undefined {
    return this.#recovery.trouble ?? this.#trouble;
  }

  lease(name: string): NatsLease {
    const lease = this.#leases.get(name) ?? new NatsLease(name, () => this.#leaseBucket());
    this.#leases.set(name, lease);
    return lease;
  }

  /** @throws Failure NOT_AVAILABLE when the cluster is not there or too old, CONFIG_INVALID, DATA_LOCKED, DATA_NEWER, STORE_FAILED */
  async start(): Promise<void> {
    const { connection: servers, prefix, replicas } = this.#settings;
    await this.#store.open();
    try {
      // The stream has all of it: a copy of an older format is fetched again.
      await checkSchema(this.#store, () => this.#store.clear());
      const clients = await loadClients();
      this.#clients = clients;
      const connection = await connectNats(clients, servers, `goldctl ${prefix}`);
      this.#connection = connection;
      void this.#watch(connection);
      // A look that fails is no reason to stop: the feed tries again.
      const manager = await clients.jetstreamManager(connection, { timeout: 5000 });
      this.#manager = manager;
      const info = await openStream(clients, manager, this.#names, replicas);
      this.#replicas = info.config.num_replicas;
      const head = await this.#checkCopy(info, async (seq) => {
        const message = await manager.streams.getMessage(this.#names.stream, { seq });
        return message?.string();
      });
      if (!this.#loaded) await this.#projector.load();
      this.#loaded = true;
      this.journal.open(head);
      const feed = new Feed(head, {
        connection,
        manager,
        client: clients.jetstream(connection),
        names: this.#names,
        onEntry: (entry) => this.journal.take(entry),
        waiting: () => this.journal.waiting,
        onLook: (failure) => this.#looked(failure),
        onEmpty: () => void this.#foundEmpty(),
      });
      this.#feed = feed;
      feed.start();
      await this.#catchUp(feed, info.state.last_seq);
      await this.#checkGaps(feed);
      this.bus.start(connection);
      this.#store.onRefusal((failure) => this.#recovery.begin(failure));
      const publisher = new Publisher({ connection, headers: clients.headers, inbox: clients.createInbox() });
      publisher.start();
      this.#publisher = publisher;
      this.journal.run({ connection, publisher, feed });
    } catch (failure) {
      await this.#close();
      throw failure;
    }
  }

  async stop(): Promise<void> {
    await this.journal.drain();
    for (const lease of this.#leases.values()) if (lease.held) await lease.release();
    await this.#recovery.stop();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.bus.stop();
    await this.#feed?.stop();
    this.#feed = undefined;
    this.#manager = undefined;
    await this.journal.close();
    this.#publisher?.stop();
    this.#publisher = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#bucket = undefined;
    await connection?.close();
    await this.#store.close();
  }

  /**
   * What is in the store must be the beginning of what is in the stream. A copy with holes (a power cut took what was not
   * synced), or that was made by another goldctl which could not take all of it, is made anew.
   * @returns the seq of the last record in the store
   */
  async #checkCopy(info: StreamInfo, textOf: (seq: number) => Promise<string | undefined>): Promise<number> {
    const store = this.#store;
    const { stream } = this.#names;
    const mark = `${stream} ${info.created}`;
    const head = store.read<number>(keys.head) ?? 0;
    const marked = store.read<string>(keys.stream);
    const last = info.state.last_seq;
    if (marked !== undefined && marked !== mark) throw otherRoom(stream, `it belongs to another stream (${marked})`);
    if (head > last) throw otherRoom(stream, `it has ${head} records, and the stream ${last}`);
    if (marked === undefined) await this.#checkLast(head, textOf);
    const unfit = store.read<string>(keys.unfit);
    const holes = await holesOf(store);
    if (holes.length > 0 || (unfit !== undefined && unfit !== this.#settings.version)) {
      this.#settings.onNotice?.(
        holes.length > 0
          ? `records from ${holes[0]!.from} on are missing in the copy here: all of it is made anew from the stream`
          : `goldctl ${unfit} could not take every record: the view is made anew`,
      );
      await store.clear();
      await checkSchema(store, () => store.clear());
      await store.write([put(keys.stream, mark)], { sync: true });
      return 0;
    }
    await store.write([put(keys.stream, mark), put(keys.verified, head)], { sync: true });
    return head;
  }

  /** The last record that both have must be the same. */
  async #checkLast(head: number, textOf: (seq: number) => Promise<string | undefined>): Promise<void> {
    for (let seq = head; seq > 0; seq--) {
      const { seq: _, ...record } = this.#store.read<JournalRecord>(keys.record(seq)) ?? {
        kind: 'lost',
        seq: 0,
        at: 0,
      };
      const text = record.kind === 'void' ? undefined : await textOf(seq);
      if (text === undefined) continue; // void, here or there
      if (text === JSON.stringify(record)) return;
      throw otherRoom(this.#names.stream, `record ${seq} is another one there`);
    }
  }

  async #catchUp(feed: Feed, last: number): Promise<void> {
    const progress = setInterval(() => this.#settings.onProgress?.(this.journal.head(), last), PROGRESS_MS);
    try {
      feed.expect(last);
      await feed.reached(last);
      await this.journal.applied();
      if (this.#store.refusal) throw this.#store.refusal;
    } finally {
      clearInterval(progress);
    }
  }

  /** Places of the stream are empty where a record says so, which comes behind them; all others are lost. */
  async #checkGaps(feed: Feed): Promise<void> {
    await this.journal.applied();
    if ((await this.journal.firstGap()) === undefined) return;
    await feed.caughtUp(); // what was emptied meanwhile was told before
    await this.journal.applied();
    const seq = await this.journal.firstGap();
    if (seq !== undefined) throw gone(seq);
  }

  /** What is not erased stays, and does no harm. */
  async #erase(seqs: readonly number[]): Promise<void> {
    const manager = this.#manager;
    if (!manager) return;
    try {
      // One by one: there is time, and others write.
      for (const seq of seqs) await manager.streams.deleteMessage(this.#names.stream, seq, false);
    } catch (cause) {
      this.#settings.onNotice?.('records that are void could not be erased in the stream', cause);
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#settings.onNotice?.(`the NATS server ${status.server} is gone`);
      if (status.type !== 'reconnect') continue;
      try {
        checkServer(connection);
        this.#settings.onNotice?.(`connected to the NATS server ${status.server}`);
        await this.#feed?.look();
      } catch (failure) {
        this.#settings.onNotice?.((failure as Failure).message);
        await connection.reconnect().catch(() => {});
      }
    }
  }

  /** The stream answers, or does not. */
  #looked(failure?: Failure): void {
    this.journal.expire();
    if (!failure) {
      this.#silentSince = undefined;
      if (this.#unsure) {
        this.#unsure = false;
        void this.#foundEmpty();
      }
      const trouble = this.#trouble;
      // The first one may be of a leader that does not know yet that it is alone.
      if (!trouble || trouble.failure.code === 'JOURNAL_HOLE' || ++this.#answers < ENOUGH_ANSWERS) return;
      this.#trouble = undefined;
      this.journal.refusal = undefined;
      this.#settings.onRecovered?.(trouble);
      return;
    }
    this.#answers = 0;
    const now = performance.now();
    this.#silentSince ??= now;
    if (now - this.#silentSince < SILENCE_MS) return;
    this.#silentSince = now;
    this.#refuse(
      new Failure(
        'NOT_AVAILABLE',
        `The NATS cluster does not take writes: ${lower(failure.message)} Reading goes on; writing does when they are back.`,
        { cause: failure.cause ?? failure },
      ),
    );
    // The node that we are connected to may be cut off from the others, and another one not.
    void this.#connection?.reconnect().catch(() => {});
  }

  /** While the daemon runs: it may have been away when places were emptied. */
  async #foundEmpty(): Promise<void> {
    const feed = this.#feed;
    if (!feed || !this.journal.runs) return; // looked at once it is caught up
    try {
      await this.#checkGaps(feed);
    } catch (failure) {
      if ((failure as Failure).code === 'JOURNAL_HOLE') this.#refuse(failure as Failure);
      else this.#unsure = true;
    }
  }

  #refuse(failure: Failure): void {
    if (this.#trouble) return;
    this.#answers = 0;
    this.#trouble = { failure, since: Date.now() };
    this.journal.refusal = failure;
    this.#settings.onTrouble?.(this.#trouble);
  }

  /** One try to write the store again, after a write failed. */
  async #recover(): Promise<void> {
    await this.#store.reopen(async () => {
      const [hole] = await holesOf(this.#store);
      if (hole) throw new Failure('JOURNAL_HOLE', 'The copy of the journal has holes. Start the daemon again.');
    });
    const head = this.journal.head();
    this.journal.resume(); // before anything comes: it would not be the next one
    await this.#store.write([put(keys.verified, head)], { sync: true });
  }

  #leaseBucket(): Promise<KV> {
    const connection = this.#connection;
    const clients = this.#clients;
    if (!connection || !clients)
      return Promise.reject(new Failure('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    this.#bucket ??= new clients.Kvm(clients.jetstream(connection))
      .create(this.#names.leases, {
        ttl: LEASE_MS,
        history: 1,
        replicas: this.#replicas,
        storage: clients.StorageType.Memory,
      })
      .catch((failure: unknown) => {
        this.#bucket = undefined;
        throw failure;
      });
    return this.#bucket;
  }
}

function otherRoom(stream: string, why: string): Failure {
  return new Failure(
    'CONFIG_INVALID',
    `The data folder is no copy of the journal ${stream} in the NATS cluster: ${why}. Move it away (or give this daemon ` +
      'a folder of its own by GOLDCTL_HOME) and the journal is fetched; `goldctl migrate` moves a room into a cluster.',
  );
}

function gone(seq: number): Failure {
  return new Failure(
    'JOURNAL_HOLE',
    `Record ${seq} is missing in the stream of the journal: something has deleted it. Put a backup back.`,
    { data: { missing: `${seq}` } },
  );
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
