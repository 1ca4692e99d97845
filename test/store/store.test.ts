import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { Store } from '../../src/store/store.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';
import { contentOf, memoryStore, temporaryFolder } from './temporary.ts';

type Made = { store: Store; remove(): Promise<void> };

const makers: Record<string, () => Promise<Made>> = {
  'in memory': async () => ({ store: memoryStore(), remove: async () => {} }),
  'in a folder': async () => {
    const folder = await temporaryFolder();
    return { store: await Store.inFolder(folder.path), remove: folder.remove };
  },
};

for (const [name, make] of Object.entries(makers)) {
  describe(`Store ${name}`, () => {
    let made: Made;
    let store: Store;

    beforeEach(async () => {
      made = await make();
      store = made.store;
      await store.open();
    });

    afterEach(async () => {
      await store.close();
      await made.remove();
    });

    const put = (...entries: [string, unknown][]) =>
      store.write(
        entries.map(([key, value]) => ({ type: 'put', key, value: JSON.stringify(value) })),
        { sync: true },
      );

    it('reads what was written, at once', async () => {
      expect(store.get('k')).to.equal(undefined);
      expect(store.read('k')).to.equal(undefined);
      await put(['k', { giá: 'vàng' }]);
      expect(store.get('k')).to.equal('{"giá":"vàng"}');
      expect(store.read('k')).to.deep.equal({ giá: 'vàng' });
      await store.write([{ type: 'del', key: 'k' }], { sync: true });
      expect(store.get('k')).to.equal(undefined);
    });

    it('reads long keys and values in any script', async () => {
      const key = `k/${'𠮷'.repeat(300)}`;
      await put([key, '🪙'.repeat(5000)]);
      expect(store.read(key)).to.equal('🪙'.repeat(5000));
      expect(store.get('k/𠮷')).to.equal(undefined);
    });

    it('reads exactly the requested key, independently of earlier reads', async () => {
      for (const letter of ['x', 'é', 'ầ', '𠮷']) {
        const keys = Array.from({ length: 100 }, (_, i) => `k/${letter.repeat(i + 1)}`);
        await put(...keys.map((key): [string, unknown] => [key, key]));
        for (const key of keys) expect(store.read(key), key).to.equal(key);
      }
    });

    it('returns ranges in order, forwards and backwards, with bounds and limit', async () => {
      await put(['a/2', 2], ['a/1', 1], ['b/1', 4], ['a/3', 3]);
      const keysOf = async (range: Parameters<Store['range']>[0]) => {
        const found: string[] = [];
        for await (const [key] of store.range(range)) found.push(key);
        return found;
      };
      expect(await keysOf({ gte: 'a/', lt: 'a0' })).to.deep.equal(['a/1', 'a/2', 'a/3']);
      expect(await keysOf({ gt: 'a/1', lte: 'a/3', reverse: true })).to.deep.equal(['a/3', 'a/2']);
      expect(await keysOf({ limit: 2 })).to.deep.equal(['a/1', 'a/2']);
      expect(await store.entries({ gte: 'b/' })).to.deep.equal([['b/1', '4']]);
      const only: string[] = [];
      for await (const key of store.keysOf({ lt: 'a/3' })) only.push(key);
      expect(only).to.deep.equal(['a/1', 'a/2']);
    });

    it('returns long ranges completely, a page at a time', async () => {
      const entries = Array.from({ length: 2500 }, (_, i): [string, number] => [`n/${String(i).padStart(6, '0')}`, i]);
      await put(...entries);
      let next = 0;
      for await (const [, value] of store.range({}, 7)) expect(JSON.parse(value)).to.equal(next++);
      expect(next).to.equal(2500);
      next = 0;
      for await (const key of store.keysOf({})) expect(Number(key.slice(2))).to.equal(next++);
      expect(next).to.equal(2500);
    });

    it('reads a range as of its start', async () => {
      await put(['a/1', 1], ['a/2', 2], ['a/3', 3]);
      const seen: string[] = [];
      for await (const [key, value] of store.range({}, 1)) {
        if (seen.length === 0) await put(['a/2', 'changed'], ['a/4', 4]);
        seen.push(`${key}=${value}`);
      }
      expect(seen).to.deep.equal(['a/1=1', 'a/2=2', 'a/3=3']);
    });

    it('lets a reader stop early', async () => {
      await put(['a', 1], ['b', 2]);
      for await (const _ of store.range({})) break;
      await store.close(); // waits for no reader
      await store.open();
      expect(store.read('a')).to.equal(1);
    });

    it('reads staged values before they are written, and the last one of a key', async () => {
      await put(['a', 1], ['b', 2]);
      store.stage([
        { type: 'put', key: 'a', value: '10' },
        { type: 'put', key: 'c', value: '30' },
      ]);
      const flushed = store.flush();
      while (store.stagedCount > 0) await undefined; // until it is written
      store.stage([
        { type: 'put', key: 'a', value: '11' },
        { type: 'del', key: 'b' },
      ]);
      const all = [
        ['a', '11'],
        ['c', '30'],
      ];
      const single = () => ['a', 'b', 'c'].map((key) => store.get(key));
      expect(single()).to.deep.equal(['11', undefined, '30']);
      await flushed;
      expect(single()).to.deep.equal(['11', undefined, '30']);
      expect(store.stagedCount).to.equal(2);
      expect(await store.entries({})).to.deep.equal(all);
      expect(store.stagedCount).to.equal(0);
      expect(single()).to.deep.equal(['11', undefined, '30']);
      await put(['a', 12]);
      expect(store.get('a')).to.equal('12');
    });

    it('keeps everything across close and open', async () => {
      await put(['a', 1], ['b', 2]);
      const before = await contentOf(store);
      await store.close();
      await store.open();
      expect(await contentOf(store)).to.deep.equal(before);
    });
  });
}

describe('Store on a full disk', () => {
  it('keeps staged writes, and writes them once there is space', async function () {
    const disk = await mountTmpfs(this, 6);
    try {
      const store = await Store.inFolder(join(disk.path, 'data'));
      await store.open();
      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc(5 * 1024 * 1024, 1));
      let staged = 0;
      for (; !store.writeError; staged += 1) {
        store.stage([{ type: 'put', key: `k/${staged}`, value: 'x'.repeat(50_000) }]);
        await store.flush().catch(() => {});
      }
      store.stage([{ type: 'put', key: 'late', value: '1' }]);
      const refused: AppError = await store.flush().then(
        () => expect.fail('expected a failed write'),
        (failure) => failure,
      );
      expect(refused.code).to.equal('STORE_FAILED');
      expect(store.get(`k/${staged - 1}`)).to.have.length(50_000);
      expect(store.get('late')).to.equal('1');
      expect((await store.entries({})).length).to.equal(staged - 1); // does not wait for space
      await store.reopen(async () => {}).catch(() => {});
      expect(store.get('late')).to.equal('1');
      await rm(ballast);
      let found = 0;
      await store.reopen(async () => {
        found = (await store.entries({})).length;
      });
      expect(found).to.equal(staged + 1);
      await store.flush();
      await store.close();
      await store.open();
      expect(store.get('late')).to.equal('1');
      expect(store.get(`k/${staged - 1}`)).to.have.length(50_000);
      await store.close();
    } finally {
      await disk.unmount();
    }
  });

  it('refuses more writes, stays open until there is space, and readers finish or get 503', async function () {
    const disk = await mountTmpfs(this, 6);
    try {
      const store = await Store.inFolder(join(disk.path, 'data'));
      await store.open();
      const codeOf = (promise: Promise<unknown>) =>
        promise.then(
          () => 'none',
          (failure: AppError) => failure.code,
        );
      const write = (key: string) =>
        codeOf(store.write([{ type: 'put', key, value: 'x'.repeat(50_000) }], { sync: true }));
      const told: string[] = [];
      store.onWriteError((failure) => told.push(failure.code));
      let written = 0;
      await writeFile(join(disk.path, 'ballast'), Buffer.alloc(5 * 1024 * 1024, 1));
      while ((await write(`k/${written}`)) === 'none') written += 1;
      expect(written).to.be.above(2);
      expect(await Promise.all([write('a'), write('b')])).to.deep.equal(['STORE_FAILED', 'STORE_FAILED']);
      expect(told).to.deep.equal(['STORE_FAILED']);

      const failure = await store
        .reopen(async () => {})
        .then(
          () => undefined,
          (thrown: AppError) => thrown,
        );
      expect(failure).to.include({ code: 'STORE_FAILED' });
      expect(failure!.message).to.contain('no space left').and.not.contain(disk.path);
      expect(store.get('k/0')).to.have.length(50_000); // it was not closed for that
      await rm(join(disk.path, 'ballast'));

      const kept = store.range({}, 1);
      expect((await kept.next()).value[0]).to.equal('k/0'); // and does not continue
      const failing = codeOf(
        store.reopen(async () => {
          throw new AppError('JOURNAL_HOLE');
        }),
      );
      const closed = new Promise<string>((resolve) => {
        const look = () => {
          try {
            store.get('k/0');
            setImmediate(look);
          } catch (failure) {
            resolve((failure as AppError).code);
          }
        };
        look();
      });
      expect(await closed).to.equal('NOT_AVAILABLE');
      expect((await store.entries({})).length).to.be.within(written, written + 1); // waits
      expect(await failing).to.equal('JOURNAL_HOLE');
      expect(await codeOf(kept.next())).to.equal('NOT_AVAILABLE');
      expect(await write('c')).to.equal('JOURNAL_HOLE');
      await store.reopen(async () => {
        expect(store.get('k/0')).to.have.length(50_000);
      });
      expect(store.writeError).to.equal(undefined);
      expect(await write('c')).to.equal('none');
      await store.close();
    } finally {
      await disk.unmount();
    }
  });
});
