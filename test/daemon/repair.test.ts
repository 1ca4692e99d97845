import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { checkData } from '../../src/daemon/data-check.ts';
import { repairData } from '../../src/daemon/repair.ts';
import type { AppError } from '../../src/domain/app-error.ts';
import type { Post } from '../../src/domain/post.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import type { PostChange } from '../../src/projections/posts.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { keys } from '../../src/store/keys.ts';
import { Store } from '../../src/store/store.ts';
import { temporaryFolder } from '../store/temporary.ts';

interface Opened {
  readonly engine: LocalEngine;
  readonly store: Store;
  readonly view: ReadModel;
}

describe('check and repair', function () {
  this.timeout(30_000);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let home: HomeDirectory;

  beforeEach(async () => {
    folder = await temporaryFolder();
    home = await resolveHome({ GOLDCTL_HOME: folder.path });
    await home.ensureFolders();
  });

  afterEach(() => folder.remove());

  async function opened<T>(use: (opened: Opened) => Promise<T>): Promise<T> {
    const store = await Store.inFolder(home.dataFolder);
    const view = new ReadModel(store);
    const engine = new LocalEngine(store, view);
    await engine.start();
    try {
      return await use({ engine, store, view });
    } finally {
      await engine.stop();
    }
  }

  const at = (seq: number) => 1_700_000_000_000 + seq * 60_000;
  const posted = (text: string, seq: number) => ({
    kind: 'forum.posted',
    at: at(seq),
    member: 'yoda',
    text,
    topic: 'lobby',
    replyTo: null,
  });

  /** Posts of a kilobyte; every third record is a mark, so that numbers and seqs differ. */
  async function write(records: number, from = 1): Promise<void> {
    await opened(async ({ engine, view }) => {
      for (let seq = from; seq < from + records; seq++) {
        if (seq % 3 === 0) {
          await engine.journal.append({ kind: 'forum.marked', at: at(seq), member: 'yoda', topic: null, number: 1 });
        } else
          await engine.journal.append(posted(`post ${seq} ${Buffer.alloc(500, String(seq * seq)).toString()}`, seq));
      }
      await view.searchIndex.catchUp();
    });
  }

  /** Writes all log entries into tables, as an open does. */
  const settle = () => opened(async () => {});

  const posts = () =>
    opened(async ({ view }) => {
      const all: Post[] = [];
      for await (const post of view.posts.newestFirst()) all.unshift(post);
      return all;
    });

  const filesOf = async (end: string) => (await readdir(home.dataFolder)).filter((name) => name.endsWith(end));

  async function flip(name: string, place: number): Promise<void> {
    const handle = await open(join(home.dataFolder, name), 'r+');
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, place);
    byte[0]! ^= 0x10;
    await handle.write(byte, 0, 1, place);
    await handle.close();
  }

  /** Names and contents of a folder. */
  async function bytes(path = home.dataFolder): Promise<Map<string, string>> {
    const names = (await readdir(path)).sort();
    return new Map(
      await Promise.all(
        names.map(async (name): Promise<[string, string]> => [name, await readFile(join(path, name), 'hex')]),
      ),
    );
  }

  /** Deletes records of the journal and keys in `also`, as damage might. */
  async function lose(seqs: readonly number[], also: readonly string[] = []): Promise<void> {
    const store = await Store.inFolder(home.dataFolder);
    await store.open();
    await store.write(
      [...seqs.map(keys.record), ...also].map((key) => ({ type: 'del', key })),
      { sync: true },
    );
    await store.close();
  }

  it('report a sound folder, and change nothing', async () => {
    await write(60);
    await settle();
    await write(30, 61); // some in tables, some in the log
    const before = await bytes();
    const checked = await checkData(home);
    expect(checked).to.include({ sound: true, records: 90, lostRecords: 0, damages: 0, differences: 0, failure: null });
    expect(checked).to.include({ firstAt: at(1), lastAt: at(90) });
    expect(checked.kinds).to.deep.equal({ 'forum.posted': 60, 'forum.marked': 30 });
    expect(checked.bytes).to.be.above(30_000);
    expect(await repairData(home)).to.include({ changed: false, kept: null, records: 90, saved: 90 });
    expect(await bytes()).to.deep.equal(before);
    expect((await readdir(home.root)).filter((name) => /check|repair/.test(name))).to.deep.equal([]);
  });

  it('refuse a folder of a newer goldctl', async () => {
    await write(3);
    const store = await Store.inFolder(home.dataFolder);
    await store.open();
    await store.write([{ type: 'put', key: keys.schemaVersion, value: '99' }], { sync: true });
    await store.close();
    const failure = await repairData(home).then(
      () => undefined,
      (thrown: AppError) => thrown,
    );
    expect(failure).to.include({ code: 'DATA_NEWER' });
  });

  it('refuse a folder that another process has open', async () => {
    await write(3);
    const holder = fileURLToPath(new URL('../engine/local/holder.js', import.meta.url));
    const child = spawn(process.execPath, [holder, home.dataFolder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      for (const one of [checkData, repairData]) {
        const failure = await one(home).then(
          () => undefined,
          (thrown: AppError) => thrown,
        );
        expect(failure).to.include({ code: 'DATA_LOCKED' });
      }
      expect((await readdir(home.root)).filter((name) => /check|repair/.test(name))).to.deep.equal([]);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    expect((await checkData(home)).sound).to.equal(true);
  });

  it('refuse a folder without data', async () => {
    for (const one of [checkData, repairData]) {
      const failure = await one(home).then(
        () => undefined,
        (thrown: AppError) => thrown,
      );
      expect(failure).to.include({ code: 'NOT_FOUND' });
    }
  });

  it('detect a read model that differs from the journal, and rebuild it', async () => {
    await write(30);
    const store = await Store.inFolder(home.dataFolder);
    await store.open();
    const right = store.get(keys.post(4))!;
    await store.write(
      [
        { type: 'put', key: keys.post(4), value: right.replace('post 5', 'post X') },
        { type: 'del', key: keys.word(0, '#lobby') },
        { type: 'put', key: 'zzz', value: '1' },
      ],
      { sync: true },
    );
    await store.close();
    const checked = await checkData(home);
    expect(checked).to.include({ sound: false, differences: 3, lostRecords: 0, damages: 0 });
    expect(checked.differing).to.deep.equal([
      { key: keys.post(4), what: 'different' },
      { key: keys.word(0, '#lobby'), what: 'missing' },
      { key: 'zzz', what: 'too much' },
    ]);
    const repaired = await repairData(home);
    expect(repaired).to.include({ changed: true, saved: 30, lostRecords: 0, posts: 0 });
    expect((await checkData(home)).sound).to.equal(true);
    await opened(async (again) => expect(again.store.get(keys.post(4))).to.equal(right));
  });

  it('restore a lost post from the read model, with its first text', async () => {
    await write(10);
    await opened(async ({ engine }) => {
      await engine.journal.append({ kind: 'forum.edited', at: at(11), number: 2, text: 'edited', by: 'yoda' });
    });
    const before = await posts();
    await lose([2, 3, 8]);
    const checked = await checkData(home);
    expect(checked).to.include({ sound: false, lostRecords: 3, differing: null });
    expect(checked.lost).to.deep.equal([
      { from: 2, to: 3 },
      { from: 8, to: 8 },
    ]);
    const repaired = await repairData(home);
    expect(repaired).to.include({ records: 11, saved: 8, posts: 2, lostRecords: 1 });
    expect(repaired.lost).to.deep.equal([{ from: 3, to: 3, after: at(1), before: at(4) }]);
    expect(await posts()).to.deep.equal(before);
    expect((await checkData(home)).sound).to.equal(true);
  });

  it('keep the numbers of posts after lost ones, and never reuse numbers of lost ones', async () => {
    await write(30);
    const before = await posts();
    const gone = [4, 5, 6, 7, 29, 30]; // with their posts 3, 4, 5 and the last one
    const rows = before.filter(({ seq }) => gone.includes(seq)).map(({ number }) => number);
    await lose(
      gone,
      rows.flatMap((number) => [keys.post(number), keys.change(before[number - 1]!.seq)]),
    );
    const repaired = await repairData(home);
    expect(repaired).to.include({ saved: 24, posts: 0, lostRecords: 6 });
    const after = await posts();
    expect(after).to.deep.equal(before.filter(({ seq }) => !gone.includes(seq)));
    expect((await checkData(home)).sound).to.equal(true);
    await opened(async ({ engine }) => {
      const { changes, seq } = await engine.journal.append(posted('new', 31));
      expect(seq).to.equal(31);
      expect((changes[0] as PostChange).post.number).to.equal(21);
    });
  });

  it('keep them also if an existing post has no row in the read model', async () => {
    await write(30);
    const before = await posts();
    await lose([4, 5], [3, 4, 5].map(keys.post)); // posts 3 and 4 are lost; 5 came with record 7
    expect(await repairData(home)).to.include({ saved: 28, posts: 0 });
    expect(await posts()).to.deep.equal(before.filter(({ number }) => number !== 3 && number !== 4));
  });

  it('detect a flipped bit anywhere in a table, and save everything else', async () => {
    await write(150);
    await settle();
    const [table] = await filesOf('.ldb');
    const whole = await bytes();
    const before = await posts();
    const size = whole.get(table!)!.length / 2;
    for (const part of [0.01, 0.2, 0.4, 0.6, 0.8, 0.97]) {
      await flip(table!, Math.floor(size * part));
      const damaged = await bytes();
      const checked = await checkData(home);
      expect(checked.sound, `at ${part}`).to.equal(false);
      expect(checked.damages).to.equal(1);
      expect(checked.damaged[0]!.file).to.equal(table);
      expect(await bytes(), 'a check changes nothing').to.deep.equal(damaged);

      const repaired = await repairData(home);
      expect(repaired).to.include({ changed: true, damages: 1 });
      expect(await bytes(repaired.kept!)).to.deep.equal(damaged);
      expect((await checkData(home)).sound).to.equal(true);
      const numbers = new Map(before.map((post) => [post.number, post]));
      const after = await posts();
      for (const post of after) expect(post, `at ${part}`).to.deep.equal(numbers.get(post.number));
      if (part < 0.9) expect(repaired.lostRecords).to.be.below(40);
      expect(after.length + repaired.lostRecords).to.be.at.least(before.length);
      await opened(async ({ view }) => expect(view.posts.newestNumber).to.equal(100));

      await rm(home.dataFolder, { recursive: true });
      await mkdir(home.dataFolder);
      for (const [name, hex] of whole) await writeFile(join(home.dataFolder, name), Buffer.from(hex, 'hex'));
      await rm(repaired.kept!, { recursive: true });
    }
  });

  it('leave an unreadable folder unchanged', async () => {
    await write(30);
    await settle();
    const [table] = await filesOf('.ldb');
    const size = (await readFile(join(home.dataFolder, table!))).length;
    await flip(table!, size - 3); // the footer, which LevelDB reads first
    const before = await bytes();
    expect((await checkData(home)).damaged).to.deep.equal([{ file: table, offset: 0, length: size, what: 'table' }]);
    const failure = await repairData(home).then(
      () => undefined,
      (thrown: AppError) => thrown,
    );
    expect(failure).to.include({ code: 'STORE_FAILED' });
    expect(failure!.message).to.contain('backup');
    expect(await bytes()).to.deep.equal(before);
  });

  it('detect a damaged log, and never reuse seqs and numbers of its end', async () => {
    const copy = join(folder.path, 'copy');
    await opened(async ({ engine }) => {
      for (let seq = 1; seq <= 60; seq++) await engine.journal.append(posted(`post ${seq} ${'.'.repeat(1000)}`, seq));
      await cp(home.dataFolder, copy, { recursive: true }); // as it is on disk, with everything in the log
    });
    for (const part of [0.3, 0.6, 0.995]) {
      await rm(home.dataFolder, { recursive: true });
      await cp(copy, home.dataFolder, { recursive: true });
      const [log] = (await filesOf('.log')).sort().reverse();
      await flip(log!, Math.floor((await readFile(join(home.dataFolder, log!))).length * part));
      expect(await checkData(home)).to.include({ sound: false, damages: 1 });
      const repaired = await repairData(home);
      expect(repaired).to.include({ changed: true, records: 60, damages: 1 });
      expect(repaired.saved + repaired.lostRecords).to.equal(60);
      expect(repaired.lostRecords).to.be.within(1, 40);
      expect((await checkData(home)).sound).to.equal(true);
      for (const { number, seq } of await posts()) expect(number).to.equal(seq);
      await opened(async ({ engine }) => {
        const { changes, seq } = await engine.journal.append(posted('new', 61));
        expect([seq, (changes[0] as PostChange).post.number]).to.deep.equal([61, 61]);
      });
    }
  });

  it('repair a folder that cannot be opened', async () => {
    await write(60);
    await settle();
    const before = await posts();
    for (const name of await readdir(home.dataFolder)) {
      if (name.startsWith('MANIFEST')) await writeFile(join(home.dataFolder, name), 'nothing of this is right');
    }
    const checked = await checkData(home);
    expect(checked.sound).to.equal(false);
    expect(checked.failure).to.contain('cannot be opened');
    expect(await repairData(home)).to.include({ changed: true, saved: 60, lostRecords: 0 });
    expect(await posts()).to.deep.equal(before);
  });

  it('continue a repair that was killed between its last two steps', async () => {
    await write(6);
    await rename(home.dataFolder, home.repairedFolder);
    await home.ensureFolders();
    expect(await posts()).to.have.length(4);
  });
});
