import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { assertSupportedSchema, SCHEMA_VERSION } from '../engine/schema-version.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { journalHead, readCount, scanJournal } from '../projections/journal-scan.ts';
import { PostNumberRecovery } from '../projections/post-number-recovery.ts';
import { incompatibleRecordReason, Replay } from '../projections/replay.ts';
import { type Corruption, findCorruption, invalidateBlock } from '../store/corruption.ts';
import { keys } from '../store/keys.ts';
import { Store } from '../store/store.ts';
import { StoreSnapshot } from '../store/store-snapshot.ts';
import { assertDaemonStopped, compareWithJournal, type LostRecords } from './data-check.ts';
import { swapDataFolders } from './swap-data-folders.ts';

/** Consecutive lost records, and their time. */
export interface LostRange extends LostRecords {
  /** Times of the records before and after. */
  readonly after: number | null;
  readonly before: number | null;
}

export interface RepairReport {
  /** False: nothing was wrong, and nothing was changed. */
  readonly changed: boolean;
  readonly kept: string | null;
  readonly records: number;
  /** Records that are still in the journal. */
  readonly saved: number;
  /** Posts whose records were lost and rewritten from the read model. */
  readonly posts: number;
  readonly lost: readonly LostRange[];
  readonly lostRecords: number;
  readonly damages: number;
}

/** The minimum size of a record in a log: bounds what a damaged one can claim. */
const MIN_RECORD_BYTES = 32;

/**
 * Recovers a damaged data folder: copies the readable records into a new folder, with `lost` in place of unreadable ones,
 * and rebuilds everything else. The old folder is kept. Numbers of posts and direct messages do not change, and those of
 * lost ones are not reused. @throws AppError DATA_LOCKED, NOT_FOUND, DATA_NEWER, STORE_FAILED; then the folder is unchanged
 */
export async function repairData(
  home: HomeDirectory,
  onStep: (step: string) => void = () => {},
): Promise<RepairReport> {
  await assertDaemonStopped(home);
  await home.ensureFolders();
  const copy = await StoreSnapshot.create(home.dataFolder, { parent: home.root, prefix: '.repair-' });
  try {
    onStep('Verifying checksums');
    const found: Corruption[] = [];
    for await (const damage of findCorruption(copy.folder)) found.push(damage);
    const seen = await scanDamagedLogs(copy.folder, found);
    for (const file of new Set(found.filter(({ what }) => what === 'block').map((damage) => damage.file)))
      await copy.unshareFile(file);
    for (const damage of found) await invalidateBlock(copy.folder, damage);

    const { store, rejoined } = await openOrRepair(copy.folder);
    try {
      onStep('Reading the journal');
      const made = join(copy.scratchFolder, 'made');
      const head = journalHead(store);
      assertOwnJournal(store);
      const known = await findLastSeq(store);
      const last = Math.max(known, seen.seq <= known + seen.room ? seen.seq : 0);
      const lost = await findLostRanges(store, last);
      if (
        found.length === 0 &&
        !rejoined &&
        lost.count === 0 &&
        last === head &&
        (await matchesJournal(store, copy, onStep))
      ) {
        const nothing = { changed: false, kept: null, posts: 0, lost: [], lostRecords: 0, damages: 0 };
        return { ...nothing, records: last, saved: last };
      }
      if (lost.count === last) {
        throw new AppError('STORE_FAILED', 'No record can be read. Nothing was changed. Restore a backup.');
      }
      onStep('Writing the readable records');
      const posts = Math.max(readCount(store, keys.posts), seen.post <= known + seen.room ? seen.post : 0);
      const totals = { posts, messages: readCount(store, keys.messages) };
      const restored = await rewriteStore(store, made, last, totals);
      await store.close();
      const kept = await swapDataFolders(home, 'repair', made);
      const lostRecords = lost.count - restored.size;
      const spans = lost.spans.flatMap((span) => subtractRestored(span, restored));
      return {
        changed: true,
        kept,
        records: last,
        saved: last - lost.count,
        posts: restored.size,
        lost: spans,
        lostRecords,
        damages: found.length,
      };
    } finally {
      await store.close();
    }
  } finally {
    await copy.remove();
  }
}

async function openOrRepair(folder: string): Promise<{ store: Store; rejoined: boolean }> {
  const store = await Store.inFolder(folder);
  try {
    await store.open();
    assertSupportedSchema(readCount(store, keys.schemaVersion));
    return { store, rejoined: false };
  } catch (thrown) {
    await store.close();
    if (AppError.from(thrown).code !== 'STORE_FAILED') throw thrown;
  }
  await Store.repairDatabase(folder);
  await store.open();
  assertSupportedSchema(readCount(store, keys.schemaVersion));
  return { store, rejoined: true };
}

/** @throws AppError NOT_ALLOWED if the journal is in a NATS cluster and this is only a copy */
function assertOwnJournal(store: Store): void {
  try {
    if (store.get(keys.stream) === undefined) return;
  } catch {
    return; // everything readable is searched below
  }
  throw new AppError(
    'NOT_ALLOWED',
    'This is a copy of a journal in a NATS cluster, which still has the lost records. Move the data folder away and ' +
      'start the daemon: it fetches all records.',
  );
}

async function matchesJournal(store: Store, copy: StoreSnapshot, onStep: (step: string) => void): Promise<boolean> {
  onStep('Rebuilding the read model and comparing it');
  for await (const _ of compareWithJournal(store, join(copy.scratchFolder, 'view'))) return false;
  return true;
}

async function findLastSeq(store: Store): Promise<number> {
  let last = journalHead(store);
  for await (const { seq } of scanJournal(store)) if (seq > last) last = seq;
  return last;
}

async function findLostRanges(store: Store, last: number): Promise<{ spans: LostRange[]; count: number }> {
  const spans: { from: number; to: number; after: number | null; before: number | null }[] = [];
  let count = 0;
  let at: number | null = null;
  let open: (typeof spans)[number] | undefined;
  for await (const { seq, record } of scanJournal(store, last)) {
    if (record) {
      at = record.at;
      if (open) open.before = at;
      open = undefined;
      continue;
    }
    count += 1;
    if (open) open.to = seq;
    else {
      open = { from: seq, to: seq, after: at, before: null };
      spans.push(open);
    }
  }
  return { spans, count };
}

/** @returns sequence numbers of lost records that were rewritten from the read model */
async function rewriteStore(
  store: Store,
  folder: string,
  last: number,
  totals: { posts: number; messages: number },
): Promise<Set<number>> {
  const counts = await PostNumberRecovery.findCounters(store, scanJournal(store, last), totals);
  const numbering = new PostNumberRecovery(store);
  const restored = new Set<number>();
  await mkdir(folder, { mode: 0o700 }); // it becomes the data folder
  const target = await Store.inFolder(folder);
  await target.open();
  try {
    await target.write([{ type: 'put', key: keys.schemaVersion, value: String(SCHEMA_VERSION) }], { sync: false });
    const replay = new Replay(target);
    await replay.start();
    let at = 0;
    for await (const { seq, record } of scanJournal(store, last)) {
      if (record) {
        at = record.at;
        await replay.add(record).catch((cause: unknown) => {
          if (cause instanceof AppError) throw cause;
          const what = incompatibleRecordReason(record, cause);
          throw new AppError('STORE_FAILED', `${what} Nothing was changed. Restore a backup.`, { cause });
        });
        continue;
      }
      const post = await numbering.recoverPost(seq);
      if (post) restored.add(seq);
      await replay.add((post ?? { seq, kind: 'lost', at, ...counts.get(seq) }) as Parameters<Replay['add']>[0]);
    }
    await replay.finish();
    await target.write([{ type: 'put', key: keys.verifiedSeq, value: String(last) }], { sync: true });
  } finally {
    await numbering.close();
    await target.close();
  }
  return restored;
}

/** The parts of a range that were not restored. */
function subtractRestored(span: LostRange, restored: ReadonlySet<number>): LostRange[] {
  const rest: LostRange[] = [];
  let from = span.from;
  for (let seq = span.from; seq <= span.to + 1; seq++) {
    if (seq <= span.to && !restored.has(seq)) continue;
    if (from < seq) rest.push({ ...span, from, to: seq - 1 });
    from = seq + 1;
  }
  return rest;
}

/** The highest sequence and post numbers in damaged logs: somebody may have seen them, so they must not be reused. */
async function scanDamagedLogs(
  folder: string,
  found: readonly Corruption[],
): Promise<{ seq: number; post: number; room: number }> {
  const seen = { seq: 0, post: 0, room: 0 };
  for (const name of await readdir(folder)) {
    if (!/^\d+\.log$/.test(name) || !found.some((damage) => damage.file === name)) continue;
    const log = await readFile(join(folder, name), 'latin1');
    seen.room += Math.ceil(log.length / MIN_RECORD_BYTES);
    for (const [, seq] of log.matchAll(/j\/(\d{16})/g)) seen.seq = Math.max(seen.seq, Number(seq));
    for (const [, post] of log.matchAll(/p\/(\d{12})/g)) seen.post = Math.max(seen.post, Number(post));
  }
  return seen;
}
