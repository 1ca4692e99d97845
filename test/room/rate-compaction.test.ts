import { expect } from 'chai';
import fc from 'fast-check';
import { LocalLease } from '../../src/engine/local/lease.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { RateCompaction } from '../../src/room/rate-compaction.ts';
import { contentOf, memoryStore } from '../store/temporary.ts';
import { DAY, MINUTE, Room, SILENT, sjc } from './room.ts';

/** What a series of a provider may do between two responses. */
const step = fc.record({
  provider: fc.constantFrom('sjc', 'sjc', 'sjc', 'pnj'),
  /** By brand; undefined: not in the response. */
  prices: fc.array(fc.option(fc.constantFrom(150, 150, 150, 151), { nil: undefined, freq: 8 }), {
    minLength: 1,
    maxLength: 2,
  }),
  /** Sometimes the clock is set back. */
  minutes: fc.constantFrom(-20, 30, 30, 30, 600),
  /** Age in days of a price that is imported in between. */
  imported: fc.option(fc.constantFrom(0, 0, 10, 400), { freq: 2 }),
  /** What the source calls its series. */
  aliases: fc.option(fc.subarray(['a', 'b', 'c']), { freq: 2 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('RateCompaction', () => {
  let room: Room;
  let compaction: RateCompaction;

  const open = async () => {
    room = await Room.open();
    compaction = compactionOf(room);
  };

  beforeEach(open);
  afterEach(() => room.close());

  function compactionOf({ engine: { journal }, view }: Room, afterDays = 30): RateCompaction {
    const now = () => room.now;
    return new RateCompaction({ journal, readModel: view, lease: new LocalLease(), now, afterDays, log: SILENT });
  }

  async function play({ provider, prices, minutes, imported, aliases }: Step): Promise<void> {
    room.now += minutes * MINUTE;
    const quotes = prices.flatMap((price, i) => {
      const named = { provider, company: provider, brand: `${i}`, at: room.now, ...(aliases ? { aliases } : {}) };
      return price === undefined ? [] : [sjc(price, price + 2, named)];
    });
    await room.receive(provider, ...quotes);
    if (imported === null) return;
    const at = room.now - imported * DAY;
    await room.import('SJC', [[at, 150e6, 152e6]], { provider, company: provider, brand: '0' });
  }

  /** The journal, as kinds of records. */
  async function kinds(): Promise<string[]> {
    const found: string[] = [];
    for await (const [, text] of room.store.range({ gte: 'j/', lt: 'j0' })) {
      const { kind, quotes } = JSON.parse(text) as { kind: string; quotes?: unknown[] };
      found.push(quotes === undefined ? kind : quotes.length === 0 ? 'confirmed' : 'changed');
    }
    return found;
  }

  /** All derived data, without the records. */
  async function derived(): Promise<Map<string, string>> {
    const content = await contentOf(room.store);
    for (const key of content.keys()) if (key.startsWith('j/') || key.startsWith('m/')) content.delete(key);
    return content;
  }

  it('keeps one of several records that confirm a price, and all that look-ups need', async () => {
    for (const price of [150, 150, 150, 150, 151, 151, 151]) {
      room.now += 30 * MINUTE;
      await room.receive('sjc', sjc(price, price + 2, { at: room.now }));
    }
    const before = await derived();
    room.now += 31 * DAY;
    expect(await compaction.run()).to.equal(3);
    expect(await kinds()).to.deep.equal([
      'changed',
      'void',
      'void',
      'confirmed',
      'changed',
      'void',
      'confirmed',
      'rates.compacted',
    ]);
    expect(await derived()).to.deep.equal(before);
    expect(await compaction.run()).to.equal(0);
  });

  it('keeps a record that only confirms prices if it gives series their aliases', async () => {
    const aliases = [undefined, undefined, ['Kim Ngưu'], ['Kim Ngưu'], ['Kim Ngưu']];
    for (const names of aliases) {
      room.now += 30 * MINUTE;
      await room.receive('sjc', sjc(150, 152, { at: room.now, ...(names ? { aliases: names } : {}) }));
    }
    room.now += 31 * DAY;
    const before = await derived();
    expect(await compaction.run()).to.equal(2);
    expect(await kinds()).to.deep.equal(['changed', 'void', 'confirmed', 'void', 'confirmed', 'rates.compacted']);
    expect(await derived()).to.deep.equal(before);
    const into = memoryStore();
    await into.open();
    await rebuildStore(room.store, into);
    expect(await differingKeys(room.store, into)).to.deep.equal([]);
    expect(room.view.quotes.withAlias('kim nguu')).to.have.length(1);
  });

  it('leaves recent records, and continues there on the next run and after a restart', async () => {
    const confirm = async (times: number) => {
      for (let i = 0; i < times; i++) {
        room.now += 30 * MINUTE;
        await room.receive('sjc', sjc(150, 152, { at: room.now }));
      }
    };
    await confirm(5);
    expect(await compaction.run()).to.equal(0);
    room.now += 20 * DAY;
    await confirm(5);
    room.now += 11 * DAY;
    expect(await compaction.run()).to.equal(3);
    room.now += 20 * DAY;
    // The price is seen again after 20 days, which is a new observation: its record stays.
    expect(await compaction.run()).to.equal(3);
    await confirm(3);
    room.now += 31 * DAY;
    // Another daemon continues after the records that were examined.
    expect(await compactionOf(room).run()).to.equal(1);
    expect(await compactionOf(room).run()).to.equal(0);
  });

  it('runs with the lease, soon after the start, and no longer after stop', async () => {
    for (let i = 0; i < 3; i++) {
      room.now += 30 * MINUTE;
      await room.receive('sjc', sjc(150, 152, { at: room.now }));
    }
    room.now += 31 * DAY;
    const { journal } = room.engine;
    const lease = new LocalLease();
    const said: unknown[] = [];
    const log = { ...SILENT, info: (fields: unknown) => said.push(fields) } as typeof SILENT;
    const settings = { journal, readModel: room.view, lease, now: () => room.now, afterDays: 30, firstMs: 1, log };
    const stopped = new RateCompaction(settings);
    stopped.start();
    await stopped.stop();
    compaction = new RateCompaction(settings);
    compaction.start();
    const appended = new AbortController();
    for await (const { kind, voids } of journal.follow(0, appended.signal)) {
      if (kind !== 'rates.compacted') continue;
      expect(voids).to.deep.equal([2]);
      appended.abort();
    }
    await compaction.stop();
    expect(said).to.deep.equal([{ event: 'rates.compact', records: 1 }]);
    expect(lease.isHeld).to.equal(false);
  });

  it('is disabled with 0 days', async () => {
    for (let i = 0; i < 3; i++) {
      room.now += 30 * MINUTE;
      await room.receive('sjc', sjc(150, 152, { at: room.now }));
    }
    room.now += 1000 * DAY;
    expect(await compactionOf(room, 0).run()).to.equal(0);
    expect(await kinds()).to.deep.equal(['changed', 'confirmed', 'confirmed']);
  });

  it('changes neither derived data nor what a rebuild derives, for any sequence', async function () {
    this.timeout(30_000);
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          for (const each of steps) await play(each);
          const before = await derived();
          room.now += 500 * DAY;
          await compaction.run();
          expect(await derived()).to.deep.equal(before);
          const into = memoryStore();
          await into.open();
          await rebuildStore(room.store, into);
          expect(await differingKeys(room.store, into)).to.deep.equal([]);
          await into.close();
        })
        .beforeEach(async () => {
          await room.close();
          await open();
        }),
      { numRuns: 150 },
    );
  });
});
