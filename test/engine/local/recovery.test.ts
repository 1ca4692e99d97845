import { readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../../../src/domain/failure.ts';
import type { Trouble } from '../../../src/engine/contract.ts';
import { LocalEngine } from '../../../src/engine/local/engine.ts';
import { Recovery } from '../../../src/engine/recovery.ts';
import { Store } from '../../../src/store/store.ts';
import { View } from '../../../src/view/view.ts';
import { mountTmpfs } from '../../faults/tmpfs.ts';

describe('Recovery', () => {
  const full = new Failure('STORE_FAILED', 'No room.');

  /** Tries until what `results` says is used up; resolves when `done` does. */
  function recovering(results: (Failure | undefined)[], settings: { firstMs?: number; longestMs?: number } = {}) {
    const tries: number[] = [];
    const told: string[] = [];
    let recovery!: Recovery;
    const ended = new Promise<void>((resolve) => {
      const attempt = async () => {
        tries.push(performance.now());
        const failure = results.shift();
        if (results.length === 0) setImmediate(resolve);
        if (failure) throw failure;
      };
      recovery = new Recovery(attempt, {
        firstMs: 10,
        longestMs: 40,
        ...settings,
        onTrouble: ({ failure }: Trouble) => told.push(failure.code),
        onRecovered: () => told.push('recovered'),
      });
    });
    return { recovery, tries, told, ended };
  }

  it('tries again, further and further apart, and tells once', async () => {
    const { recovery, tries, told, ended } = recovering([full, full, full, full, undefined]);
    const begun = performance.now();
    recovery.begin(full);
    recovery.begin(full);
    expect(recovery.trouble).to.include({ failure: full });
    await ended;
    const pauses = tries.map((at, i) => at - (tries[i - 1] ?? begun));
    for (const [i, least] of [10, 20, 40, 40, 40].entries()) expect(pauses[i]).to.be.at.least(least - 2);
    expect(told).to.deep.equal(['STORE_FAILED', 'recovered']);
    expect(recovery.trouble).to.equal(undefined);
    await recovery.stop();
  });

  it('keeps when it began, and says what came to light later', async () => {
    const { recovery, told, ended } = recovering([full, new Failure('JOURNAL_HOLE')]);
    recovery.begin(full);
    const { since } = recovery.trouble!;
    await ended;
    expect(told).to.deep.equal(['STORE_FAILED', 'JOURNAL_HOLE']);
    expect(recovery.trouble!.since).to.equal(since);
    expect(recovery.trouble!.failure.code).to.equal('JOURNAL_HOLE');
    await recovery.stop();
  });

  it('begins anew with the next trouble', async () => {
    const { recovery, told, ended } = recovering([undefined, undefined]);
    recovery.begin(full);
    while (recovery.trouble) await new Promise((resolve) => setImmediate(resolve));
    recovery.begin(full);
    await ended;
    expect(told).to.deep.equal(['STORE_FAILED', 'recovered', 'STORE_FAILED', 'recovered']);
    await recovery.stop();
  });

  it('tries no more once it is stopped', async () => {
    const { recovery, tries } = recovering([undefined], { firstMs: 5 });
    recovery.begin(full);
    await recovery.stop();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(tries).to.deep.equal([]);
  });
});

describe('LocalEngine on a disk that lost what it had confirmed', () => {
  it('writes no more, says which records are missing, and reads what is left', async function () {
    const disk = await mountTmpfs(this, 6);
    try {
      const folder = join(disk.path, 'data');
      const store = await Store.at(folder);
      const view = new View(store);
      const told: string[] = [];
      const engine = new LocalEngine(store, view, {
        firstMs: 10,
        onTrouble: ({ failure }) => told.push(failure.code),
        onRecovered: () => told.push('recovered'),
      });
      await engine.start();
      const text = 'x'.repeat(20_000);
      const post = { kind: 'forum.posted', at: 1, member: 'yoda', text, topic: 'lobby', replyTo: null };
      const codeOf = (promise: Promise<unknown>) =>
        promise.then(
          () => 'none',
          (failure: Failure) => failure.code,
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
      expect(engine.trouble!.failure.data.missing).to.equal(acknowledged === 4 ? '4' : `4-${acknowledged}`);
      expect(await codeOf(engine.journal.append(post))).to.equal('JOURNAL_HOLE');
      expect(view.posts.get(3)!.text).to.equal(text);
      await engine.stop();
    } finally {
      await disk.unmount();
    }
  });
});
