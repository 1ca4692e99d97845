import { Failure } from '../../domain/failure.ts';
import { keys, seqOf, within } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import type { Engine, Projector } from '../contract.ts';
import { LocalBus } from './bus.ts';
import { LocalJournal } from './journal.ts';
import { LocalLease } from './lease.ts';
import { Recovery, type RecoverySettings } from './recovery.ts';

/** Format of the store. A change of keys or values that older code cannot read raises it and adds a migration. */
export const SCHEMA = 1;

/** Places in the journal that have no record, both ends included. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

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
      await this.#checkSchema();
      const holes = await this.#holes();
      if (holes.length > 0) throw holeFailure(holes);
      const head = this.#store.read<number>(keys.head) ?? 0;
      await this.#store.write([put(keys.verified, head)], { sync: false });
      await this.#projector.load();
      this.journal.open(head);
      this.#store.onRefusal((failure) => this.#recovery.begin(failure));
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
      const holes = await this.#holes(this.journal.head());
      if (holes.length > 0) throw holeFailure(holes);
    });
    const head = this.#store.read<number>(keys.head) ?? 0;
    // Also the proof that it can be written: before it nothing is taken.
    await this.#store.write([put(keys.verified, head)], { sync: true });
    this.journal.resume(head);
  }

  async #checkSchema(): Promise<void> {
    const schema = this.#store.read<number>(keys.schema);
    if (schema === undefined) {
      await this.#store.write([put(keys.schema, SCHEMA)], { sync: true });
    } else {
      refuseNewer(schema);
    }
  }

  /**
   * LevelDB drops a damaged block of its log without a word, and with it batches that were acknowledged; later blocks
   * stay. Every open turns the log into tables, which are only read from then on: records that one open has verified
   * are not looked at by the next. Damage at the very end of the log looks like a write that never ended, and LevelDB
   * does not check the checksums of tables that it reads: `goldctl check` does (store/checksums.ts).
   */
  async #holes(acknowledged = 0): Promise<Hole[]> {
    const head = Math.max(this.#store.read<number>(keys.head) ?? 0, acknowledged);
    let last = this.#store.read<number>(keys.verified) ?? 0;
    const holes: Hole[] = [];
    for await (const key of this.#store.keysOf({ gt: keys.record(last), lt: within('j/').lt })) {
      const seq = seqOf(key);
      if (seq !== last + 1) holes.push({ from: last + 1, to: seq - 1 });
      last = seq;
    }
    if (last < head) holes.push({ from: last + 1, to: head });
    return holes;
  }
}

/** @throws Failure DATA_NEWER for a format that a later goldctl has made */
export function refuseNewer(schema: number): void {
  if (schema <= SCHEMA) return;
  throw new Failure(
    'DATA_NEWER',
    `The data folder has format ${schema}; this goldctl reads up to ${SCHEMA}. Use the newer goldctl that wrote it.`,
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

function put(key: string, value: NonNullable<unknown>): { type: 'put'; key: string; value: string } {
  return { type: 'put', key, value: JSON.stringify(value) };
}
