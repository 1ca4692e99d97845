import { expect } from 'chai';
import fc from 'fast-check';
import type { Store } from '../../src/store/store.ts';
import { WriteBatch } from '../../src/store/write-batch.ts';
import { contentOf, memoryStore } from './temporary.ts';

describe('WriteBatch', () => {
  let store: Store;

  beforeEach(async () => {
    store = memoryStore();
    await store.open();
    await store.write([{ type: 'put', key: 'there', value: '{"n":1}' }], { sync: false });
  });

  afterEach(() => store.close());

  it('reads the store, until a key is written or deleted here', () => {
    const draft = new WriteBatch(store);
    expect(draft.read('there')).to.deep.equal({ n: 1 });
    expect(draft.has('there')).to.equal(true);
    draft.write('there', { n: 2 });
    expect(draft.read('there')).to.deep.equal({ n: 2 });
    draft.delete('there');
    expect(draft.read('there')).to.equal(undefined);
    expect(draft.has('there')).to.equal(false);
    expect(draft.read('never')).to.equal(undefined);
    expect(draft.has('never')).to.equal(false);
    expect(store.read('there')).to.deep.equal({ n: 1 });
  });

  it('looks up a new key only among its own writes', () => {
    const draft = new WriteBatch(store);
    expect(draft.readPending('there')).to.equal(undefined);
    draft.write('new', 0);
    expect(draft.readPending('new')).to.equal(0);
  });

  it('keeps falsy values', () => {
    const draft = new WriteBatch(store);
    for (const value of [0, false, '']) {
      draft.write('k', value);
      expect(draft.has('k')).to.equal(true);
      expect(draft.read('k')).to.equal(value);
    }
  });

  it('becomes one write per key: the last one', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'there');
    const step = fc.oneof(
      fc.record({ key, value: fc.jsonValue().filter((value) => value !== null) }),
      fc.record({ key, value: fc.constant(undefined) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const fresh = memoryStore();
        await fresh.open();
        await fresh.write([{ type: 'put', key: 'there', value: '{"n":1}' }], { sync: false });
        const model = new Map<string, string>([['there', '{"n":1}']]);
        const draft = new WriteBatch(fresh);
        for (const { key, value } of steps) {
          if (value === undefined) {
            draft.delete(key);
            model.delete(key);
          } else {
            draft.write(key, value as NonNullable<unknown>);
            model.set(key, JSON.stringify(value));
          }
          expect(draft.has(key)).to.equal(model.has(key));
        }
        const { size } = draft;
        const writes = [...draft.takeWrites()];
        expect(writes).to.have.length(size);
        await fresh.write(writes, { sync: false });
        expect(await contentOf(fresh)).to.deep.equal(new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1))));
        await fresh.close();
      }),
      { numRuns: 50 },
    );
  });
});
