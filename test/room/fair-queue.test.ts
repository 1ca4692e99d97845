import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { FairQueue } from '../../src/room/fair-queue.ts';

describe('FairQueue', () => {
  /** Jobs that run until they are released, in the order of their start. */
  const jobs = (queue: FairQueue) => {
    const started: string[] = [];
    const finish: (() => void)[] = [];
    const add = (key: string, signal?: AbortSignal) =>
      queue
        .add(
          key,
          () => {
            started.push(key);
            return new Promise<string>((resolve) => finish.push(() => resolve(key)));
          },
          signal,
        )
        .catch((thrown: AppError) => thrown.code);
    const finishAll = async () => {
      while (finish.length > 0) {
        finish.shift()!();
        await nextLoop();
      }
    };
    return { started, add, finishAll };
  };

  it('runs jobs of all keys round-robin', async () => {
    const { started, add, finishAll } = jobs(new FairQueue({ concurrency: 1 }));
    const all = ['a', 'a', 'a', 'a', 'b', 'c', 'c'].map((key) => add(key));
    await finishAll();
    expect(started.join('')).to.equal('aabcaca');
    expect(await Promise.all(all)).to.deep.equal(['a', 'a', 'a', 'a', 'b', 'c', 'c']);
  });

  it('limits running jobs in total and per key', async () => {
    const queue = new FairQueue({ concurrency: 4, concurrencyPerKey: 2 });
    const { started, add, finishAll } = jobs(queue);
    for (const key of ['a', 'a', 'a', 'a', 'b', 'c', 'd']) void add(key);
    expect(started.join('')).to.equal('aabc');
    expect(queue.waiting).to.equal(3);
    await finishAll();
    expect(started).to.have.length(7);
    expect(queue.isIdle).to.equal(true);
  });

  it('removes a cancelled job that waits, and lets a running one finish', async () => {
    const queue = new FairQueue({ concurrency: 1 });
    const { started, add, finishAll } = jobs(queue);
    const abort = new AbortController();
    const [first, second, other] = [add('a', abort.signal), add('a', abort.signal), add('b')];
    abort.abort();
    expect(await second).to.equal('CONNECTION_ENDED');
    expect(await add('c', abort.signal)).to.equal('CONNECTION_ENDED');
    expect(queue.waiting).to.equal(1);
    await finishAll();
    expect(await Promise.all([first, other])).to.deep.equal(['a', 'b']);
    expect(started.join('')).to.equal('ab');
  });

  it('evicts the newest job of the longest lane if that is longer than given', async () => {
    const queue = new FairQueue({ concurrency: 1 });
    const { add, finishAll } = jobs(queue);
    const all = ['a', 'a', 'a', 'b', 'b'].map((key) => add(key));
    expect(queue.evictFromLongest(2, new AppError('TOO_MANY_REQUESTS'))).to.equal(false);
    expect(queue.evictFromLongest(1, new AppError('TOO_MANY_REQUESTS'))).to.equal(true);
    await finishAll();
    expect(await Promise.all(all)).to.deep.equal(['a', 'a', 'TOO_MANY_REQUESTS', 'b', 'b']);
  });

  it('continues after a job that fails', async () => {
    const queue = new FairQueue({ concurrency: 1 });
    const failed = queue.add('a', () => {
      throw new AppError('GONE');
    });
    const next = queue.add('a', () => 7);
    expect(await failed.catch((thrown: AppError) => thrown.code)).to.equal('GONE');
    expect(await next).to.equal(7);
  });
});
