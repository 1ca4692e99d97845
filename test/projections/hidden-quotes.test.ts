import { expect } from 'chai';
import fc from 'fast-check';
import { referencePrice, seriesId } from '../../src/domain/quote.ts';
import { parseLocalTime, startOfInterval } from '../../src/domain/time.ts';
import { HiddenQuotes, NONE_HIDDEN, withRemoval, withUndone } from '../../src/projections/hidden-quotes.ts';
import type { ImportedRow, LatestQuote } from '../../src/projections/journal-records.ts';
import { quote, SERIES, TestRoom } from './room.ts';

const HOUR = 3_600_000;
const midnight = parseLocalTime('2021-12-27', 0, 0, 0)!;
const ID = seriesId(SERIES);
const EVER = [-8e12, 8e12] as const;
const LATER = 8_640_000_000_000_000;

/** What was stored and by which batch, as an independent model of what counts. */
interface Entry {
  readonly at: number;
  readonly sell: number;
  readonly batch: number;
}

/** The latest quote of the series after a change of hidden quotes, as room/rate-edits.ts finds it. */
async function latestUnder(room: TestRoom, change: Parameters<typeof stateOf>[1]): Promise<LatestQuote[]> {
  const hidden = new HiddenQuotes(stateOf(room, change));
  const series = room.view.quotes.latestOf(ID) ?? quote(Number.NaN, 0);
  return [[ID, (await room.view.quotes.history.newestBefore(series, LATER, hidden)) ?? null]];
}

function stateOf(room: TestRoom, change: (state: typeof NONE_HIDDEN) => typeof NONE_HIDDEN) {
  return change(room.view.quotes.hiddenOf(ID)?.state ?? NONE_HIDDEN);
}

async function startImport(room: TestRoom): Promise<number> {
  return (await room.append('rates.importStarted', 0, { file: 'a.csv', by: 'leia' })).seq;
}

async function undo(room: TestRoom, batch: number, undone: boolean): Promise<void> {
  const removals = (await room.view.quotes.batches.seriesOf(batch)).get(ID)?.removals ?? [];
  const latest = await latestUnder(room, (state) => withUndone(state, batch, undone, removals));
  await room.append('rates.undone', 0, { batch, undone, by: 'leia', latest });
}

async function remove(room: TestRoom, from: number, to: number): Promise<number> {
  const latest = await latestUnder(room, (state) => withRemoval(state, { from, to, before: Number.MAX_SAFE_INTEGER }));
  const fields = { instrument: 'SJC', series: [ID], from, to, by: 'leia', latest };
  return (await room.append('rates.removed', 0, fields)).seq;
}

async function correct(room: TestRoom, at: number, sell: number): Promise<number> {
  const fields = { ...SERIES, quoteAt: at, buy: sell - 2, sell, by: 'leia' };
  return (await room.append('rates.corrected', 0, fields)).seq;
}

describe('HiddenQuotes', () => {
  let room: TestRoom;
  const prices = async () => (await room.view.quotes.history.page(quote(0, 0), ...EVER, 100)).map(referencePrice);

  beforeEach(async () => {
    room = await new TestRoom().start();
  });

  afterEach(async () => {
    await room.checked();
    await room.stop();
  });

  it('of an undone import look as if they had never been stored, and can be restored', async () => {
    await room.import([[midnight, 78, 80]]);
    const batch = await startImport(room);
    await room.import([[midnight + HOUR, 97, 99]], { batch });
    expect(room.view.quotes.latestOf(ID)?.sell).to.equal(99);
    await undo(room, batch, true);
    expect(await prices()).to.deep.equal([80]);
    expect(room.view.quotes.latestOf(ID)?.sell).to.equal(80);
    const days = await room.view.quotes.history.candles(quote(0, 0), '1d', ...EVER, 10);
    expect(days).to.deep.equal([{ at: midnight, open: 80, high: 80, low: 80, close: 80, count: 1 }]);
    await room.restart();
    expect(await prices()).to.deep.equal([80]);
    await undo(room, batch, false);
    expect(await prices()).to.deep.equal([80, 99]);
    expect(room.view.quotes.latestOf(ID)).to.include({ sell: 99, batch });
    expect(room.view.quotes.batches.get(batch)).to.include({ undone: false, changedBy: 'leia' });
  });

  it('do not include quotes of another import with the same rows', async () => {
    const [one, other] = [await startImport(room), await startImport(room)];
    await room.import([[midnight, 78, 80]], { batch: one });
    await room.import([[midnight, 78, 80]], { batch: other });
    await undo(room, one, true);
    expect(await prices()).to.deep.equal([80]);
    const [day] = await room.view.quotes.history.candles(quote(0, 0), '1d', ...EVER, 10);
    expect(day?.count).to.equal(1);
    await undo(room, other, true);
    expect(await prices()).to.deep.equal([]);
    expect(room.view.quotes.latest('SJC')).to.deep.equal([]);
    expect(room.view.quotes.instruments.has('SJC')).to.equal(true);
  });

  it('become visible through a repeated import, until it is undone', async () => {
    const rows: ImportedRow[] = [0, 1, 2].map((hours) => [midnight + hours * HOUR, 8, 10]);
    const wrong = await startImport(room);
    await room.import(rows, { batch: wrong });
    const right = await startImport(room);
    const replaces: [number, number] = [midnight, midnight + 2 * HOUR];
    await room.import([[midnight, 98, 100]], { batch: right, replaces });
    expect(await prices()).to.deep.equal([100, 10]);
    await room.import([[midnight + HOUR, 98, 101]], { batch: right, replaces });
    expect(await prices()).to.deep.equal([100, 101, 10]);
    await undo(room, right, true);
    expect(await prices()).to.deep.equal([10, 10, 10]);
  });

  it('that a correction replaces are restored when it is undone', async () => {
    await room.receive(midnight, [quote(midnight, 80)]);
    await room.receive(midnight + HOUR, [], {});
    const correction = await correct(room, midnight, 90);
    expect(await prices()).to.deep.equal([90]);
    expect(room.view.quotes.latestOf(ID)).to.include({ sell: 90, checkedAt: midnight + HOUR });
    await undo(room, correction, true);
    expect(await prices()).to.deep.equal([80]);
    expect(room.view.quotes.latestOf(ID)).to.include({ sell: 80, checkedAt: midnight + HOUR });
  });

  it('in a removed range are only those that existed', async () => {
    await room.import([
      [midnight, 78, 80],
      [midnight + HOUR, 79, 81],
    ]);
    await remove(room, midnight, midnight + 2 * HOUR);
    expect(await prices()).to.deep.equal([]);
    const batch = await startImport(room);
    await room.import([[midnight + HOUR, 88, 90]], { batch });
    expect(await prices()).to.deep.equal([90]);
    expect(room.view.quotes.latestOf(ID)?.sell).to.equal(90);
  });

  const op = fc.oneof(
    fc.record({ kind: fc.constant('live' as const), at: fc.nat(60), sell: fc.integer({ min: 50, max: 60 }) }),
    fc.record({
      kind: fc.constant('import' as const),
      rows: fc.uniqueArray(fc.tuple(fc.nat(60), fc.integer({ min: 50, max: 60 })), {
        selector: ([at]) => at,
        minLength: 1,
        maxLength: 6,
      }),
      isReplacing: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('remove' as const), from: fc.nat(60), length: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ kind: fc.constant('correct' as const), at: fc.nat(60), sell: fc.integer({ min: 50, max: 60 }) }),
    fc.record({ kind: fc.constant('undo' as const), which: fc.nat(9) }),
  );
  const time = (step: number) => midnight + step * HOUR;

  it('agree with a model in which they were never stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 14 }), async (ops) => {
        const own = await new TestRoom().start();
        const entries: Entry[] = [];
        const edits: { batch: number; undone: boolean; ranges: { from: number; to: number }[] }[] = [];
        const isHidden = ({ at, batch }: Pick<Entry, 'at' | 'batch'>) =>
          edits.some((edit) =>
            edit.batch === batch
              ? edit.undone
              : !edit.undone && batch < edit.batch && edit.ranges.some(({ from, to }) => at >= from && at < to),
          );
        const newest = () => Math.max(...entries.filter((entry) => !isHidden(entry)).map(({ at }) => at));
        for (const step of ops) {
          if (step.kind === 'live') {
            const at = time(step.at);
            // A live quote is newer than all earlier ones, which QuoteIngest ensures.
            if (at <= newest() || isHidden({ at, batch: 0 })) continue;
            await own.receive(at, [quote(at, step.sell)]);
            const known = entries.findIndex((entry) => entry.at === at && entry.batch === 0);
            if (known >= 0) entries.splice(known, 1);
            entries.push({ at, sell: step.sell, batch: 0 });
          } else if (step.kind === 'import') {
            const batch = await startImport(own);
            const rows = step.rows.map(([at, sell]): ImportedRow => [time(at), sell - 2, sell]);
            const times = rows.map(([at]) => at);
            const range = { from: Math.min(...times), to: Math.max(...times) + 1 };
            await own.import(rows, { batch, ...(step.isReplacing ? { replaces: [range.from, range.to] } : {}) });
            edits.push({ batch, undone: false, ranges: step.isReplacing ? [range] : [] });
            for (const [at, , sell] of rows) entries.push({ at, sell: sell!, batch });
          } else if (step.kind === 'remove') {
            const [from, to] = [time(step.from), time(step.from + step.length)];
            const batch = await remove(own, from, to);
            edits.push({ batch, undone: false, ranges: [{ from, to }] });
          } else if (step.kind === 'correct') {
            const at = time(step.at);
            const batch = await correct(own, at, step.sell);
            edits.push({ batch, undone: false, ranges: [{ from: at, to: at + 1 }] });
            entries.push({ at, sell: step.sell, batch });
          } else {
            const edit = edits[step.which];
            if (!edit) continue;
            edit.undone = !edit.undone;
            await undo(own, edit.batch, edit.undone);
          }
        }
        const first = new Map<number, number>();
        for (const entry of entries) if (!isHidden(entry) && !first.has(entry.at)) first.set(entry.at, entry.sell);
        const right = [...first].sort(([a], [b]) => a - b);
        const { history } = own.view.quotes;
        const stored = await history.page(quote(0, 0), ...EVER, 1000);
        expect(stored.map(({ at, sell }) => [at, sell])).to.deep.equal(right);
        const latest = own.view.quotes.latestOf(ID);
        expect(latest && [latest.at, latest.sell]).to.deep.equal(right.at(-1));
        for (const interval of ['1h', '1d', '1w', '1M'] as const) {
          const found = await history.candles(quote(0, 0), interval, ...EVER, 1000);
          const starts = [...new Set(right.map(([at]) => startOfInterval(interval, at)))];
          expect(found.map(({ at }) => at)).to.deep.equal(starts);
          for (const candle of found) {
            const inside = right.filter(([at]) => startOfInterval(interval, at) === candle.at).map(([, sell]) => sell);
            const edges = { open: inside[0], close: inside.at(-1), count: inside.length };
            expect(candle).to.include({ ...edges, high: Math.max(...inside), low: Math.min(...inside) });
          }
        }
        const before = own.memory();
        await own.checked();
        await own.restart();
        expect(own.memory()).to.deep.equal(before);
        await own.stop();
      }),
      { numRuns: 150 },
    );
  });
});
