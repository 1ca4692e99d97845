import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { BackupReader } from '../../src/room/backup-reader.ts';
import { TestRoom } from '../projections/room.ts';

describe('BackupReader', () => {
  let room: TestRoom;
  let backup: BackupReader;
  const post = (text: string) =>
    room.append('forum.posted', 1, { member: 'yoda', text, topic: 'lobby', replyTo: null });

  beforeEach(async () => {
    room = await new TestRoom().start();
    backup = new BackupReader({ journal: room.engine.journal });
  });
  afterEach(() => room.stop());

  it('reads one snapshot page by page, despite concurrent writes', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, i) => post(`${i} ${'x'.repeat(40_000)}`)));
    const first = await backup.page({});
    expect(first.seq).to.equal(60);
    expect(first.records).to.have.length.within(2, 59);
    const records = [...first.records];
    while (records.length < first.seq) {
      await post('later');
      records.push(...(await backup.page({ after: records.length, upTo: first.seq })).records);
    }
    expect(records.map((text) => JSON.parse(text).seq)).to.deep.equal(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(records.join()).to.not.include('later');
    expect((await backup.page({ after: 60, upTo: 60 })).records).to.deep.equal([]);
  });

  it('returns a record that is longer than a page alone, and nothing for an empty journal', async () => {
    expect(await backup.page({})).to.deep.equal({ seq: 0, records: [] });
    await post('a');
    await post('x'.repeat(600_000));
    await post('b');
    expect((await backup.page({})).records).to.have.length(1);
    expect((await backup.page({ after: 1, upTo: 3 })).records).to.have.length(1);
    expect((await backup.page({ after: 2, upTo: 3 })).records).to.have.length(1);
  });

  it('refuses positions outside the journal', async () => {
    await post('a');
    for (const asked of [{ upTo: 2 }, { after: 2 }, { after: 1, upTo: 0 }]) {
      const thrown = await backup.page(asked).catch((failure) => failure);
      expect(thrown).to.be.instanceOf(AppError).and.include({ code: 'INVALID_PARAMS' });
    }
  });
});
