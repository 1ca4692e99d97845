import { expect } from 'chai';
import { BandwidthLimiter } from '../../src/peer/bandwidth-limiter.ts';
import type { BlockId } from '../../src/peer/block-requester.ts';
import { BlockScheduler } from '../../src/peer/block-scheduler.ts';
import { BLOCK_BYTES, firstBlocks } from '../../src/peer/hash-tree.ts';

/** A source that records the requests it gets. */
class FakeSource {
  requests: BlockId[] = [];
  readonly runs: string[] = [];
  readonly bytesPerSecond: number;

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  get requestedBlocks(): number {
    return this.requests.length;
  }

  get inFlightBytes(): number {
    return this.requests.length * BLOCK_BYTES;
  }

  requestBlocks(file: number, from: number, count: number): void {
    this.runs.push(`${file}:${from}+${count}`);
    for (let block = from; block < from + count; block += 1) this.requests.push([file, block]);
  }

  *lastRequested(): Generator<BlockId> {
    yield* [...this.requests].reverse();
  }

  dropBlocks(blocks: readonly BlockId[]): void {
    this.requests = this.requests.filter(([file, block]) => !blocks.some(([f, b]) => f === file && b === block));
  }
}

function files(...blockCounts: number[]) {
  return blockCounts.map((count, i) => ({ path: `${i}`, size: count * BLOCK_BYTES, modified: 0, root: null }));
}

describe('BlockScheduler', () => {
  let now = 0;
  let present: Set<number>;

  function scheduler(blockCounts: number[], limiter?: BandwidthLimiter): BlockScheduler {
    const all = files(...blockCounts);
    const isMissing = (index: number) => !present.has(index);
    return new BlockScheduler({ files: all, firstBlocks: firstBlocks(all), isMissing, limiter, now: () => now });
  }

  beforeEach(() => {
    now = 0;
    present = new Set();
  });

  it('requests missing blocks in order, in runs that end at the end of a file or before an existing block', () => {
    present.add(2).add(6);
    const source = new FakeSource(16 * BLOCK_BYTES);
    expect(scheduler([3, 2, 4]).schedule([source])).to.equal(0);
    expect(source.runs).to.deep.equal(['0:0+2', '1:0+2', '2:0+1', '2:2+2']);
  });

  it('fills the pipeline of a source by its speed, and requests no block twice', () => {
    const [slow, fast] = [new FakeSource(0), new FakeSource(4 * 1024 * 1024)];
    scheduler([100]).schedule([slow, fast]);
    expect([slow.requestedBlocks, fast.requestedBlocks]).to.deep.equal([8, 16]);
    expect(new Set([...slow.requests, ...fast.requests].map(String)).size).to.equal(24);
  });

  it('requests a block again if its request ended and it is still missing', () => {
    const [first, second] = [new FakeSource(0), new FakeSource(0)];
    const blocks = scheduler([1]);
    blocks.schedule([first]);
    blocks.schedule([second]);
    expect(second.runs).to.deep.equal([]);
    blocks.releaseRequest(0);
    blocks.markFree(0);
    blocks.schedule([second]);
    expect(second.runs).to.deep.equal(['0:0+1']);
  });

  it('waits as long as the limiter says', () => {
    const source = new FakeSource(0);
    const blocks = scheduler([9], new BandwidthLimiter(4 * BLOCK_BYTES, () => now));
    const waitMs = blocks.schedule([source]);
    expect(source.runs).to.deep.equal(['0:0+1']);
    expect(waitMs).to.be.within(150, 250);
    now += waitMs;
    blocks.schedule([source]);
    expect(source.requestedBlocks).to.equal(2);
  });

  it('lets an idle source take over the last requests of a slow one', () => {
    const [slow, fast] = [new FakeSource(BLOCK_BYTES / 4), new FakeSource(64 * BLOCK_BYTES)];
    const blocks = scheduler([8]);
    blocks.schedule([slow]);
    expect(slow.requestedBlocks).to.equal(8);
    blocks.schedule([slow, fast]);
    expect(fast.requests.map(String)).to.include('0,7');
    expect(slow.requestedBlocks + fast.requestedBlocks).to.equal(8);
  });
});
