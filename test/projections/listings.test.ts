import { expect } from 'chai';
import fc from 'fast-check';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { ListingChange } from '../../src/projections/listings.ts';
import { keys, prefixRange } from '../../src/store/keys.ts';
import { TestRoom } from './room.ts';

const fields = { size: 5, hash: 'h', modified: 1, description: '', key: 'k' };

describe('ListingsProjection', () => {
  let room: TestRoom;
  beforeEach(async () => {
    room = await new TestRoom().start();
  });
  afterEach(async () => {
    await room.checked();
    await room.stop();
  });

  const publish = (member: string, name: string, more: Partial<typeof fields> = {}) =>
    room.append('files.published', 1000, { member, name, ...fields, ...more });
  const unpublish = (member: string, name: string) => room.append('files.unpublished', 2000, { member, name });
  const all = async <T>(items: AsyncIterable<T>) => {
    const found: T[] = [];
    for await (const item of items) found.push(item);
    return found;
  };
  const changed = async (seq = 0, head = 1e9) =>
    (await all(room.view.listings.changedAfter(seq, head))).map(
      ({ seq, change, listing }) => `${seq} ${change} ${listing.member} ${listing.name} ${listing.size}`,
    );

  it('keeps the listings of a member by name, across a restart', async () => {
    await publish('Yoda', 'b');
    await publish('yoda', 'a');
    await publish('Hans', 'c');
    await room.restart();
    const { listings } = room.view;
    expect((await all(listings.ofMember('YODA'))).map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect((await all(listings.ofMember('yoda', 'a'))).map(({ name }) => name)).to.deep.equal(['b']);
    expect(listings.get('yoda', 'b')).to.deep.equal({ member: 'Yoda', name: 'b', ...fields, at: 1000, seq: 1 });
    expect(listings.get('yoda', 'c')).to.equal(undefined);
    expect([listings.countOf('Yoda'), listings.countOf('hans'), listings.countOf('luke')]).to.deep.equal([2, 1, 0]);
  });

  it('replaces a listing of the same name', async () => {
    await publish('yoda', 'a');
    const { changes } = await publish('yoda', 'a', { size: 6 });
    expect(changes).to.have.length(1);
    expect(changes[0] as ListingChange).to.deep.include({ type: 'listing', change: 'published' });
    expect(room.view.listings.countOf('yoda')).to.equal(1);
    expect(await changed()).to.deep.equal(['2 published yoda a 6']);
  });

  it('removes an existing listing once, and returns it', async () => {
    await publish('yoda', 'a');
    const [one, other] = await Promise.all([unpublish('yoda', 'a'), unpublish('yoda', 'a')]);
    expect((one.changes[0] as ListingChange).listing.size).to.equal(5);
    expect(other.changes).to.be.empty;
    expect((await unpublish('yoda', 'none')).changes).to.be.empty;
    expect(room.view.listings.countOf('yoda')).to.equal(0);
    expect(await changed()).to.deep.equal(['2 unpublished yoda a 5']);
    await publish('yoda', 'a', { size: 7 });
    expect(await changed()).to.deep.equal(['5 published yoda a 7']);
  });

  it('returns changes between two seqs', async () => {
    for (const name of ['a', 'b', 'c']) await publish('yoda', name);
    await unpublish('yoda', 'b');
    expect(await changed(1, 3)).to.deep.equal(['3 published yoda c 5']);
    expect(await changed(3)).to.deep.equal(['4 unpublished yoda b 5']);
  });

  it('finds by folded name, for any member', async () => {
    await publish('yoda', 'Bài giảng.pdf');
    await publish('hans', 'BAI GIANG.pdf');
    await publish('hans', 'bai giang.pdf.zip');
    const named = await all(room.view.listings.withFoldedName('bai giang.PDF'));
    expect(named.map(({ member }) => member)).to.have.members(['yoda', 'hans']);
    expect(await all(room.view.listings.names())).to.have.length(2);
    expect(await all(room.view.listings.names('bai giang.q'))).to.be.empty;
  });

  it('keeps only the removal of a removed listing', async () => {
    const step = fc.record({
      member: fc.constantFrom('a', 'B'),
      name: fc.constantFrom('x', 'Ý', 'y'),
      on: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const fresh = await new TestRoom().start();
        expect(fresh.engine).to.be.instanceOf(LocalEngine);
        const there = new Set<string>();
        for (const { member, name, on } of steps) {
          const about = { member, name };
          if (on) await fresh.append('files.published', 1, { ...about, ...fields });
          else await fresh.append('files.unpublished', 1, about);
          if (on) there.add(`${member} ${name}`);
          else there.delete(`${member} ${name}`);
        }
        const listed = [
          ...(await all(fresh.view.listings.ofMember('a'))),
          ...(await all(fresh.view.listings.ofMember('B'))),
        ];
        expect(listed.map(({ member, name }) => `${member} ${name}`)).to.have.members([...there]);
        const named = (await all(fresh.store.keysOf(prefixRange('listing/n/')))).length;
        expect(named).to.equal(there.size);
        const marks = (await all(fresh.store.keysOf(prefixRange(keys.listingChange(0).slice(0, -16))))).length;
        const touched = new Set(steps.filter(({ on }) => on).map(({ member, name }) => `${member} ${name}`));
        expect(marks).to.equal(touched.size);
        await fresh.checked();
        await fresh.stop();
      }),
      { numRuns: 30 },
    );
  });
});
