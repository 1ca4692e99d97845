import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../domain/failure.ts';
import type { Home } from '../home.ts';
import { type Damage, damages } from '../store/checksums.ts';
import { StoreCopy } from '../store/copy.ts';
import { keys } from '../store/keys.ts';
import { Store } from '../store/store.ts';
import { headOf, places } from '../view/places.ts';
import { type Difference, differences, rebuild } from '../view/rebuild.ts';
import { View } from '../view/view.ts';
import { daemonStatus } from './lifecycle.ts';

/** Places of the journal without a record that can be read, both ends included. */
export interface Lost {
  readonly from: number;
  readonly to: number;
}

export interface Checked {
  /** Nothing of what follows is wrong. */
  readonly sound: boolean;
  readonly bytes: number;
  /** Places of the journal, with a record or without. */
  readonly records: number;
  /** Records of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** Parts of files that are not what was written; the first hundred. */
  readonly damaged: readonly Damage[];
  readonly damages: number;
  /** The first hundred. */
  readonly lost: readonly Lost[];
  readonly lostRecords: number;
  /** Why the store cannot be opened, or its view not be made anew; the rest was not looked at then. */
  readonly failure: string | null;
  /** Keys of the view that are not what the journal says; the first hundred. Null: not compared. */
  readonly differing: readonly Difference[] | null;
  readonly differences: number;
}

export interface CheckOptions {
  /** Where the view is made anew; needs as much room as the data. Default: the home. */
  readonly scratch?: string | undefined;
  /** Told now and then what is done. */
  readonly onStep?: (step: string) => void;
}

/** Lists are shown and kept up to here; what is more is counted. */
const LISTED = 100;

/**
 * Reads all of a data folder and says what is wrong with it. Changes nothing: it works on a copy that shares the large
 * files.
 * @throws Failure DATA_LOCKED when a daemon runs, NOT_FOUND when there is no data, STORE_FAILED when it cannot be copied
 */
export async function check(home: Home, { scratch, onStep = () => {} }: CheckOptions = {}): Promise<Checked> {
  await refuseRunning(home);
  const copy = await StoreCopy.make(home.dataFolder, { parent: scratch ?? home.root, prefix: '.check-' });
  try {
    onStep('Comparing files with their checksums');
    const damaged: Damage[] = [];
    let [found, bytes] = [0, 0];
    for await (const damage of damages(copy.folder, (more) => (bytes += more))) {
      found += 1;
      if (damaged.length < LISTED) damaged.push(damage);
    }
    return { bytes, damaged, damages: found, ...(await checkContent(copy, found === 0, onStep)) };
  } finally {
    await copy.remove();
  }
}

/** A daemon of this very process would not be seen by its lock. */
export async function refuseRunning(home: Home): Promise<void> {
  let pid: number;
  try {
    ({ pid } = await daemonStatus(home));
  } catch (thrown) {
    const { code } = Failure.from(thrown);
    if (code === 'NO_DAEMON' || code === 'CONNECTION_ENDED') return;
    throw thrown;
  }
  throw new Failure(
    'DATA_LOCKED',
    `The daemon runs (process ${pid}) and uses this data folder. \`goldctl daemon stop\` ends it.`,
    { data: { pid } },
  );
}

type Content = Omit<Checked, 'bytes' | 'damaged' | 'damages'>;

async function checkContent(copy: StoreCopy, wholeFiles: boolean, onStep: (step: string) => void): Promise<Content> {
  const store = await Store.at(copy.folder);
  const kinds: Record<string, number> = {};
  const lost: { from: number; to: number }[] = [];
  let [records, lostRecords] = [0, 0];
  let firstAt: number | null = null;
  let lastAt: number | null = null;
  let failure: string | null = null;
  let differing: Difference[] | null = null;
  let count = 0;
  try {
    await store.open();
    onStep('Reading the journal');
    let end = -1;
    for await (const { seq, record } of places(store, headOf(store))) {
      records += 1;
      if (record) {
        kinds[record.kind] = (kinds[record.kind] ?? 0) + 1;
        firstAt ??= record.at;
        lastAt = record.at;
        continue;
      }
      lostRecords += 1;
      if (end === seq - 1 && lost.length > 0) lost[lost.length - 1]!.to = seq;
      else if (lost.length < LISTED) lost.push({ from: seq, to: seq });
      end = seq;
    }
    if (lostRecords === 0) {
      onStep('Making the view anew and comparing it');
      differing = [];
      for await (const difference of againstJournal(store, join(copy.scratch, 'view'))) {
        count += 1;
        if (differing.length < LISTED) differing.push(difference);
      }
    }
  } catch (thrown) {
    failure = Failure.from(thrown).message;
    differing = null;
  } finally {
    await store.close();
  }
  const sound = wholeFiles && lostRecords === 0 && failure === null && count === 0;
  return { sound, records, kinds, firstAt, lastAt, lost, lostRecords, failure, differing, differences: count };
}

/** How a store differs from what its journal makes. The store must be a copy: its index of words is brought up to date. */
export async function* againstJournal(store: Store, scratch: string): AsyncGenerator<Difference> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const made = await Store.at(scratch);
  await made.open();
  try {
    await rebuild(store, made);
    for (const one of [store, made]) {
      const view = new View(one);
      await view.words.load();
      await view.words.catchUp();
    }
    for await (const difference of differences(store, made)) {
      // How far a daemon had come with what it does now and then: the words are compared themselves.
      if (difference.key !== keys.indexed && difference.key !== keys.verified) yield difference;
    }
  } finally {
    await made.close();
  }
}
