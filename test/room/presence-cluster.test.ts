import { expect } from 'chai';
import type { MessageBus } from '../../src/engine/types.ts';
import { Cluster } from '../../src/room/cluster.ts';
import { type MemberChange, Presence } from '../../src/room/presence.ts';
import type { PresenceConnection, RegisteredPeer } from '../../src/room/presence-connection.ts';
import { MINUTE, NOON, refusal, SELF, SILENT } from './room.ts';

type Listener = (message: unknown) => void;

/** A network: messages arrive later, in order, as copies; some are lost. */
class Network {
  readonly #listeners = new Map<string, Set<{ readonly port: Port; readonly listener: Listener }>>();
  /** Selects messages that are lost. */
  lose: (topic: string) => boolean = () => false;

  port(): Port {
    return new Port(this);
  }

  send(from: Port, topic: string, message: unknown): void {
    if (from.isCut || this.lose(topic)) return;
    const copy = JSON.stringify(message);
    setImmediate(() => {
      for (const { port, listener } of [...(this.#listeners.get(topic) ?? [])]) {
        if (!port.isCut) listener(JSON.parse(copy));
      }
    });
  }

  listen(port: Port, topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    const one = { port, listener };
    this.#listeners.set(topic, listeners.add(one));
    return () => listeners.delete(one);
  }
}

class Port implements MessageBus {
  isCut = false;
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  publish(topic: string, message: unknown): void {
    this.#network.send(this, topic, message);
  }

  subscribe(topic: string, listener: Listener): () => void {
    return this.#network.listen(this, topic, listener);
  }
}

class Visitor implements PresenceConnection {
  readonly session: string;
  readonly address: string;
  readonly local = false;
  peer: RegisteredPeer | undefined;
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

describe('Presence in a cluster', () => {
  let network: Network;
  let now: number;
  const houses: House[] = [];

  class House {
    readonly port = network.port();
    readonly told: string[] = [];
    readonly daemons: Cluster;
    readonly presence: Presence<Visitor>;

    constructor(address: string) {
      const { port: bus } = this;
      this.daemons = new Cluster({
        bus,
        log: SILENT,
        heartbeatMs: 20,
        self: () => ({ ...SELF, address, told: this.presence.sentUpdates }),
      });
      const clock = () => now;
      const { daemons } = this;
      this.presence = new Presence<Visitor>({
        bus,
        cluster: daemons,
        now: clock,
        monotonic: clock,
        idleMs: 5 * MINUTE,
      });
      this.presence.onChange(({ name, change }: MemberChange) => this.told.push(`${name} ${change}`));
      this.presence.start();
      this.daemons.start();
      houses.push(this);
    }

    get names(): string {
      return this.presence.names().join(' ');
    }

    async signIn(name: string, visitor: Visitor): Promise<void> {
      const claimed = await this.presence.reserveSignIn(name, visitor.session);
      try {
        this.presence.join(name, visitor, false);
      } finally {
        claimed();
      }
    }

    stop(): void {
      this.daemons.stop();
      this.presence.stop();
    }
  }

  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const open = async (...addresses: string[]) => {
    const opened = addresses.map((address) => new House(address));
    await until(() => houses.every(({ daemons }) => daemons.others.length === houses.length - 1));
    return opened as [House, House, House];
  };
  const peer = (port: number): RegisteredPeer => ({ port, key: `k${port}`, local: [], since: now + port });

  beforeEach(() => {
    network = new Network();
    now = NOON;
  });
  afterEach(() => {
    for (const house of houses.splice(0)) house.stop();
  });

  it('lists all connections at every daemon, with their properties', async () => {
    const [a, b] = await open('a:1', 'b:1');
    const han = new Visitor('h', '198.51.100.7', peer(6000));
    a.presence.join('Hân', han, false);
    b.presence.join('leia', new Visitor('l'), false);
    await until(() => houses.every(({ presence }) => presence.count === 2));
    now += 1000;
    expect(b.presence.listActive()).to.deep.include({
      name: 'Hân',
      address: '198.51.100.7',
      peerPort: 6000,
      activeSince: NOON,
      idleMs: 1000,
    });
    expect([b.presence.isActive('HÂN'), b.presence.nameOf('hân'), b.presence.localCount]).to.deep.equal([
      true,
      'Hân',
      1,
    ]);
    const [afar] = b.presence.connections('hân');
    han.peer = peer(7000);
    a.presence.connectionChanged('Hân');
    await until(() => b.presence.connections('hân')[0]!.peer?.port === 7000);
    expect(b.presence.connections('hân')[0]).to.equal(afar);
    expect(a.presence.localConnection('hân', (afar as { id: number }).id)).to.equal(han);
    expect([...b.presence.remoteConnections()]).to.deep.equal([afar]);
    expect(b.told).to.have.members(['Hân joined', 'leia joined']);
  });

  it("shows connections from a daemon's own machine by the address of that daemon elsewhere", async () => {
    const addresses = ['192.0.2.1:4000', '[2001:db8::1]:4000', '2001:db8::2', '198.51.100.1'];
    const unknown = ['127.0.0.1:4000', '[::1]:4000', '0.0.0.0:4000', '[::]:4000', 'gold.example.com:4000', ''];
    const all = (await open(...addresses, ...unknown)) as House[];
    for (const [i, { presence }] of all.entries()) {
      presence.join(`near${i}`, new Visitor(`n${i}`, i % 2 === 0 ? '127.0.0.5' : '::1'), false);
      presence.join(`far${i}`, new Visitor(`f${i}`, '198.51.100.7'), false);
    }
    const [a, b] = all as [House, House];
    await until(() => a.presence.count === 2 * all.length);
    const shown = (house: House, name: string) => house.presence.connections(name)[0]!.address;
    await until(() => b.presence.count === 2 * all.length);
    expect(shown(b, 'near0')).to.equal('192.0.2.1');
    expect(shown(a, 'near0'), 'at its own daemon').to.equal('127.0.0.5');
    expect(['near1', 'near2', 'near3'].map((name) => shown(a, name))).to.deep.equal([
      '2001:db8::1',
      '2001:db8::2',
      '198.51.100.1',
    ]);
    for (let i = addresses.length; i < all.length; i++) {
      expect(shown(a, `near${i}`), unknown[i - addresses.length]).to.equal(i % 2 === 0 ? '127.0.0.5' : '::1');
    }
    for (const i of all.keys()) expect(shown(i === 0 ? b : a, `far${i}`)).to.equal('198.51.100.7');
    a.presence.join('control', Object.assign(new Visitor('c', 'local'), { local: true }), false);
    await until(() => b.presence.isActive('control'));
    expect(shown(b, 'control')).to.equal('192.0.2.1');
    const failure = await refusal(() => b.signIn('near0', new Visitor('other')), 'ALREADY_SIGNED_IN');
    expect(failure.message).to.equal('near0 is already signed in, from 192.0.2.1.');
    expect(failure.data).to.deep.equal({ address: '192.0.2.1' });
  });

  it('counts a session at two daemons once, until its last connection leaves', async () => {
    const [a, b, c] = await open('a:1', 'b:1', 'c:1');
    const [first, second] = [new Visitor('t'), new Visitor('t')];
    await a.signIn('yoda', first);
    await until(() => houses.every(({ names }) => names === 'yoda'));
    await b.signIn('yoda', second);
    await until(() => c.presence.connections('yoda').length === 2);
    a.presence.leave('yoda', first);
    await until(() => c.presence.connections('yoda').length === 1);
    b.presence.leave('yoda', second);
    await until(() => houses.every(({ presence }) => presence.count === 0));
    for (const { told } of houses) expect(told).to.deep.equal(['yoda joined', 'yoda left']);
  });

  it('allows one session per account in the whole cluster', async () => {
    const [a, b] = await open('a:1', 'b:1');
    const first = new Visitor('one', '192.0.2.7');
    await a.signIn('Yoda', first);
    const failure = await refusal(() => b.signIn('yoda', new Visitor('two')), 'ALREADY_SIGNED_IN');
    expect(failure.message).to.equal('Yoda is already signed in, from 192.0.2.7.');
    const second = new Visitor('two');
    b.presence.join('yoda', second, true);
    await until(() => first.ended.length > 0);
    expect(first.ended).to.deep.equal(['Signed in from elsewhere.']);
    await until(() => a.presence.connections('yoda').length === 1);
    expect([second.ended, a.presence.localCount, a.presence.isActive('yoda')]).to.deep.equal([[], 0, true]);
  });

  it('accepts one of several concurrent sign-ins at several daemons', async () => {
    const three = await open('a:1', 'b:1', 'c:1');
    for (let round = 0; round < 20; round++) {
      const name = `m${round}`;
      const visitors = three.map((_, i) => new Visitor(`${name}-${i}`));
      const outcomes = await Promise.allSettled(three.map((house, i) => house.signIn(name, visitors[i]!)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      await until(() => houses.every(({ presence }) => presence.connections(name).length === 1));
      expect(visitors.flatMap(({ ended }) => ended)).to.deep.equal([]);
      now += 1;
    }
  });

  it('accepts members of a daemon that does not respond, and removes its connections', async () => {
    const [a, b] = await open('a:1', 'b:1');
    const [lost, guest] = [new Visitor('old'), new Visitor('g')];
    await a.signIn('yoda', lost);
    await a.signIn('guest', guest);
    await until(() => b.presence.count === 2);
    a.port.isCut = true;
    await until(() => !b.daemons.isResponsive(b.daemons.others[0]!));
    await b.signIn('yoda', new Visitor('new')); // it is still listed
    await b.signIn('guest', new Visitor('g')); // resumes with the token that it used there
    await until(() => b.daemons.isSolo);
    expect(b.names).to.equal('guest yoda');
    expect(b.told).to.have.members(['yoda joined', 'guest joined']);
    // The daemon was only cut off: of two sessions the later one stays, of one session both connections.
    a.port.isCut = false;
    await until(() => lost.ended.length > 0);
    await until(() => houses.every(({ presence }) => presence.connections('guest').length === 2));
    expect(guest.ended).to.deep.equal([]);
    expect(b.presence.connections('yoda')).to.have.length(1);
  });

  it('detects lost messages, and sends the full state to a daemon that joins', async () => {
    const [a, b] = await open('a:1', 'b:1');
    network.lose = (topic) => topic === 'presence';
    const visitors = Array.from({ length: 2000 }, (_, i) => new Visitor(`s${i}`, '192.0.2.1', peer(1000 + i)));
    for (const [i, visitor] of visitors.entries()) a.presence.join(`m${i}`, visitor, false);
    await until(() => b.presence.count === 2000);
    const [first] = visitors;
    a.presence.leave('m0', first!);
    await until(() => b.presence.count === 1999);
    network.lose = () => false;
    const c = new House('c:1');
    await until(() => c.presence.count === 1999);
    expect(c.presence.connections('m1999')[0]!.peer?.port).to.equal(2999);
    a.stop();
    await until(() => b.presence.count === 0 && c.presence.count === 0);
  });

  it('reports a member as idle only if they are idle at every daemon', async () => {
    const [a, b] = await open('a:1', 'b:1');
    const [here, there] = [new Visitor('t'), new Visitor('t')];
    await a.signIn('yoda', here);
    await until(() => b.presence.count === 1);
    await b.signIn('yoda', there);
    await until(() => a.presence.connections('yoda').length === 2);
    now += 3 * MINUTE;
    there.active = now;
    b.presence.checkIdle();
    await until(() => a.presence.listActive()[0]!.idleMs === 0);
    now += 3 * MINUTE;
    for (const { presence } of houses) presence.checkIdle();
    await until(() => !b.presence.connections('yoda').every((one) => one === there));
    expect(a.told).to.deep.equal(['yoda joined']);
    now += 3 * MINUTE;
    for (const { presence } of houses) presence.checkIdle();
    await until(() => houses.every(({ told }) => told.at(-1) === 'yoda idle'));
    here.active = now;
    a.presence.markActive('yoda');
    await until(() => houses.every(({ told }) => told.at(-1) === 'yoda active'));
    expect(b.told).to.deep.equal(['yoda joined', 'yoda idle', 'yoda active']);
  });

  it('reports closed connections of other daemons', async () => {
    const [a, b] = await open('a:1', 'b:1');
    const gone: number[] = [];
    b.presence.onConnectionClosed(({ id }) => gone.push(id));
    const [one, two] = [new Visitor('t'), new Visitor('t')];
    a.presence.join('yoda', one, false);
    a.presence.join('yoda', two, false);
    await until(() => b.presence.connections('yoda').length === 2);
    a.presence.leave('yoda', one);
    await until(() => gone.length === 1);
    a.stop();
    await until(() => gone.length === 2);
    expect(gone).to.deep.equal([1, 2]);
  });
});
