import { expect } from 'chai';
import { MINUTE, NOON, Room, refusal } from './room.ts';

describe('DirectMessages', () => {
  let room: Room;
  let told: unknown[];
  beforeEach(async () => {
    room = await Room.open();
    for (const name of ['Yoda', 'Hans', 'Luke']) await room.account(name);
    await room.account('Leia', 'owner');
    told = [];
    room.engine.bus.subscribe('unread', (message) => told.push(message));
  });
  afterEach(() => room.close());

  const send = (from: string, to: string, text: string, clientId?: string) =>
    room.messages.send(from, { to, text, clientId });
  const read = async (member: string, reading: Parameters<Room['messages']['read']>[1] = {}) =>
    (await room.messages.read(member, reading)).messages.map(({ text, unread }) => (unread ? `${text}*` : text));

  it('are stored for both members, unread for the receiver', async () => {
    expect(await send('Yoda', 'HANS', ' hello ')).to.deep.equal({
      number: 1,
      from: 'Yoda',
      to: 'Hans',
      text: 'hello',
      at: NOON,
      unread: false,
      seq: 5,
    });
    expect(await read('hans')).to.deep.equal(['hello*']);
    expect(await read('yoda')).to.deep.equal(['hello']);
    for (const other of ['Luke', 'Leia']) {
      expect(await read(other)).to.deep.equal([]);
      expect(await read(other, { with: 'Yoda' })).to.deep.equal([]);
      expect(await read(other, { sinceSeq: 0 })).to.deep.equal([]);
      expect(await room.messages.conversations(other)).to.deep.equal([]);
    }
  });

  it('need a receiver with an account, and a text', async () => {
    const failure = await refusal(() => send('Yoda', 'nobo\u001bdy', 'x'), 'NO_SUCH_ACCOUNT');
    expect(failure.message).to.equal('There is no account "nobody".');
    await refusal(() => send('Yoda', 'yoda', 'x'), 'INVALID_REQUEST');
    await refusal(() => send('Yoda', 'Hans', ' '), 'INVALID_REQUEST');
    await refusal(() => send('Yoda', 'Hans', 'x'.repeat(4097)), 'TOO_LARGE');
    await refusal(() => read('Yoda', { with: 'nobody' }), 'NO_SUCH_ACCOUNT');
    await refusal(() => room.messages.markRead('Yoda', 'nobody', 1), 'NO_SUCH_ACCOUNT');
  });

  it('are stored once per clientId of a member, also for concurrent requests', async () => {
    const both = await Promise.all([send('Yoda', 'Hans', 'once', 'c'), send('Yoda', 'Hans', 'once', 'c')]);
    expect(both[1]).to.deep.equal(both[0]);
    expect(await send('YODA', 'Hans', 'again', 'c')).to.deep.equal(both[0]);
    expect((await send('Hans', 'Yoda', 'mine', 'c')).number).to.equal(2);
    expect(await read('Hans')).to.deep.equal(['once*', 'mine']);
  });

  it('are listed for one member or all, page by page, and from a seq on', async () => {
    const seqs: number[] = [];
    for (let i = 1; i <= 9; i++) {
      seqs.push((await send(i % 2 ? 'Yoda' : 'Hans', i % 3 ? 'Luke' : i % 2 ? 'Hans' : 'Yoda', `${i}`)).seq);
    }
    expect(await read('Luke')).to.deep.equal(['1*', '2*', '4*', '5*', '7*', '8*']);
    expect(await read('Luke', { with: 'hans' })).to.deep.equal(['2*', '4*', '8*']);
    expect(await read('Yoda', { with: 'Hans' })).to.deep.equal(['3', '6*', '9']);
    const page = await room.messages.read('Luke', { limit: 2 });
    expect([page.messages.map(({ number }) => number), page.more]).to.deep.equal([[7, 8], true]);
    expect(await read('Luke', { limit: 3, before: 7 })).to.deep.equal(['2*', '4*', '5*']);
    expect(await read('Luke', { with: 'Yoda', limit: 2, before: 7 })).to.deep.equal(['1*', '5*']);
    expect(await read('Luke', { before: Number.MAX_SAFE_INTEGER, limit: 1 })).to.deep.equal(['8*']);
    expect(await read('Luke', { sinceSeq: seqs[3]! })).to.deep.equal(['5*', '7*', '8*']);
    const since = await room.messages.read('Luke', { sinceSeq: seqs[3]!, limit: 2 });
    expect([since.messages.map(({ number }) => number), since.seq, since.more]).to.deep.equal([[5, 7], seqs[6], true]);
    expect((await room.messages.read('Luke', { sinceSeq: seqs[6]!, limit: 2 })).seq).to.equal(
      room.engine.journal.head(),
    );
    expect(await read('Luke', { sinceSeq: 0, with: 'Hans', before: 8 })).to.deep.equal(['2*', '4*']);
  });

  it('are counted by conversation, latest first, and marked read permanently', async () => {
    await send('Hans', 'Yoda', 'a');
    await send('Yoda', 'Hans', 'b');
    const third = await send('Hans', 'Yoda', 'c');
    room.now += MINUTE;
    await send('Luke', 'Yoda', 'd');
    const conversations = async (member: string) =>
      (await room.messages.conversations(member)).map(({ with: other, unread, last }) => [other, unread, last.text]);
    expect(await conversations('Yoda')).to.deep.equal([
      ['Luke', 1, 'd'],
      ['Hans', 2, 'c'],
    ]);
    expect(await conversations('Hans')).to.deep.equal([['Yoda', 1, 'c']]);
    const head = () => room.engine.journal.head();
    expect(await room.messages.markRead('yoda', 'HANS', 2)).to.deep.equal({ with: 'Hans', seq: head(), unread: 1 });
    const before = head();
    await room.messages.markRead('Yoda', 'Hans', 2);
    await room.messages.markRead('Yoda', 'Hans', 1);
    expect(head()).to.equal(before);
    expect(await read('Yoda')).to.deep.equal(['a', 'b', 'c*', 'd*']);
    expect(await room.messages.markRead('Yoda', 'Hans', Number.MAX_SAFE_INTEGER)).to.include({ unread: 0 });
    expect(await conversations('Yoda')).to.deep.equal([
      ['Luke', 1, 'd'],
      ['Hans', 0, 'c'],
    ]);
    expect(await room.messages.markRead('Luke', 'Hans', third.number)).to.include({ unread: 0 });
    expect(told).to.deep.equal([
      { member: 'yoda', event: { with: 'Hans', seq: before, unread: 1 } },
      { member: 'yoda', event: { with: 'Hans', seq: before + 1, unread: 0 } },
    ]);
    const { store } = room;
    await room.close();
    room = await Room.open({ store });
    expect(await read('Yoda')).to.deep.equal(['a', 'b', 'c', 'd*']);
  });
});
