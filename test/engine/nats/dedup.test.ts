import { expect } from 'chai';
import fc from 'fast-check';
import { DEDUP_WINDOW, isDuplicate } from '../../../src/engine/nats/dedup.ts';
import { keys } from '../../../src/store/keys.ts';
import type { Store } from '../../../src/store/store.ts';
import { WriteBatch } from '../../../src/store/write-batch.ts';
import { memoryStore } from '../../store/temporary.ts';

describe('repeats in a stream', () => {
  let store: Store;
  let draft: WriteBatch;
  let seq: number;

  beforeEach(async () => {
    store = memoryStore();
    await store.open();
    draft = new WriteBatch(store);
    seq = 0;
  });

  const repeats = (...ids: string[]) => ids.filter((id) => isDuplicate(id, ++seq, draft));

  it('are told by daemon and number, also from one batch to the next', async () => {
    expect(repeats('a.1', 'a.2', 'b.1', 'a.2', 'a.3', 'b.1')).to.deep.equal(['a.2', 'b.1']);
    await store.write(draft.takeWrites(), { sync: false });
    expect(repeats('a.4', 'b.1', 'b.2', 'a.1')).to.deep.equal(['b.1', 'a.1']);
  });

  it('are none of what something else than goldctl wrote', () => {
    const others = ['', '1', '.1', 'a', 'a.', 'a.x', 'a.0', 'a.-1'];
    expect(repeats(...others, ...others)).to.deep.equal([]);
  });

  it('are all that comes from too far back, where nobody waits any more', () => {
    expect(repeats('a.1', 'a.3', `a.${DEDUP_WINDOW + 2}`, 'a.4', 'a.2')).to.deep.equal(['a.2']);
  });

  it('leave little to keep, whatever is missing in between', async () => {
    const evens = Array.from({ length: 3 * DEDUP_WINDOW }, (_, i) => `a.${2 * i + 2}`);
    expect(repeats(...evens)).to.deep.equal([]);
    const [[, { came }]] = draft.read<[[string, { came: unknown[] }]]>(keys.producerState)!;
    expect(came).to.have.length(DEDUP_WINDOW / 2);
  });

  it('forget a daemon that has been silent for long, once another one comes', () => {
    const senders = () => draft.read<[string, unknown][]>(keys.producerState)!.map(([name]) => name);
    isDuplicate('a.1', 1, draft);
    isDuplicate('b.1', 900_000, draft);
    isDuplicate('c.1', 1_000_001, draft);
    expect(senders()).to.deep.equal(['a', 'b', 'c']);
    isDuplicate('d.1', 1_000_002, draft);
    expect(senders()).to.deep.equal(['b', 'c', 'd']);
  });

  it('are exactly those that came before, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 60 }))), (all) => {
        const fresh = new WriteBatch(store);
        const seen = new Set<string>();
        for (const [i, [name, number]] of all.entries()) {
          const id = `${name}.${number}`;
          expect(isDuplicate(id, i + 1, fresh), `${i}: ${id}`).to.equal(seen.has(id));
          seen.add(id);
        }
      }),
    );
  });
});
