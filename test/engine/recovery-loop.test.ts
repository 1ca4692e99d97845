import { readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { RecoveryLoop } from '../../src/engine/recovery-loop.ts';
import type { Outage } from '../../src/engine/types.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { Store } from '../../src/store/store.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';

describe('RecoveryLoop', () => {
  const full = new AppError('STORE_FAILED', 'No room.');

  /** Tries until `results` is used up; resolves when `done` is called. */
  function recovering(
    results: (AppError | undefined)[],
    settings: { initialDelayMs?: number; maxDelayMs?: number } = {},
  ) {
    const tries: number[] = [];
    const told: string[] = [];
    let recovery!: RecoveryLoop;
    const ended = new Promise<void>((resolve) => {
      const attempt = async () => {
        tries.push(performance.now());
        const failure = results.shift();
        if (results.length === 0) setImmediate(resolve);
        if (failure) throw failure;
      };
      recovery = new RecoveryLoop(attempt, {
        initialDelayMs: 10,
        maxDelayMs: 40,
        ...settings,
        onOutage: ({ error }: Outage) => told.push(error.code),
        onRecovered: () => told.push('recovered'),
      });
    });
    return { recovery, tries, told, ended };
  }

  it('retries with growing pauses, and reports once', async () => {
    const { recovery, tries, told, ended } = recovering([full, full, full, full, undefined]);
    const begun = performance.now();
    recovery.start(full);
    recovery.start(full);
    expect(recovery.outage).to.include({ error: full });
    await ended;
    const pauses = tries.map((at, i) => at - (tries[i - 1] ?? begun));
    for (const [i, least] of [10, 20, 40, 40, 40].entries()) expect(pauses[i]).to.be.at.least(least - 2);
    expect(told).to.deep.equal(['STORE_FAILED', 'recovered']);
    expect(recovery.outage).to.equal(undefined);
    await recovery.stop();
  });

  it('keeps its start time, and reports later findings', async () => {
    const { recovery, told, ended } = recovering([full, new AppError('JOURNAL_HOLE')]);
    recovery.start(full);
    const { since } = recovery.outage!;
    await ended;
    expect(told).to.deep.equal(['STORE_FAILED', 'JOURNAL_HOLE']);
    expect(recovery.outage!.since).to.equal(since);
    expect(recovery.outage!.error.code).to.equal('JOURNAL_HOLE');
    await recovery.stop();
  });

  it('starts again with the next fault', async () => {
    const { recovery, told, ended } = recovering([undefined, undefined]);
    recovery.start(full);
    while (recovery.outage) await new Promise((resolve) => setImmediate(resolve));
    recovery.start(full);
    await ended;
    expect(told).to.deep.equal(['STORE_FAILED', 'recovered', 'STORE_FAILED', 'recovered']);
    await recovery.stop();
  });

  it('stops trying after stop', async () => {
    const { recovery, tries } = recovering([undefined], { initialDelayMs: 5 });
    recovery.start(full);
    await recovery.stop();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(tries).to.deep.equal([]);
  });
});

describe('LocalEngine on a disk that lost acknowledged data', () => {
  it('stops writing, names the missing records, and still reads', async function () {
    const disk = await mountTmpfs(this, 6);
    try {
      const folder = join(disk.path, 'data');
      const store = await Store.inFolder(folder);
      const view = new ReadModel(store);
      const told: string[] = [];
      const engine = new LocalEngine(store, view, {
        initialDelayMs: 10,
        onOutage: ({ error }) => told.push(error.code),
        onRecovered: () => told.push('recovered'),
      });
      await engine.start();
      const text = 'x'.repeat(20_000);
      const post = { kind: 'forum.posted', at: 1, member: 'yoda', text, topic: 'lobby', replyTo: null };
      const codeOf = (promise: Promise<unknown>) =>
        promise.then(
          () => 'none',
          (failure: AppError) => failure.code,
        );
      for (let i = 0; i < 3; i++) await engine.journal.append(post);
      const [log] = (await readdir(folder)).filter((name) => name.endsWith('.log'));
      const { size } = await stat(join(folder, log!));
      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc(5 * 1024 * 1024, 1));
      while ((await codeOf(engine.journal.append(post))) === 'none');
      const acknowledged = engine.journal.head();
      expect(acknowledged).to.be.above(3);

      await truncate(join(folder, log!), size);
      await rm(ballast);
      while (told.length < 2) await new Promise((resolve) => setImmediate(resolve));
      expect(told).to.deep.equal(['STORE_FAILED', 'JOURNAL_HOLE']);
      expect(engine.outage!.error.data.missing).to.equal(acknowledged === 4 ? '4' : `4-${acknowledged}`);
      expect(await codeOf(engine.journal.append(post))).to.equal('JOURNAL_HOLE');
      expect(view.posts.get(3)!.text).to.equal(text);
      await engine.stop();
    } finally {
      await disk.unmount();
    }
  });
});
