import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../domain/failure.ts';
import { refuseNewer, SCHEMA } from '../engine/stored.ts';
import type { Home } from '../home.ts';
import { type Damage, damages, spoil } from '../store/checksums.ts';
import { StoreCopy } from '../store/copy.ts';
import { keys } from '../store/keys.ts';
import { Store } from '../store/store.ts';
import { Numbering } from '../view/numbering.ts';
import { counted, headOf, places } from '../view/places.ts';
import { Replay, unfit } from '../view/replay.ts';
import { changePlaces } from './change-places.ts';
import { againstJournal, type Lost, refuseRunning } from './check.ts';

/** Records that are lost one after another, and when that was. */
export interface LostSpan extends Lost {
  /** Of the records before and behind. */
  readonly after: number | null;
  readonly before: number | null;
}

export interface Repaired {
  /** False: nothing was wrong, and nothing was changed. */
  readonly changed: boolean;
  /** Where the data folder is as it was. */
  readonly kept: string | null;
  /** Places of the journal. */
  readonly records: number;
  /** Records that are in the journal still. */
  readonly saved: number;
  /** Posts whose records were lost, and which were written again as the view had them. */
  readonly posts: number;
  readonly lost: readonly LostSpan[];
  readonly lostRecords: number;
  /** Parts of files that were not what was written. */
  readonly damages: number;
}

/** The shortest that a record takes in a log: bounds what a damaged one can claim. */
const RECORD_BYTES = 32;

/**
 * Makes a damaged data folder usable again with what is left in it. What is left is copied into a new folder, record by
 * record, with `lost` in place of what is not, and everything else made anew from it; then the folders change places.
 * The old one stays as it was. Posts and direct messages keep their numbers, and those of lost ones are not given again.
 * No daemon may run.
 * @throws Failure DATA_LOCKED, NOT_FOUND, DATA_NEWER, STORE_FAILED; then the folder is as it was
 */
export async function repair(home: Home, onStep: (step: string) => void = () => {}): Promise<Repaired> {
  await refuseRunning(home);
  await home.prepare();
  const copy = await StoreCopy.make(home.dataFolder, { parent: home.root, prefix: '.repair-' });
  try {
    onStep('Comparing files with their checksums');
    const found: Damage[] = [];
    for await (const damage of damages(copy.folder)) found.push(damage);
    const seen = await seenInLogs(copy.folder, found);
    for (const file of new Set(found.filter(({ what }) => what === 'block').map((damage) => damage.file)))
      await copy.own(file);
    for (const damage of found) await spoil(copy.folder, damage);

    const { store, rejoined } = await openAnyhow(copy.folder);
    try {
      onStep('Reading the journal');
      const made = join(copy.scratch, 'made');
      const head = headOf(store);
      refuseCopied(store);
      const known = await lastPlace(store);
      const last = Math.max(known, seen.seq <= known + seen.room ? seen.seq : 0);
      const lost = await lostSpans(store, last);
      if (
        found.length === 0 &&
        !rejoined &&
        lost.count === 0 &&
        last === head &&
        (await isSound(store, copy, onStep))
      ) {
        const nothing = { changed: false, kept: null, posts: 0, lost: [], lostRecords: 0, damages: 0 };
        return { ...nothing, records: last, saved: last };
      }
      if (lost.count === last) {
        throw new Failure(
          'STORE_FAILED',
          'No record can be read: there is nothing to go on with, and nothing was changed. Put a backup back.',
        );
      }
      onStep('Writing what is left');
      const posts = Math.max(counted(store, keys.posts), seen.post <= known + seen.room ? seen.post : 0);
      const totals = { posts, messages: counted(store, keys.messages) };
      const restored = await writeAnew(store, made, last, totals);
      await store.close();
      const kept = await changePlaces(home, 'repair', made);
      const lostRecords = lost.count - restored.size;
      const spans = lost.spans.flatMap((span) => without(span, restored));
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

async function openAnyhow(folder: string): Promise<{ store: Store; rejoined: boolean }> {
  const store = await Store.at(folder);
  try {
    await store.open();
    refuseNewer(counted(store, keys.schema));
    return { store, rejoined: false };
  } catch (thrown) {
    await store.close();
    if (Failure.from(thrown).code !== 'STORE_FAILED') throw thrown;
  }
  await Store.rejoin(folder);
  await store.open();
  refuseNewer(counted(store, keys.schema));
  return { store, rejoined: true };
}

/** @throws Failure NOT_ALLOWED for a folder that holds nothing of its own */
function refuseCopied(store: Store): void {
  try {
    if (store.get(keys.stream) === undefined) return;
  } catch {
    return; // what can be read is looked for below
  }
  throw new Failure(
    'NOT_ALLOWED',
    'This is a copy of a journal in a NATS cluster, which has what is lost here. Move the data folder away and start ' +
      'the daemon: it fetches all of it.',
  );
}

async function isSound(store: Store, copy: StoreCopy, onStep: (step: string) => void): Promise<boolean> {
  onStep('Making the view anew and comparing it');
  for await (const _ of againstJournal(store, join(copy.scratch, 'view'))) return false;
  return true;
}

async function lastPlace(store: Store): Promise<number> {
  let last = headOf(store);
  for await (const { seq } of places(store)) if (seq > last) last = seq;
  return last;
}

async function lostSpans(store: Store, last: number): Promise<{ spans: LostSpan[]; count: number }> {
  const spans: { from: number; to: number; after: number | null; before: number | null }[] = [];
  let count = 0;
  let at: number | null = null;
  let open: (typeof spans)[number] | undefined;
  for await (const { seq, record } of places(store, last)) {
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

/** @returns places of lost records that are written again from the view */
async function writeAnew(
  store: Store,
  folder: string,
  last: number,
  totals: { posts: number; messages: number },
): Promise<Set<number>> {
  const counts = await Numbering.counts(store, places(store, last), totals);
  const numbering = new Numbering(store);
  const restored = new Set<number>();
  await mkdir(folder, { mode: 0o700 }); // it becomes the data folder
  const target = await Store.at(folder);
  await target.open();
  try {
    await target.write([{ type: 'put', key: keys.schema, value: String(SCHEMA) }], { sync: false });
    const replay = new Replay(target);
    await replay.start();
    let at = 0;
    for await (const { seq, record } of places(store, last)) {
      if (record) {
        at = record.at;
        await replay.add(record).catch((cause: unknown) => {
          if (cause instanceof Failure) throw cause;
          const what = unfit(record, cause);
          throw new Failure('STORE_FAILED', `${what} Nothing was changed. Put a backup back.`, { cause });
        });
        continue;
      }
      const post = await numbering.post(seq);
      if (post) restored.add(seq);
      await replay.add((post ?? { seq, kind: 'lost', at, ...counts.get(seq) }) as Parameters<Replay['add']>[0]);
    }
    await replay.end();
    await target.write([{ type: 'put', key: keys.verified, value: String(last) }], { sync: true });
  } finally {
    await numbering.end();
    await target.close();
  }
  return restored;
}

/** What of a span is lost for good. */
function without(span: LostSpan, restored: ReadonlySet<number>): LostSpan[] {
  const rest: LostSpan[] = [];
  let from = span.from;
  for (let seq = span.from; seq <= span.to + 1; seq++) {
    if (seq <= span.to && !restored.has(seq)) continue;
    if (from < seq) rest.push({ ...span, from, to: seq - 1 });
    from = seq + 1;
  }
  return rest;
}

/**
 * What a damaged log says of records that it no longer gives: their places and the numbers of their posts, which
 * somebody may have seen and which therefore are not given again. The keys stand in it as they are.
 */
async function seenInLogs(
  folder: string,
  found: readonly Damage[],
): Promise<{ seq: number; post: number; room: number }> {
  const seen = { seq: 0, post: 0, room: 0 };
  for (const name of await readdir(folder)) {
    if (!/^\d+\.log$/.test(name) || !found.some((damage) => damage.file === name)) continue;
    const log = await readFile(join(folder, name), 'latin1');
    seen.room += Math.ceil(log.length / RECORD_BYTES);
    for (const [, seq] of log.matchAll(/j\/(\d{16})/g)) seen.seq = Math.max(seen.seq, Number(seq));
    for (const [, post] of log.matchAll(/p\/(\d{12})/g)) seen.post = Math.max(seen.post, Number(post));
  }
  return seen;
}
