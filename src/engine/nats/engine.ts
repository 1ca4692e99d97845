import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { AppError } from '../../domain/app-error.ts';
import { keys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { RecoveryLoop, type RecoverySettings } from '../recovery-loop.ts';
import { findGaps, putJson, upgradeSchema } from '../schema-version.ts';
import type { Engine, JournalRecord, Outage, Projector } from '../types.ts';
import { NatsBus } from './bus.ts';
import { assertUsableServer, connectNats, type NatsServers } from './connection.ts';
import { NatsJournal } from './journal.ts';
import { LEASE_TTL_MS, NatsLease } from './lease.ts';
import { loadNatsModules, type NatsModules } from './nats-modules.ts';
import { Publisher } from './publisher.ts';
import { openStream } from './stream.ts';
import { StreamFollower } from './stream-follower.ts';
import { Subjects } from './subjects.ts';

export interface NatsEngineSettings extends RecoverySettings {
  readonly connection: NatsServers;
  /** Prefix of all names of the room in the cluster. */
  readonly prefix: string;
  /** Number of nodes that hold the journal; undefined: 3 in a cluster, 1 on a single node. */
  readonly replicas?: number | undefined;
  readonly version: string;
  readonly appendMs?: number;
  /** Progress of the read model while it catches up at start; called every few seconds. */
  readonly onProgress?: (seq: number, head: number) => void;
  /** Connection changes and other events to log. */
  readonly onNotice?: (text: string, cause?: unknown) => void;
}

const PROGRESS_INTERVAL_MS = 3000;
/** A stream that does not reply for this long does not accept writes; another node may be reachable. */
const MAX_SILENCE_MS = 6000;
/** Successful health checks before writes are accepted again. */
const MIN_HEALTHY_CHECKS = 3;

/**
 * Several machines: the journal is a stream of a NATS cluster. Every daemon keeps a copy of it, and a read model, in
 * its own store. What the store loses is fetched from the stream again.
 */
export class NatsEngine implements Engine {
  readonly journal: NatsJournal;
  readonly bus: NatsBus;
  readonly #subjects: Subjects;
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #settings: NatsEngineSettings;
  readonly #leases = new Map<string, NatsLease>();
  readonly #recovery: RecoveryLoop;
  #isLoaded = false;
  #modules: NatsModules | undefined;
  #connection: NatsConnection | undefined;
  #manager: JetStreamManager | undefined;
  #follower: StreamFollower | undefined;
  #publisher: Publisher | undefined;
  #leaseStore: Promise<KV> | undefined;
  #replicas = 1;
  #outage: Outage | undefined;
  #healthyChecks = 0;
  /** Empty slots were found, and the stream did not say whether they are legitimate. */
  #needsGapCheck = false;
  /** Since when the stream has not replied, in monotonic ms. */
  #silentSince: number | undefined;

  constructor(store: Store, projector: Projector, settings: NatsEngineSettings) {
    this.#store = store;
    this.#projector = projector;
    this.#settings = settings;
    this.#subjects = new Subjects(settings.prefix);
    this.bus = new NatsBus(this.#subjects);
    this.#recovery = new RecoveryLoop(() => this.#reopenStore(), settings);
    this.journal = new NatsJournal(store, projector, {
      subjects: this.#subjects,
      version: settings.version,
      appendMs: settings.appendMs,
      onWriteRefused: (failure) => this.#reportOutage(failure),
      onRecordsVoided: (seqs) => void this.#deleteVoided(seqs),
      onIncompatible: (seq, cause) => settings.onNotice?.(`record ${seq} cannot be applied and is skipped`, cause),
    });
  }

  get outage(): Outage | undefined {
    return this.#recovery.outage ?? this.#outage;
  }

  lease(name: string): NatsLease {
    const lease = this.#leases.get(name) ?? new NatsLease(name, () => this.#openLeaseStore());
    this.#leases.set(name, lease);
    return lease;
  }

  /** @throws AppError NOT_AVAILABLE when the cluster is not there or too old, CONFIG_INVALID, DATA_LOCKED, DATA_NEWER, STORE_FAILED */
  async start(): Promise<void> {
    const { connection: servers, prefix, replicas } = this.#settings;
    await this.#store.open();
    try {
      // The stream has all records, so a copy in an older format is fetched again.
      await upgradeSchema(this.#store, () => this.#store.clear());
      const modules = await loadNatsModules();
      this.#modules = modules;
      const connection = await connectNats(modules, servers, `goldctl ${prefix}`);
      this.#connection = connection;
      void this.#watchConnection(connection);
      // A failed health check is no reason to stop: the follower retries.
      const manager = await modules.jetstreamManager(connection, { timeout: 5000 });
      this.#manager = manager;
      const info = await openStream(modules, manager, this.#subjects, replicas);
      this.#replicas = info.config.num_replicas;
      const head = await this.#validateLocalCopy(info, async (seq) => {
        const message = await manager.streams.getMessage(this.#subjects.stream, { seq });
        return message?.string();
      });
      if (!this.#isLoaded) await this.#projector.load();
      this.#isLoaded = true;
      this.journal.open(head);
      const follower = new StreamFollower(head, {
        connection,
        manager,
        jetStream: modules.jetstream(connection),
        subjects: this.#subjects,
        onMessage: (entry) => this.journal.receive(entry),
        backlog: () => this.journal.backlog,
        onHealthCheck: (failure) => this.#onHealthCheck(failure),
        onEmptySlots: () => void this.#onEmptySlots(),
      });
      this.#follower = follower;
      follower.start();
      await this.#catchUp(follower, info.state.last_seq);
      await this.#checkGaps(follower);
      this.bus.start(connection);
      this.#store.onWriteError((failure) => this.#recovery.start(failure));
      const publisher = new Publisher({ connection, headers: modules.headers, inbox: modules.createInbox() });
      publisher.start();
      this.#publisher = publisher;
      this.journal.start({ connection, publisher, follower });
    } catch (failure) {
      await this.#close();
      throw failure;
    }
  }

  async stop(): Promise<void> {
    await this.journal.drain();
    for (const lease of this.#leases.values()) if (lease.isHeld) await lease.release();
    await this.#recovery.stop();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.bus.stop();
    await this.#follower?.stop();
    this.#follower = undefined;
    this.#manager = undefined;
    await this.journal.close();
    this.#publisher?.stop();
    this.#publisher = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#leaseStore = undefined;
    await connection?.close();
    await this.#store.close();
  }

  /**
   * The store must hold a prefix of the stream. A copy with gaps (a power cut lost unsynced writes), or one made by a
   * goldctl version that could not apply every record, is discarded and fetched again.
   * @returns sequence number of the last record in the store
   */
  async #validateLocalCopy(info: StreamInfo, textOf: (seq: number) => Promise<string | undefined>): Promise<number> {
    const store = this.#store;
    const { stream } = this.#subjects;
    const streamId = `${stream} ${info.created}`;
    const head = store.read<number>(keys.headSeq) ?? 0;
    const storedStreamId = store.read<string>(keys.stream);
    const last = info.state.last_seq;
    if (storedStreamId !== undefined && storedStreamId !== streamId)
      throw wrongStreamError(stream, `it belongs to another stream (${storedStreamId})`);
    if (head > last) throw wrongStreamError(stream, `it has ${head} records, but the stream only ${last}`);
    if (storedStreamId === undefined) await this.#checkLastRecord(head, textOf);
    const incompatibleVersion = store.read<string>(keys.skippedByVersion);
    const gaps = await findGaps(store);
    if (gaps.length > 0 || (incompatibleVersion !== undefined && incompatibleVersion !== this.#settings.version)) {
      this.#settings.onNotice?.(
        gaps.length > 0
          ? `records from ${gaps[0]!.from} on are missing in the local copy: fetching all records from the stream again`
          : `goldctl ${incompatibleVersion} could not apply every record: rebuilding the read model`,
      );
      await store.clear();
      await upgradeSchema(store, () => store.clear());
      await store.write([putJson(keys.stream, streamId)], { sync: true });
      return 0;
    }
    await store.write([putJson(keys.stream, streamId), putJson(keys.verifiedSeq, head)], { sync: true });
    return head;
  }

  /** The last record in the store must equal the one in the stream. */
  async #checkLastRecord(head: number, textOf: (seq: number) => Promise<string | undefined>): Promise<void> {
    for (let seq = head; seq > 0; seq--) {
      const { seq: _, ...record } = this.#store.read<JournalRecord>(keys.record(seq)) ?? {
        kind: 'lost',
        seq: 0,
        at: 0,
      };
      const text = record.kind === 'void' ? undefined : await textOf(seq);
      if (text === undefined) continue; // void in the store or in the stream
      if (text === JSON.stringify(record)) return;
      throw wrongStreamError(this.#subjects.stream, `record ${seq} differs`);
    }
  }

  async #catchUp(follower: StreamFollower, last: number): Promise<void> {
    const progress = setInterval(() => this.#settings.onProgress?.(this.journal.head(), last), PROGRESS_INTERVAL_MS);
    try {
      follower.expectUpTo(last);
      await follower.waitForSeq(last);
      await this.journal.waitUntilApplied();
      if (this.#store.writeError) throw this.#store.writeError;
    } finally {
      clearInterval(progress);
    }
  }

  /** An empty slot of the stream is legitimate if a later record made it void. Any other one is a lost record. */
  async #checkGaps(follower: StreamFollower): Promise<void> {
    await this.journal.waitUntilApplied();
    if ((await this.journal.firstGap()) === undefined) return;
    await follower.catchUp(); // the records that made slots void came before
    await this.journal.waitUntilApplied();
    const seq = await this.journal.firstGap();
    if (seq !== undefined) throw recordMissingError(seq);
  }

  /** A record that is not deleted does no harm. */
  async #deleteVoided(seqs: readonly number[]): Promise<void> {
    const manager = this.#manager;
    if (!manager) return;
    try {
      // One by one: this is not urgent, and others write.
      for (const seq of seqs) await manager.streams.deleteMessage(this.#subjects.stream, seq, false);
    } catch (cause) {
      this.#settings.onNotice?.('cannot delete void records from the stream', cause);
    }
  }

  async #watchConnection(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#settings.onNotice?.(`disconnected from the NATS server ${status.server}`);
      if (status.type !== 'reconnect') continue;
      try {
        assertUsableServer(connection);
        this.#settings.onNotice?.(`connected to the NATS server ${status.server}`);
        await this.#follower?.checkHealth();
      } catch (failure) {
        this.#settings.onNotice?.((failure as AppError).message);
        await connection.reconnect().catch(() => {});
      }
    }
  }

  #onHealthCheck(failure?: AppError): void {
    this.journal.expire();
    if (!failure) {
      this.#silentSince = undefined;
      if (this.#needsGapCheck) {
        this.#needsGapCheck = false;
        void this.#onEmptySlots();
      }
      const outage = this.#outage;
      // The first reply may come from a leader that does not know yet that it is isolated.
      if (!outage || outage.error.code === 'JOURNAL_HOLE' || ++this.#healthyChecks < MIN_HEALTHY_CHECKS) return;
      this.#outage = undefined;
      this.journal.writeError = undefined;
      this.#settings.onRecovered?.(outage);
      return;
    }
    this.#healthyChecks = 0;
    const now = performance.now();
    this.#silentSince ??= now;
    if (now - this.#silentSince < MAX_SILENCE_MS) return;
    this.#silentSince = now;
    this.#reportOutage(
      new AppError(
        'NOT_AVAILABLE',
        `The NATS cluster does not accept writes: ${lowerFirst(failure.message)} Reads continue; writes resume when the nodes are back.`,
        { cause: failure.cause ?? failure },
      ),
    );
    // The connected node may be isolated from the others while another one is not.
    void this.#connection?.reconnect().catch(() => {});
  }

  /** Called while the daemon runs: it may have been disconnected when records were voided. */
  async #onEmptySlots(): Promise<void> {
    const follower = this.#follower;
    if (!follower || !this.journal.isRunning) return; // checked once caught up
    try {
      await this.#checkGaps(follower);
    } catch (failure) {
      if ((failure as AppError).code === 'JOURNAL_HOLE') this.#reportOutage(failure as AppError);
      else this.#needsGapCheck = true;
    }
  }

  #reportOutage(failure: AppError): void {
    if (this.#outage) return;
    this.#healthyChecks = 0;
    this.#outage = { error: failure, since: Date.now() };
    this.journal.writeError = failure;
    this.#settings.onOutage?.(this.#outage);
  }

  /** One attempt to make the store writable again after a failed write. */
  async #reopenStore(): Promise<void> {
    await this.#store.reopen(async () => {
      const [gap] = await findGaps(this.#store);
      if (gap) throw new AppError('JOURNAL_HOLE', 'The local copy of the journal has gaps. Restart the daemon.');
    });
    const head = this.journal.head();
    this.journal.resume(); // must come before anything is received, which would not be the next record
    await this.#store.write([putJson(keys.verifiedSeq, head)], { sync: true });
  }

  #openLeaseStore(): Promise<KV> {
    const connection = this.#connection;
    const modules = this.#modules;
    if (!connection || !modules)
      return Promise.reject(new AppError('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    this.#leaseStore ??= new modules.Kvm(modules.jetstream(connection))
      .create(this.#subjects.leases, {
        ttl: LEASE_TTL_MS,
        history: 1,
        replicas: this.#replicas,
        storage: modules.StorageType.Memory,
      })
      .catch((failure: unknown) => {
        this.#leaseStore = undefined;
        throw failure;
      });
    return this.#leaseStore;
  }
}

function wrongStreamError(stream: string, why: string): AppError {
  return new AppError(
    'CONFIG_INVALID',
    `The data folder is not a copy of the journal ${stream} in the NATS cluster: ${why}. Move it away (or give this daemon ` +
      'its own folder with GOLDCTL_HOME) to fetch the journal; `goldctl migrate` moves a room into a cluster.',
  );
}

function recordMissingError(seq: number): AppError {
  return new AppError(
    'JOURNAL_HOLE',
    `Record ${seq} is missing in the journal stream: something deleted it. Restore a backup.`,
    { data: { missing: `${seq}` } },
  );
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
