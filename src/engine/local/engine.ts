import { AppError } from '../../domain/app-error.ts';
import { keys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { RecoveryLoop, type RecoverySettings } from '../recovery-loop.ts';
import { findGaps, type Gap, putJson, rebuildReadModel, upgradeSchema } from '../schema-version.ts';
import type { Engine, Projector } from '../types.ts';
import { LocalBus } from './bus.ts';
import { LocalJournal } from './journal.ts';
import { LocalLease } from './lease.ts';

/** One machine with one LevelDB: journal and read model share a store and change in the same batch. */
export class LocalEngine implements Engine {
  readonly journal: LocalJournal;
  readonly bus = new LocalBus();
  readonly #leases = new Map<string, LocalLease>();
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #recovery: RecoveryLoop;

  constructor(store: Store, projector: Projector, recovery: RecoverySettings = {}) {
    this.#store = store;
    this.#projector = projector;
    this.journal = new LocalJournal(store, projector);
    this.#recovery = new RecoveryLoop(() => this.#reopenStore(), recovery);
  }

  get outage(): RecoveryLoop['outage'] {
    return this.#recovery.outage;
  }

  lease(name: string): LocalLease {
    const lease = this.#leases.get(name) ?? new LocalLease();
    this.#leases.set(name, lease);
    return lease;
  }

  /** @throws AppError DATA_LOCKED, DATA_NEWER, JOURNAL_HOLE, STORE_FAILED */
  async start(): Promise<void> {
    await this.#store.open();
    try {
      assertNotClusterCopy(this.#store);
      const gaps = await findGaps(this.#store);
      if (gaps.length > 0) throw journalGapError(gaps);
      const rebuilt = await upgradeSchema(this.#store, () => rebuildReadModel(this.#store, this.#projector));
      const head = this.#store.read<number>(keys.headSeq) ?? 0;
      if (!this.#store.writeError) await this.#store.write([putJson(keys.verifiedSeq, head)], { sync: false });
      if (!rebuilt) await this.#projector.load();
      this.journal.open(head);
      this.#store.onWriteError((failure) => this.#recovery.start(failure));
      if (this.#store.writeError) this.#recovery.start(this.#store.writeError);
    } catch (failure) {
      await this.#store.close();
      throw failure;
    }
  }

  async stop(): Promise<void> {
    await this.journal.close();
    await this.#recovery.stop();
    await this.#store.close();
  }

  /** One attempt to make the store writable again after a failed write. */
  async #reopenStore(): Promise<void> {
    await this.#store.reopen(async () => {
      const gaps = await findGaps(this.#store, this.journal.head());
      if (gaps.length > 0) throw journalGapError(gaps);
    });
    const head = this.#store.read<number>(keys.headSeq) ?? 0;
    // This write also proves that the store is writable; appends are refused until it succeeds.
    await this.#store.write([putJson(keys.verifiedSeq, head)], { sync: true });
    this.journal.resume(head);
  }
}

/** The journal of a clustered room lives in the cluster, so no other daemon would ever see what is written here. */
function assertNotClusterCopy(store: Store): void {
  if (store.get(keys.stream) === undefined) return;
  throw new AppError(
    'CONFIG_INVALID',
    'The data folder belongs to a room in a NATS cluster. Start the daemon with the setting engine.url (--engine), or ' +
      'move the room to this machine with `goldctl migrate`.',
  );
}

function journalGapError(gaps: readonly Gap[]): AppError {
  const places = gaps.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
  return new AppError(
    'JOURNAL_HOLE',
    `Records ${places} are missing in the journal: the disk lost acknowledged writes. Keep a copy of the data folder, ` +
      'then restore a backup, or run `goldctl repair` to recover the remaining records.',
    { data: { missing: places } },
  );
}
