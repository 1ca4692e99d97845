import { expect } from 'chai';
import { Presence } from '../../src/room/presence.ts';
import { latestPeer, type PresenceConnection, type RegisteredPeer } from '../../src/room/presence-connection.ts';
import { MINUTE, NOON, Room, refusal } from './room.ts';

/** A connection that records its messages, and does not leave by itself as a session does. */
class Visitor implements PresenceConnection {
  readonly session: string;
  readonly address: string;
  readonly local = false;
  readonly peer: RegisteredPeer | undefined;
  readonly ended: string[] = [];
  active = NOON;

  constructor(session: string, address = '192.0.2.1', peer?: RegisteredPeer) {
    this.session = session;
    this.address = address;
    this.peer = peer;
  }

  lastActive(): number {
    return this.active;
  }

  end(reason: string): void {
    this.ended.push(reason);
  }
}

describe('Presence', () => {
  let room: Room;
  let told: unknown[];
  const join = (name: string, visitor: Visitor, takeOver = false) => room.presence.join(name, visitor, takeOver);
  beforeEach(async () => {
    room = await Room.open();
    told = [];
    room.presence.onChange((change) => told.push(change));
  });
  afterEach(() => room.close());

  it('allows one session per account', async () => {
    join('Yoda', new Visitor('a', '192.0.2.7'));
    const failure = await refusal(() => join('yoda', new Visitor('b')), 'ALREADY_SIGNED_IN');
    expect(failure.message).to.equal('Yoda is already signed in, from 192.0.2.7.');
    await refusal(() => room.presence.assertNotSignedIn('YODA', undefined), 'ALREADY_SIGNED_IN');
    await refusal(() => room.presence.assertNotSignedIn('yoda', 'b'), 'ALREADY_SIGNED_IN');
    expect(() => room.presence.assertNotSignedIn('yoda', 'a')).not.to.throw();
    expect(() => room.presence.assertNotSignedIn('hans', undefined)).not.to.throw();
    expect(room.presence.count).to.equal(1);
    expect(told).to.deep.equal([{ name: 'Yoda', change: 'joined', at: NOON }]);
  });

  it('allows at most 16 connections of a session', async () => {
    const peer = (port: number, since: number) => ({ port, key: 'k', local: [], since });
    const peers: RegisteredPeer[] = [];
    peers[3] = peer(6666, 20);
    peers[7] = peer(7777, 10);
    const all = Array.from({ length: 16 }, (_, i) => new Visitor('a', `192.0.2.${i}`, peers[i]));
    for (const visitor of all) join('yoda', visitor);
    expect((await refusal(() => join('yoda', new Visitor('a')), 'TOO_MANY_REQUESTS')).message).to.include('16');
    all[5]!.active = NOON + 40_000;
    room.now = NOON + 60_000;
    expect(room.presence.listActive()).to.deep.equal([
      { name: 'yoda', address: '192.0.2.0', peerPort: 6666, activeSince: NOON, idleMs: 20_000 },
    ]);
    expect(room.presence.localConnections('YODA')).to.deep.equal(all);
    expect(latestPeer(all)).to.equal(all[3]);
    expect(latestPeer(all, 'other')).to.equal(undefined);
    const busy = new Visitor('a', '192.0.2.99', { ...peer(8888, 30), offers: false });
    expect(latestPeer([...all, busy])).to.equal(all[3]);
    expect(latestPeer([busy, ...all])).to.equal(all[3]);
    expect(latestPeer([busy])).to.equal(busy);
    room.presence.leave('yoda', all[0]!);
    join('yoda', new Visitor('a'));
    expect(room.presence.names()).to.deep.equal(['yoda']);
    expect(told).to.have.length(1);
  });

  it('keeps the member until the last connection leaves, then frees the name at once', () => {
    const [first, second] = [new Visitor('a'), new Visitor('a')];
    join('yoda', first);
    join('yoda', second);
    room.presence.leave('YODA', first);
    expect(room.presence.isActive('yoda')).to.equal(true);
    room.presence.leave('yoda', first); // leaving twice has no effect
    expect(room.presence.isActive('yoda')).to.equal(true);
    room.now += 1000;
    room.presence.leave('yoda', second);
    expect(room.presence.isActive('yoda')).to.equal(false);
    expect(room.presence.count).to.equal(0);
    join('yoda', new Visitor('b'));
    expect(told).to.deep.equal([
      { name: 'yoda', change: 'joined', at: NOON },
      { name: 'yoda', change: 'left', at: NOON + 1000 },
      { name: 'yoda', change: 'joined', at: NOON + 1000 },
    ]);
  });

  it('ends a session on takeover, unless it is the same session', () => {
    const [first, beside, other] = [new Visitor('a'), new Visitor('a'), new Visitor('b', '198.51.100.7')];
    join('yoda', first);
    join('yoda', beside, true);
    expect(first.ended).to.deep.equal([]);
    join('yoda', other, true);
    expect([first.ended, beside.ended, other.ended]).to.deep.equal([
      ['Signed in from elsewhere.'],
      ['Signed in from elsewhere.'],
      [],
    ]);
    // The ended session leaves late: the current one stays.
    room.presence.leave('yoda', first);
    expect(room.presence.listActive().map(({ address }) => address)).to.deep.equal(['198.51.100.7']);
    expect(told.map((message) => (message as { change: string }).change)).to.deep.equal(['joined', 'left', 'joined']);
  });

  it('takes over an account that is not signed in', () => {
    join('yoda', new Visitor('a'), true);
    expect(room.presence.count).to.equal(1);
  });

  it('ends every connection of a member, or all except one', () => {
    const all = [new Visitor('a'), new Visitor('a'), new Visitor('a')];
    for (const visitor of all) join('yoda', visitor);
    expect(room.presence.end('Yoda', 'enough', all[1])).to.equal(2);
    expect(all.map(({ ended }) => ended)).to.deep.equal([['enough'], [], ['enough']]);
    expect(room.presence.isActive('yoda')).to.equal(true);
    expect(room.presence.end('yoda', 'kicked')).to.equal(1);
    expect(room.presence.isActive('yoda')).to.equal(false);
    expect(room.presence.end('yoda', 'again')).to.equal(0);
    expect(room.presence.end('nobody', 'again')).to.equal(0);
  });

  it('accepts connections that leave while they are ended, as sessions do', () => {
    const visitor = new Visitor('a');
    visitor.end = (reason) => {
      visitor.ended.push(reason);
      room.presence.leave('yoda', visitor);
    };
    join('yoda', visitor);
    expect(room.presence.end('yoda', 'enough')).to.equal(1);
    expect(told).to.have.length(2);
  });

  it('distinguishes tones, and treats spellings of one name as equal', () => {
    join('Hà', new Visitor('a'));
    join('Ha', new Visitor('b'));
    expect(room.presence.isActive('HA\u0300')).to.equal(true);
    expect(room.presence.listActive().map(({ name }) => name)).to.deep.equal(['Hà', 'Ha']);
  });

  it('never shows a negative idle time', () => {
    const visitor = new Visitor('a');
    visitor.active = NOON + 5000;
    join('yoda', visitor);
    expect(room.presence.listActive()[0]!.idleMs).to.equal(0);
  });

  describe('idle', () => {
    const change = (i: number) => (told[i] as { change: string } | undefined)?.change;

    it('is reported once, after five minutes without activity on all connections', () => {
      const [first, second] = [new Visitor('a'), new Visitor('a')];
      join('Yoda', first);
      join('yoda', second);
      join('hans', new Visitor('h'));
      room.now += 3 * MINUTE;
      second.active = room.now;
      room.now += 2 * MINUTE;
      room.presence.checkIdle();
      room.presence.checkIdle();
      expect(told.slice(2)).to.deep.equal([{ name: 'hans', change: 'idle', at: room.now }]);
      room.now += 3 * MINUTE - 1;
      room.presence.checkIdle();
      expect(told).to.have.length(3);
      room.now += 1;
      room.presence.checkIdle();
      expect(told[3]).to.deep.equal({ name: 'Yoda', change: 'idle', at: room.now });
      expect(room.presence.listActive().map(({ idleMs }) => idleMs)).to.deep.equal([5 * MINUTE, 8 * MINUTE]);
    });

    it('ends with the first activity, and can start again', () => {
      const visitor = new Visitor('a');
      join('Yoda', visitor);
      room.presence.markActive('yoda');
      expect(told).to.have.length(1);
      room.now += 5 * MINUTE;
      room.presence.checkIdle();
      room.now += 1000;
      visitor.active = room.now;
      room.presence.markActive('nobody');
      room.presence.markActive('YODA');
      room.presence.markActive('yoda');
      expect(told.slice(1)).to.deep.equal([
        { name: 'Yoda', change: 'idle', at: room.now - 1000 },
        { name: 'Yoda', change: 'active', at: room.now },
      ]);
      room.now += 5 * MINUTE;
      room.presence.checkIdle();
      expect(change(3)).to.equal('idle');
    });

    it('ends with another connection, and on leaving', () => {
      const [first, second] = [new Visitor('a'), new Visitor('a')];
      join('yoda', first);
      room.now += 6 * MINUTE;
      room.presence.checkIdle();
      second.active = room.now;
      join('yoda', second);
      expect([change(1), change(2)]).to.deep.equal(['idle', 'active']);
      room.now += 6 * MINUTE;
      room.presence.checkIdle();
      room.presence.end('yoda', 'enough');
      join('yoda', new Visitor('b'));
      room.presence.markActive('yoda');
      expect(told.slice(3).map((message) => (message as { change: string }).change)).to.deep.equal([
        'idle',
        'left',
        'joined',
      ]);
    });

    it('is checked periodically between start and stop', async () => {
      join('yoda', new Visitor('a'));
      room.now += 5 * MINUTE;
      const { bus } = room.engine;
      const clock = () => room.now;
      const presence = new Presence({ bus, cluster: room.daemons, now: clock, monotonic: clock, idleMs: 20 });
      presence.onChange((change) => told.push(change));
      presence.join('hans', new Visitor('h'), false);
      room.now += 20;
      presence.start();
      while (told.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      presence.stop();
      expect(told[2]).to.include({ name: 'hans', change: 'idle' });
    });
  });
});
