import { expect } from 'chai';
import { startOfDay } from '../../src/domain/time.ts';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { DAY, HOUR, NOON, Room, refusal, sjc } from './room.ts';

const LEIA = { by: 'leia', reason: 'wrong file' };

describe('RateEdits', () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  const instrument = () => room.rates.resolve('SJC');
  const prices = async () => (await room.stored('SJC')).map(({ sell }) => sell! / 1e6);
  const days = (...sells: number[]): ImportedRow[] =>
    sells.map((sell, i) => [NOON - (sells.length - i) * DAY, (sell - 3) * 1e6, sell * 1e6]);

  it('lists imports with their files, quotes, days and authors', async () => {
    await room.import('SJC', days(150, 151, 152));
    const [listed] = await room.edits.list();
    expect(listed).to.deep.include({
      kind: 'import',
      name: 'test.csv',
      by: 'leia',
      at: NOON,
      undone: false,
      rows: 3,
      first: NOON - 3 * DAY,
      last: NOON - DAY,
      series: ['SJC: import'],
      seriesCount: 1,
    });
  });

  it('does not list an import that stored nothing', async () => {
    await room.import('SJC', days(15, 15.1));
    expect(await room.edits.list()).to.deep.equal([]);
  });

  it('undoes and restores an import', async () => {
    await room.receive('sjc', sjc(148, 151));
    const batch = await room.intake.startImport('wrong.csv', 'leia');
    await room.import('SJC', days(150, 151), {}, { batch });
    expect(await room.edits.undo(batch, true, LEIA)).to.include({ batch, undone: true });
    expect(await prices()).to.deep.equal([151]);
    await refusal(() => room.rates.latestOfSeries(instrument(), { provider: 'import' }), 'NOT_FOUND');
    expect(room.get('SJC').map(({ provider }) => provider)).to.deep.equal(['sjc']);
    await refusal(() => room.edits.undo(batch, true, LEIA), 'CONFLICT');
    await refusal(() => room.edits.undo(batch + 100, true, LEIA), 'NOT_FOUND');
    await room.edits.undo(batch, false, LEIA);
    expect(await prices()).to.deep.equal([150, 151, 151]);
    const { store } = room;
    await room.close();
    room = await Room.open({ store });
    expect(await prices()).to.deep.equal([150, 151, 151]);
  });

  it('accepts the right file after the wrong one was undone, or as its replacement', async () => {
    const wrong = await room.intake.startImport('wrong.csv', 'leia');
    await room.import('SJC', days(150, 151), {}, { batch: wrong });
    const rows = days(155, 156);
    const refused = await room.import('SJC', rows);
    expect(refused.refused[0]?.reason).to.match(/another price is stored .*--replace/);
    const replaces = [NOON - 2 * DAY, NOON] as const;
    expect(await room.import('SJC', rows, {}, { replaces })).to.include({ stored: 2 });
    expect(await prices()).to.deep.equal([155, 156]);
    await room.edits.undo(wrong, true, LEIA);
    expect(await prices()).to.deep.equal([155, 156]);
  });

  it('removes and restores a range of one series', async () => {
    await room.import('SJC', days(150, 151, 152));
    await room.import('SJC', days(160, 161, 162), { brand: 'Huế' });
    const range = { brand: '', from: startOfDay(NOON - 2 * DAY), to: startOfDay(NOON - DAY) + DAY };
    expect(await room.edits.remove(instrument(), range, LEIA, true)).to.deep.equal({
      batch: null,
      quotes: 2,
      series: ['import'],
    });
    const { batch } = await room.edits.remove(instrument(), range, LEIA);
    expect(await prices()).to.deep.equal([150, 160, 161, 162]);
    expect(room.get('SJC').map(({ brand, sell }) => [brand, sell])).to.deep.include(['', 150e6]);
    await refusal(() => room.edits.remove(instrument(), range, LEIA), 'NOT_FOUND');
    await room.edits.undo(batch!, false, LEIA).catch(() => {});
    await room.edits.undo(batch!, true, LEIA);
    expect(await prices()).to.deep.equal([150, 151, 152, 160, 161, 162]);
    expect((await room.edits.list())[0]).to.include({ kind: 'removal', reason: 'wrong file', undone: true });
  });

  it('does not remove future prices', async () => {
    await room.receive('sjc', sjc(148, 151));
    await room.edits.remove(instrument(), {}, LEIA);
    expect(room.get('SJC')).to.deep.equal([]);
    room.now += HOUR;
    await room.receive('sjc', sjc(148, 151, { at: room.now }));
    expect(room.get('SJC').map(({ sell, stale }) => [sell, stale])).to.deep.equal([[151e6, false]]);
  });

  it('shows a removed price again, from its receipt, if the provider still states it', async () => {
    await room.receive('sjc', sjc(148, 151, { at: NOON - HOUR }));
    await room.edits.remove(instrument(), {}, LEIA);
    room.now += HOUR;
    await room.receive('sjc', sjc(148, 151, { at: NOON - HOUR }));
    expect(room.get('SJC').map(({ at, sell }) => [at, sell])).to.deep.equal([[room.now, 151e6]]);
  });

  it('corrects one price', async () => {
    await room.import('SJC', days(150, 15.1, 152));
    const wrong = (await room.stored('SJC')).find(({ sell }) => sell === 15.1e6);
    expect(wrong, 'a price per chỉ does not get in').to.equal(undefined);
    await room.import('SJC', days(150, 159, 152), {}, { force: true });
    const at = NOON - 2 * DAY;
    const { batch } = await room.edits.correct(instrument(), { at, buy: 148e6, sell: 151e6 }, LEIA);
    expect(await prices()).to.deep.equal([150, 151, 152]);
    await refusal(() => room.edits.correct(instrument(), { at, buy: 1, sell: 2 }, LEIA), 'INVALID_PARAMS');
    await refusal(
      () => room.edits.correct(instrument(), { at, buy: 1, sell: 2, provider: 'nobody' }, LEIA),
      'NOT_FOUND',
    );
    await room.edits.undo(batch, true, LEIA);
    expect(await prices()).to.deep.equal([150, 159, 152]);
  });

  it('accepts and discards held quotes', async () => {
    await room.receive('sjc', sjc(148, 151));
    room.now += HOUR;
    const received = await room.receive('sjc', sjc(14.8, 15.1, { at: room.now }));
    expect(received).to.include({ stored: 0, confirmed: 0, held: 1 });
    const [held] = room.edits.listHeld();
    expect(held?.quote).to.include({ instrument: 'SJC', sell: 15.1e6, provider: 'sjc' });
    expect(held?.reason).to.match(/chỉ/);
    await room.edits.decide(held!.id, false, LEIA);
    expect(room.edits.listHeld()).to.deep.equal([]);
    await refusal(() => room.edits.decide(held!.id, false, LEIA), 'CONFLICT');
    await refusal(() => room.edits.decide(99, true, LEIA), 'NOT_FOUND');
    room.now += HOUR;
    await room.receive('sjc', sjc(180, 184, { at: room.now }));
    const [jump] = room.edits.listHeld();
    await room.edits.decide(jump!.id, true, LEIA);
    expect(room.get('SJC')[0]).to.include({ sell: 184e6, at: room.now });
  });

  it('accepts a held quote even after others at its level were discarded', async () => {
    await room.receive('sjc', sjc(148, 151));
    room.now += HOUR;
    const at = room.now;
    await room.receive('sjc', sjc(180, 184, { at }));
    await room.edits.decide(1, false, LEIA);
    room.now += HOUR;
    await room.receive('sjc', sjc(180, 184, { at: room.now }));
    expect(room.edits.listHeld()).to.deep.equal([]);
    await room.edits.decide(1, true, LEIA);
    expect(room.get('SJC')[0]).to.include({ sell: 184e6, at });
    await refusal(() => room.edits.decide(1, false, LEIA), 'NOT_FOUND');
    expect(await room.receive('sjc', sjc(180, 184, { at: room.now }))).to.include({ stored: 1, held: 0 });
  });
});
