import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { createFolders } from '../private-file.ts';
import { journalHead, scanJournal } from '../projections/journal-scan.ts';
import { ReadModel } from '../projections/read-model.ts';
import { diffStores, rebuildStore, type StoreDifference } from '../projections/rebuild.ts';
import { type Corruption, findCorruption } from '../store/corruption.ts';
import { keys } from '../store/keys.ts';
import { Store } from '../store/store.ts';
import { StoreSnapshot } from '../store/store-snapshot.ts';
import { fetchDaemonStatus } from './lifecycle.ts';

/** A range of journal sequence numbers without a readable record, both ends included. */
export interface LostRecords {
  readonly from: number;
  readonly to: number;
}

export interface CheckReport {
  readonly sound: boolean;
  readonly bytes: number;
  /** Sequence numbers of the journal, with a readable record or without. */
  readonly records: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** Damaged parts of files; the first hundred. */
  readonly damaged: readonly Corruption[];
  readonly damages: number;
  /** The first hundred. */
  readonly lost: readonly LostRecords[];
  readonly lostRecords: number;
  /** Why the store cannot be opened or the read model not be rebuilt; the remaining checks were skipped. */
  readonly failure: string | null;
  /** Keys of the read model that do not match the journal; the first hundred. Null: not compared. */
  readonly differing: readonly StoreDifference[] | null;
  readonly differences: number;
}

export interface CheckOptions {
  /** Where the read model is rebuilt; needs as much space as the data. Default: the home. */
  readonly scratchFolder?: string | undefined;
  readonly onStep?: (step: string) => void;
}

/** Maximum length of the lists in a report; further entries are only counted. */
const MAX_LISTED = 100;

/**
 * Verifies all of a data folder. Changes nothing: it works on a copy that shares the large files.
 * @throws AppError DATA_LOCKED if a daemon is running, NOT_FOUND if there is no data, STORE_FAILED if it cannot be copied
 */
export async function checkData(
  home: HomeDirectory,
  { scratchFolder, onStep = () => {} }: CheckOptions = {},
): Promise<CheckReport> {
  await assertDaemonStopped(home);
  const copy = await StoreSnapshot.create(home.dataFolder, { parent: scratchFolder ?? home.root, prefix: '.check-' });
  try {
    onStep('Verifying checksums');
    const damaged: Corruption[] = [];
    let [found, bytes] = [0, 0];
    for await (const damage of findCorruption(copy.folder, (more) => (bytes += more))) {
      found += 1;
      if (damaged.length < MAX_LISTED) damaged.push(damage);
    }
    return { bytes, damaged, damages: found, ...(await checkContent(copy, found === 0, onStep)) };
  } finally {
    await copy.remove();
  }
}

/** Asks the daemon, because the lock of the data folder does not exclude a daemon in this same process. */
export async function assertDaemonStopped(home: HomeDirectory): Promise<void> {
  let pid: number;
  try {
    ({ pid } = await fetchDaemonStatus(home));
  } catch (thrown) {
    const { code } = AppError.from(thrown);
    if (code === 'NO_DAEMON' || code === 'CONNECTION_ENDED') return;
    throw thrown;
  }
  throw new AppError(
    'DATA_LOCKED',
    `The daemon is running (process ${pid}) and uses this data folder. Stop it first: \`goldctl daemon stop\`.`,
    { data: { pid } },
  );
}

type ContentReport = Omit<CheckReport, 'bytes' | 'damaged' | 'damages'>;

async function checkContent(
  copy: StoreSnapshot,
  wholeFiles: boolean,
  onStep: (step: string) => void,
): Promise<ContentReport> {
  const store = await Store.inFolder(copy.folder);
  const kinds: Record<string, number> = {};
  const lost: { from: number; to: number }[] = [];
  let [records, lostRecords] = [0, 0];
  let firstAt: number | null = null;
  let lastAt: number | null = null;
  let failure: string | null = null;
  let differing: StoreDifference[] | null = null;
  let count = 0;
  try {
    await store.open();
    onStep('Reading the journal');
    let end = -1;
    for await (const { seq, record } of scanJournal(store, journalHead(store))) {
      records += 1;
      if (record) {
        kinds[record.kind] = (kinds[record.kind] ?? 0) + 1;
        firstAt ??= record.at;
        lastAt = record.at;
        continue;
      }
      lostRecords += 1;
      if (end === seq - 1 && lost.length > 0) lost[lost.length - 1]!.to = seq;
      else if (lost.length < MAX_LISTED) lost.push({ from: seq, to: seq });
      end = seq;
    }
    if (lostRecords === 0) {
      onStep('Rebuilding the read model and comparing it');
      differing = [];
      for await (const difference of compareWithJournal(store, join(copy.scratchFolder, 'view'))) {
        count += 1;
        if (differing.length < MAX_LISTED) differing.push(difference);
      }
    }
  } catch (thrown) {
    failure = AppError.from(thrown).message;
    differing = null;
  } finally {
    await store.close();
  }
  const sound = wholeFiles && lostRecords === 0 && failure === null && count === 0;
  return { sound, records, kinds, firstAt, lastAt, lost, lostRecords, failure, differing, differences: count };
}

/** Differences between a store and what its journal produces. Works on a copy, because it updates the search index. */
export async function* compareWithJournal(store: Store, scratch: string): AsyncGenerator<StoreDifference> {
  await createFolders(scratch, 0o700);
  const made = await Store.inFolder(scratch);
  await made.open();
  try {
    await rebuildStore(store, made);
    for (const one of [store, made]) {
      const view = new ReadModel(one);
      await view.searchIndex.load();
      await view.searchIndex.catchUp();
    }
    for await (const difference of diffStores(store, made)) {
      // These only say how far periodic work had progressed; the search index itself is compared.
      if (difference.key !== keys.indexedSeq && difference.key !== keys.verifiedSeq) yield difference;
    }
  } finally {
    await made.close();
  }
}
