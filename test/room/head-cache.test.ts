import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { HeadCache } from '../../src/room/head-cache.ts';

describe('HeadCache', () => {
  let head: number;
  let computed: number;
  let cache: HeadCache<string>;
  beforeEach(() => {
    head = 1;
    computed = 0;
    cache = new HeadCache({ head: () => head, size: 2 });
  });
  const ask = (key: string, signal?: AbortSignal) =>
    cache.get(
      key,
      async () => {
        computed += 1;
        const [name, at] = [key, head];
        await nextLoop();
        signal?.throwIfAborted();
        return `${name}${at}`;
      },
      signal,
    );

  it('computes a result once per head and key, even for concurrent callers', async () => {
    expect(await Promise.all(Array.from({ length: 60 }, () => ask('a')))).to.deep.equal(new Array(60).fill('a1'));
    expect(await ask('a')).to.equal('a1');
    expect(computed).to.equal(1);
    head = 2;
    expect(await Promise.all([ask('a'), ask('b')])).to.deep.equal(['a2', 'b2']);
    expect(computed).to.equal(3);
  });

  it('limits the number of results', async () => {
    for (const key of ['a', 'b', 'c', 'a']) await ask(key);
    expect(computed).to.equal(4);
    await ask('c');
    expect(computed).to.equal(4);
  });

  it('computes again for other callers if the first one has disconnected', async () => {
    const abort = new AbortController();
    const [first, second] = [ask('a', abort.signal).catch((thrown: AppError) => thrown.code), ask('a')];
    abort.abort(new AppError('CONNECTION_ENDED'));
    expect(await first).to.equal('CONNECTION_ENDED');
    expect(await second).to.equal('a1');
    expect(computed).to.equal(2);
  });

  it('does not cache failures', async () => {
    const failed = await cache
      .get('a', async () => {
        throw new AppError('NOT_AVAILABLE');
      })
      .catch((thrown: AppError) => thrown.code);
    expect(failed).to.equal('NOT_AVAILABLE');
    expect(await ask('a')).to.equal('a1');
  });
});
