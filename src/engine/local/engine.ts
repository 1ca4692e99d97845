import { Failure } from '../../domain/failure.ts';
import { keys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import type { Engine, Projector } from '../contract.ts';
import { Recovery, type RecoverySettings } from '../recovery.ts';
import { checkSchema, type Hole, holesOf, put, rebuildView } from '../stored.ts';
import { LocalBus } from './bus.ts';
import { LocalJournal } from './journal.ts';
import { LocalLease } from './lease.ts';

/** One machine, one LevelDB: journal and view live in the same store and change in the same batch. */
export class LocalEngine implements Engine {
  readonly journal: LocalJournal;
  readonly bus = new LocalBus();
  readonly #leases = new Map<string, LocalLease>();
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #recovery: Recovery;

  constructor(store: Store, projector: Projector, recovery: RecoverySettings = {}) {
    this.#store = store;
    this.#projector = projector;
    this.journal = new LocalJournal(store, projector);
    this.#recovery = new Recovery(() => this.#recover(), recovery);
  }

  /** Why nothing is written at present, and since when; undefined while all is well. */
  get trouble(): Recovery['trouble'] {
    return this.#recovery.trouble;
  }

  lease(name: string): LocalLease {
    const lease = this.#leases.get(name) ?? new LocalLease();
    this.#leases.set(name, lease);
    return lease;
  }

  /** @throws Failure DATA_LOCKED, DATA_NEWER, JOURNAL_HOLE, STORE_FAILED */
  async start(): Promise<void> {
    await this.#store.open();
    try {
      refuseCopy(this.#store);
      const holes = await holesOf(this.#store);
      if (holes.length > 0) throw holeFailure(holes);
      const rebuilt = await checkSchema(this.#store, () => rebuildView(this.#store, this.#projector));
      const head = this.#store.read<number>(keys.head) ?? 0;
      if (!this.#store.refusal) await this.#store.write([put(keys.verified, head)], { sync: false });
      if (!rebuilt) await this.#projector.load();
      this.journal.open(head);
      this.#store.onRefusal((failure) => this.#recovery.begin(failure));
      if (this.#store.refusal) this.#recovery.begin(this.#store.refusal);
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

  /** One try to write again, after a write failed. */
  async #recover(): Promise<void> {
    await this.#store.reopen(async () => {
      const holes = await holesOf(this.#store, this.journal.head());
      if (holes.length > 0) throw holeFailure(holes);
    });
    const head = this.#store.read<number>(keys.head) ?? 0;
    // Also the proof that it can be written: before it nothing is taken.
    await this.#store.write([put(keys.verified, head)], { sync: true });
    this.journal.resume(head);
  }
}

/** The journal of a room in a cluster is there: what would be written here, nobody else would ever see. */
function refuseCopy(store: Store): void {
  if (store.get(keys.stream) === undefined) return;
  throw new Failure(
    'CONFIG_INVALID',
    'The data folder belongs to a room in a NATS cluster. Start the daemon with the setting engine.url (--engine), or ' +
      'fetch the room to this machine with `goldctl migrate`.',
  );
}

function holeFailure(holes: readonly Hole[]): Failure {
  const places = holes.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
  return new Failure(
    'JOURNAL_HOLE',
    `Records ${places} are missing in the journal: the disk lost part of what was written. Keep a copy of the data folder, ` +
      'then put a backup back, or run `goldctl repair` to go on with what is left.',
    { data: { missing: places } },
  );
}
