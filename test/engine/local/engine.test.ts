import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { AppError } from '../../../src/domain/app-error.ts';
import { LocalEngine } from '../../../src/engine/local/engine.ts';
import { SCHEMA_VERSION } from '../../../src/engine/schema-version.ts';
import type { NewRecord } from '../../../src/engine/types.ts';
import { ReadModel } from '../../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../../src/projections/rebuild.ts';
import { keys, prefixRange } from '../../../src/store/keys.ts';
import { Store } from '../../../src/store/store.ts';
import { contentOf, memoryStore, temporaryFolder } from '../../store/temporary.ts';

interface Room {
  readonly engine: LocalEngine;
  readonly view: ReadModel;
  readonly store: Store;
}

async function roomAt(path: string): Promise<Room> {
  const store = await Store.inFolder(path);
  const view = new ReadModel(store);
  return { engine: new LocalEngine(store, view), view, store };
}

const post = (text: string): NewRecord => ({
  kind: 'forum.posted',
  at: 1_700_000_000_000,
  member: 'yoda',
  text,
  topic: 'lobby',
  replyTo: null,
});

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (failure) {
    if (failure instanceof AppError) return failure;
    throw failure;
  }
  throw new Error('expected a failure');
}

const filesOf = async (path: string, end: string) => (await readdir(path)).filter((name) => name.endsWith(end));

describe('LocalEngine', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'not', 'there', 'yet');
  });

  afterEach(() => folder.remove());

  describe('reopening', () => {
    it('finds every acknowledged record', async () => {
      const first = await roomAt(path);
      await first.engine.start();
      await Promise.all(Array.from({ length: 400 }, (_, i) => first.engine.journal.append(post(`post ${i}`))));
      const before = await contentOf(first.store);
      await first.engine.stop();

      const second = await roomAt(path);
      await second.engine.start();
      const after = await contentOf(second.store);
      before.delete(keys.verifiedSeq);
      expect(after.get(keys.verifiedSeq)).to.equal('400');
      after.delete(keys.verifiedSeq);
      expect(after).to.deep.equal(before);
      expect(second.engine.journal.head()).to.equal(400);
      expect((await second.engine.journal.append(post('one more'))).seq).to.equal(401);
      await second.engine.stop();
    });

    it('finds what was written before a kill', async () => {
      const first = await roomAt(path);
      await first.engine.start();
      for (let i = 0; i < 20; i++) await first.engine.journal.append(post(`post ${i}`));
      await cp(path, join(folder.path, 'copy'), { recursive: true }); // the disk after a power failure
      await first.engine.stop();
      const second = await roomAt(join(folder.path, 'copy'));
      await second.engine.start();
      expect(second.engine.journal.head()).to.equal(20);
      expect(second.view.posts.get(20)!.text).to.equal('post 19');
      await second.engine.stop();
    });
  });

  describe('two daemons with one folder', () => {
    it('are refused in the same process, until a stop', async () => {
      const first = await roomAt(path);
      await first.engine.start();
      const second = await roomAt(path);
      const failure = await failureOf(second.engine.start());
      expect(failure.code).to.equal('DATA_LOCKED');
      await first.engine.journal.append(post('still mine'));
      await first.engine.stop();
      await second.engine.start();
      expect(second.engine.journal.head()).to.equal(1);
      await second.engine.stop();
    });

    it('are refused in another process', async () => {
      const holder = fileURLToPath(new URL('holder.js', import.meta.url));
      const child: ChildProcess = spawn(process.execPath, [holder, path], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      try {
        await once(child.stdout!, 'data');
        const { engine } = await roomAt(path);
        const failure = await failureOf(engine.start());
        expect(failure.code).to.equal('DATA_LOCKED');
        expect(failure.message).to.contain('GOLDCTL_HOME');
        child.kill('SIGKILL');
        await ended;
        await engine.start(); // a killed daemon leaves no lock behind
        await engine.stop();
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    });
  });

  it('refuses a folder of a newer format, and leaves it unchanged', async () => {
    const { engine, store } = await roomAt(path);
    await engine.start();
    await engine.journal.append(post('old'));
    await store.write([{ type: 'put', key: keys.schemaVersion, value: `${SCHEMA_VERSION + 1}` }], { sync: true });
    const before = await contentOf(store);
    await engine.stop();

    const failure = await failureOf(engine.start());
    expect(failure.code).to.equal('DATA_NEWER');
    expect(failure.message).to.match(/format 3.*up to 2/);
    await store.open();
    expect(await contentOf(store)).to.deep.equal(before);
    await store.close();
  });

  it('throws if the folder is not a data folder', async () => {
    await writeFile(join(folder.path, 'file'), 'no folder');
    const { engine } = await roomAt(join(folder.path, 'file'));
    expect((await failureOf(engine.start())).code).to.equal('STORE_FAILED');
  });

  describe('a journal with gaps', () => {
    it('is refused with their seqs', async () => {
      const { engine, store } = await roomAt(path);
      await engine.start();
      for (let i = 1; i <= 10; i++) await engine.journal.append(post(`post ${i}`));
      await store.write(
        [1, 4, 5, 6, 9].map((seq) => ({ type: 'del', key: keys.record(seq) })),
        { sync: true },
      );
      await engine.stop();

      const failure = await failureOf(engine.start());
      expect(failure.code).to.equal('JOURNAL_HOLE');
      expect(failure.data.missing).to.equal('1, 4-6, 9');
      expect((await failureOf(engine.start())).code).to.equal('JOURNAL_HOLE'); // also on the second start
    });

    it('is refused if its end is missing', async () => {
      const { engine, store } = await roomAt(path);
      await engine.start();
      for (let i = 1; i <= 3; i++) await engine.journal.append(post(`post ${i}`));
      await store.write([{ type: 'del', key: keys.record(3) }], { sync: true });
      await engine.stop();
      expect((await failureOf(engine.start())).data.missing).to.equal('3');
    });
  });

  describe('damage on disk', () => {
    /** Acknowledged posts, and the folder on disk: all of them in LevelDB's log. */
    async function written(count: number): Promise<string> {
      const { engine } = await roomAt(path);
      await engine.start();
      for (let i = 1; i <= count; i++) await engine.journal.append(post(`post ${i} ${'.'.repeat(1000)}`));
      const copy = join(folder.path, 'copy');
      await cp(path, copy, { recursive: true });
      await engine.stop();
      return copy;
    }

    it('in the middle of the log is detected', async () => {
      const copy = await written(150);
      expect(await filesOf(copy, '.ldb')).to.deep.equal([]);
      const [name] = await filesOf(copy, '.log');
      const log = await readFile(join(copy, name!));
      expect(log.length).to.be.above(4 * 32_768); // LevelDB skips only the damaged block
      log[Math.floor(log.length / 2)]! ^= 0x01;
      await writeFile(join(copy, name!), log);

      const { engine } = await roomAt(copy);
      const failure = await failureOf(engine.start());
      expect(failure.code).to.equal('JOURNAL_HOLE');
      const match = /^(\d+)-(\d+)$/.exec(failure.data.missing as string);
      expect(match, `one hole, not ${failure.data.missing}`).to.not.equal(null);
      const [from, to] = [Number(match![1]), Number(match![2])];
      expect(from).to.be.within(40, 100); // the flipped block at the latest
      expect(to).to.be.within(from, 149);
      expect(failure.message).to.contain(`${from}-${to}`);
    });

    it('anywhere in the log is detected or looks like its end: no record in between is lost silently', async () => {
      const copy = await written(60);
      const [name] = await filesOf(copy, '.log');
      const log = await readFile(join(copy, name!));
      for (let i = 0; i < 12; i++) {
        const place = Math.floor((log.length * (i + 0.5)) / 12);
        const damaged = Buffer.from(log);
        damaged[place]! ^= 0x80;
        const path = join(folder.path, `damaged-${i}`);
        await cp(copy, path, { recursive: true });
        await writeFile(join(path, name!), damaged);
        const { engine, store } = await roomAt(path);
        try {
          await engine.start();
        } catch (failure) {
          expect((failure as AppError).code).to.equal('JOURNAL_HOLE');
          continue;
        }
        const head = engine.journal.head();
        expect(head).to.be.below(60);
        const fresh = memoryStore();
        await fresh.open();
        await rebuildStore(store, fresh); // existing records are complete, others are absent
        expect(await differingKeys(store, fresh)).to.deep.equal([]);
        expect((await store.entries(prefixRange('p/'))).length).to.equal(head);
        await engine.stop();
      }
    });

    it('cannot be in the log after an open, which wrote a table', async () => {
      const copy = await written(20);
      const [old] = await filesOf(copy, '.log');
      expect((await stat(join(copy, old!))).size).to.be.above(20_000);
      const { engine } = await roomAt(copy);
      await engine.start();
      expect(await filesOf(copy, '.log')).to.not.include(old);
      expect(await filesOf(copy, '.ldb')).to.have.length(1);
      await engine.stop();
      const [log] = await filesOf(copy, '.log');
      expect((await stat(join(copy, log!))).size).to.be.below(200); // the verified seq, and no record
    });
  });
});
