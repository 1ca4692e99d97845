import { expect } from 'chai';
import type { PresenceConnection } from '../../src/room/presence-connection.ts';
import { NOON, Room, refusal } from './room.ts';

const [H1, H2, K1, K2] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [string, string, string, string];

describe('FileCatalog', () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  /** A connected member with a peer of that key. */
  const join = (name: string, key?: string, address = '192.0.2.1'): PresenceConnection => {
    const attendant: PresenceConnection = {
      session: name,
      address,
      local: address === 'local',
      peer: key === undefined ? undefined : { port: 6000, key, local: [], since: 1 },
      lastActive: () => NOON,
      end() {},
    };
    room.presence.join(name, attendant, false);
    return attendant;
  };
  const publish = (member: string, name: string, more: object = {}) =>
    room.files.publish(member, { name, size: 1, hash: H1, modified: 1, key: K1, ...more });
  const names = ({ listings }: { listings: readonly { name: string }[] }) => listings.map(({ name }) => name);

  it('appends a record only for changes', async () => {
    const seq = await publish('yoda', 'a', { description: 'x' });
    expect(await publish('yoda', 'a', { description: ' x ' })).to.equal(seq);
    expect(await publish('yoda', 'a', { description: 'y' })).to.equal(seq + 1);
    for (const [i, more] of [{ size: 2 }, { hash: H2 }, { modified: 2 }, { key: K2 }].entries()) {
      expect(await publish('yoda', 'a', { description: 'y', ...more })).to.equal(seq + 2 + i);
    }
    expect(room.view.listings.countOf('yoda')).to.equal(1);
  });

  it('limits the listings of a member, also for concurrent requests', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 130 }, (_, i) => publish('yoda', `f${i}`)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(100);
    expect(room.view.listings.countOf('yoda')).to.equal(100);
    const failure = await refusal(() => publish('Yoda', 'another'), 'TOO_LARGE');
    expect(failure.data).to.deep.equal({ limit: 100 });
    await publish('yoda', 'f3', { size: 9 }); // replaces one
    await room.files.unpublish('yoda', 'f4');
    await publish('yoda', 'another');
    await publish('hans', 'mine');
  });

  it('removes a listing by its name, in any normalization', async () => {
    await publish('yoda', 'Bài');
    await room.files.unpublish('Yoda', 'Bài'.normalize('NFD'));
    expect((await refusal(() => room.files.unpublish('yoda', 'Bài'), 'NO_SUCH_FILE')).message).to.include('"Bài"');
    await refusal(() => room.files.unpublish('yoda', '../\u001b[2J'), 'NO_SUCH_FILE');
  });

  it('lists the files of connected members, or of one member, connected or not', async () => {
    await room.account('Yoda');
    await room.account('Hans');
    await publish('Yoda', 'b', { description: 'Bài giảng' });
    await publish('Yoda', 'Vàng.csv');
    await publish('Hans', 'c', { key: K2 });
    expect(names(await room.files.discover({}))).to.deep.equal([]);
    expect(await room.files.discover({ member: 'yoda', text: 'VANG' })).to.deep.equal({
      listings: [
        {
          member: 'Yoda',
          name: 'Vàng.csv',
          size: 1,
          hash: H1,
          modified: 1,
          description: '',
          key: K1,
          at: NOON,
          online: false,
        },
      ],
      cursor: null,
    });
    join('Yoda', K2);
    const hans = join('Hans', K2);
    const found = await room.files.discover({});
    expect(found.listings.map(({ name, online }) => `${name} ${online}`)).to.deep.equal([
      'c true',
      'Vàng.csv false', // connected, but not with the peer that serves the file
      'b false',
    ]);
    expect(names(await room.files.discover({ text: 'bai GIANG' }))).to.deep.equal(['b']);
    room.presence.leave('Hans', hans);
    expect(names(await room.files.discover({}))).to.deep.equal(['Vàng.csv', 'b']);
    await refusal(() => room.files.discover({ member: 'luke' }), 'NO_SUCH_ACCOUNT');
  });

  it('lists many files page by page, each once', async () => {
    for (const [i, member] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      join(member, K1);
      for (let f = 0; f < 90; f++) if (i !== 2) await publish(member, `${f}`.padStart(2, '0'));
    }
    const seen: string[] = [];
    const pages: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await room.files.discover({ cursor });
      seen.push(...page.listings.map(({ member, name }) => `${member}/${name}`));
      pages.push(page.listings.length);
      cursor = page.cursor;
    }
    expect(pages).to.deep.equal([200, 160]);
    expect(new Set(seen).size).to.equal(360);
    expect(seen).to.deep.equal([...seen].sort());
    for (const cursor of ['zzz', '/', 'b/', 'b/\uffff', '\ud800', 'b/../../../m'])
      await room.files.discover({ cursor });
  });

  it('finds members with the same content, available ones first', async () => {
    await publish('alone', 'a.mp4', { hash: H2 });
    await publish('away', 'a.mp4');
    await publish('yoda', 'a.mp4');
    await publish('local', 'a.mp4');
    await publish('other', 'A.mp4');
    join('yoda', K1);
    join('local', K1, 'local');
    join('alone', K1);
    const sources = await room.files.find('a.mp4');
    expect(sources.map(({ hash }) => hash)).to.deep.equal([H1, H1, H1, H2]);
    expect(sources.map(({ member }) => member)).to.have.ordered.members(['local', 'yoda', 'away', 'alone']);
    expect(sources.map(({ address, port, online }) => [address, port, online])).to.deep.equal([
      [null, 6000, true],
      ['192.0.2.1', 6000, true],
      [null, null, false],
      ['192.0.2.1', 6000, true],
    ]);
    expect(sources[0]).not.to.have.property('at');
    expect((await room.files.find('Á.MP4')).map(({ name }) => name)).to.have.members([
      ...Array(4).fill('a.mp4'),
      'A.mp4',
    ]);
  });

  it('suggests similar names if nobody has the file', async () => {
    await publish('yoda', 'lecture1.mp4');
    await publish('yoda', 'Lecture2.mp4');
    await publish('yoda', 'zebra.txt');
    const failure = await refusal(() => room.files.find('lectur1.mp4'), 'NO_SUCH_FILE');
    expect(failure.status).to.equal(406);
    expect(failure.data.suggestions).to.deep.equal(['lecture1.mp4', 'Lecture2.mp4']);
    expect((await refusal(() => room.files.find('zebra'), 'NO_SUCH_FILE')).message).to.include(
      'Did you mean zebra.txt?',
    );
    expect((await refusal(() => room.files.find('\u001b[2J\u0301'), 'NO_SUCH_FILE')).message).not.to.include('\u001b');
    await refusal(() => room.files.find('\u0301'), 'NO_SUCH_FILE');
  });
});
