import { expect } from 'chai';
import fc from 'fast-check';
import { DEDUP_WINDOW, isDuplicate } from '../../../src/engine/nats/dedup.ts';
import { keys } from '../../../src/store/keys.ts';
import type { Store } from '../../../src/store/store.ts';
import { WriteBatch } from '../../../src/store/write-batch.ts';
import { memoryStore } from '../../store/temporary.ts';

describe('duplicates in a stream', () => {
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

  it('are detected by daemon and number, also across batches', async () => {
    expect(repeats('a.1', 'a.2', 'b.1', 'a.2', 'a.3', 'b.1')).to.deep.equal(['a.2', 'b.1']);
    await store.write(draft.takeWrites(), { sync: false });
    expect(repeats('a.4', 'b.1', 'b.2', 'a.1')).to.deep.equal(['b.1', 'a.1']);
  });

  it('do not include messages of other programs', () => {
    const others = ['', '1', '.1', 'a', 'a.', 'a.x', 'a.0', 'a.-1'];
    expect(repeats(...others, ...others)).to.deep.equal([]);
  });

  it('include all messages from too far back, for which no append waits', () => {
    expect(repeats('a.1', 'a.3', `a.${DEDUP_WINDOW + 2}`, 'a.4', 'a.2')).to.deep.equal(['a.2']);
  });

  it('need little memory, even with gaps', async () => {
    const evens = Array.from({ length: 3 * DEDUP_WINDOW }, (_, i) => `a.${2 * i + 2}`);
    expect(repeats(...evens)).to.deep.equal([]);
    const [[, { came }]] = draft.read<[[string, { came: unknown[] }]]>(keys.producerState)!;
    expect(came).to.have.length(DEDUP_WINDOW / 2);
  });

  it('forget a daemon after long silence, once another one appears', () => {
    const senders = () => draft.read<[string, unknown][]>(keys.producerState)!.map(([name]) => name);
    isDuplicate('a.1', 1, draft);
    isDuplicate('b.1', 900_000, draft);
    isDuplicate('c.1', 1_000_001, draft);
    expect(senders()).to.deep.equal(['a', 'b', 'c']);
    isDuplicate('d.1', 1_000_002, draft);
    expect(senders()).to.deep.equal(['b', 'c', 'd']);
  });

  it('are exactly the repeated messages, in any order', () => {
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
