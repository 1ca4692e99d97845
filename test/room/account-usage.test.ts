import { expect } from 'chai';
import type { JournalRecords, RecordKind } from '../../src/projections/journal-records.ts';
import { AccountUsage } from '../../src/room/account-usage.ts';
import { quote, TestRoom } from '../projections/room.ts';
import { refusal } from './room.ts';

const PASSWORD = { hash: 'h', salt: 's', N: 2, r: 1, p: 1 };
const FILE = { size: 1, hash: 'h', modified: 1, description: '', key: 'k' };

/** Records that only Yoda can cause, while signed in. */
const USES: Partial<JournalRecords> = {
  'session.opened': { name: 'Yoda', token: 't', expires: 9 },
  'account.password': { name: 'Yoda', password: PASSWORD, passwordFrom: 'member' },
  'account.rehashed': { name: 'Yoda', password: PASSWORD },
  'forum.posted': { member: 'Yoda', text: 'a', topic: 'lobby', replyTo: null },
  'forum.edited': { number: 1, text: 'b', by: 'Yoda' },
  'forum.deleted': { number: 1, by: 'Yoda' },
  'forum.marked': { member: 'Yoda', topic: null, number: 1 },
  'message.sent': { from: 'Yoda', to: 'hans', text: 'a' },
  'message.marked': { member: 'Yoda', with: 'hans', number: 1 },
  'files.published': { member: 'Yoda', name: 'f', ...FILE },
  'files.unpublished': { member: 'Yoda', name: 'f' },
};

describe('AccountUsage', () => {
  let room: TestRoom;

  beforeEach(async () => {
    room = await new TestRoom().start();
    await room.append('account.created', 1, { name: 'Yoda', role: 'member', password: PASSWORD });
    await room.append('forum.posted', 1, { member: 'hans', text: 'a', topic: 'lobby', replyTo: null });
  });

  afterEach(() => room.stop());

  for (const [kind, fields] of Object.entries(USES)) {
    it(`treats an account as used after a record ${kind}`, async () => {
      const use = new AccountUsage(room.engine.journal);
      expect(await use.isUsed('yoda')).to.equal(false);
      await room.append(kind as RecordKind, 2, fields as never);
      expect(await use.isUsed('yODA')).to.equal(true);
      expect(await new AccountUsage(room.engine.journal).isUsed('yoda')).to.equal(true);
      expect(await use.isUsed('anakin')).to.equal(false);
    });
  }

  it('ignores records of what others do to an account', async () => {
    await room.append('account.password', 2, { name: 'Yoda', password: PASSWORD, passwordFrom: 'import' });
    await room.append('account.role', 2, { name: 'Yoda', role: 'moderator' });
    await room.append('account.banned', 2, { name: 'Yoda', banned: true, by: 'hans' });
    await room.append('message.sent', 2, { from: 'hans', to: 'Yoda', text: 'a' });
    await room.receive(3, [quote(3, 80)]);
    const use = new AccountUsage(room.engine.journal);
    expect(await use.isUsed('yoda')).to.equal(false);
    expect(await use.isUsed('hans')).to.equal(true);
  });

  it('reads each record once, even for concurrent callers', async () => {
    const { journal } = room.engine;
    const from: number[] = [];
    const use = new AccountUsage({
      head: () => journal.head(),
      follow: (seq, signal) => {
        from.push(seq);
        return journal.follow(seq, signal);
      },
    });
    await Promise.all(['yoda', 'hans', 'anakin'].map((name) => use.isUsed(name)));
    await use.isUsed('yoda');
    await room.append('account.role', 2, { name: 'Yoda', role: 'member' });
    await use.isUsed('yoda');
    expect(from).to.deep.equal([0, 2]);
  });

  it('throws NOT_AVAILABLE if the engine stops during the scan', async () => {
    const { journal } = room.engine;
    const stopped = new AccountUsage({ head: () => journal.head() + 1, follow: (...args) => journal.follow(...args) });
    const asked = refusal(() => stopped.isUsed('yoda'), 'NOT_AVAILABLE');
    await room.stop();
    await asked;
  });
});
