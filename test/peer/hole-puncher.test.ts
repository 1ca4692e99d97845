import { mock } from 'node:test';
import { expect } from 'chai';
import { HolePuncher, type SendTarget } from '../../src/peer/hole-puncher.ts';
import { ProbeBudget } from '../../src/peer/probe-budget.ts';
import { SharedNetworks } from '../../src/peer/shared-networks.ts';
import type { Endpoint, ProbeDatagram } from '../../src/protocol/datagram.ts';

const ID = '01'.repeat(16);
const SECRET = 'ab'.repeat(32);
const NEAR = new SharedNetworks([{ address: '127.0.0.1', port: 1 }]);
const HEARD_FLAG = 8;
/** The duration of an introduction without a connection. */
const MEETING_MS = 15_000;

interface Sent {
  readonly at: number;
  readonly to: string;
  readonly heard: boolean;
}

describe('HolePuncher', () => {
  let sent: Sent[];
  let found: SendTarget[];
  let at: number;
  let budget: ProbeBudget;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    [sent, found, at] = [[], [], 0];
    budget = new ProbeBudget(() => at);
  });
  afterEach(() => mock.timers.reset());

  const punch = (local: readonly Endpoint[], address: string | null = null, member = 'yoda'): HolePuncher =>
    new HolePuncher(
      { id: ID, secret: SECRET, side: 'a', member, local, address, port: address === null ? null : 9 },
      {
        networks: NEAR,
        probeBudget: budget,
        send: (bytes, to) => sent.push({ at, to: `${to.address} ${to.port}`, heard: (bytes[3]! & HEARD_FLAG) !== 0 }),
        onFound: (route) => found.push(route),
      },
    );
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i += 10) {
      at += 10;
      mock.timers.tick(10);
    }
  };
  const places = (network: string, count: number): Endpoint[] =>
    Array.from({ length: count }, (_, i) => ({ address: `${network}.${i + 1}`, port: 9 }));
  const probe = (heard: boolean): ProbeDatagram => ({ type: 'probe', id: ID, side: 'b', heard });

  it('probes one endpoint with growing pauses, at most sixteen times', () => {
    punch([], '203.0.113.1').start();
    pass(MEETING_MS);
    expect(sent.map((one) => one.at).slice(0, 8)).to.deep.equal([0, 50, 150, 350, 750, 1550, 2350, 3150]);
    expect(sent).to.have.length(16);
  });

  it('does not probe endpoints outside its own networks that only the other side claims', () => {
    const one = punch([...places('198.51.100', 4), ...places('192.168.1', 4), ...places('127.0.1', 2)]);
    one.start();
    one.addLocalCandidates(places('8.8.8', 4), true);
    pass(MEETING_MS);
    expect(new Set(sent.map(({ to }) => to))).to.deep.equal(new Set(['127.0.1.1 9', '127.0.1.2 9']));
  });

  it('probes few endpoints observed by the daemon, and no loopback address from it', () => {
    const one = punch([], '203.0.113.1');
    one.start();
    for (const place of places('198.51.100', 100)) one.addObserved(place);
    new HolePuncher(
      { id: ID, secret: SECRET, side: 'a', member: 'yoda', local: [], address: '127.0.0.1', port: 9 },
      {
        networks: new SharedNetworks([]),
        probeBudget: budget,
        send: () => expect.fail(),
        onFound: () => expect.fail(),
      },
    ).start();
    pass(MEETING_MS);
    expect(new Set(sent.map(({ to }) => to)).size).to.equal(4);
  });

  it('limits probes per introduction, whatever the other side claims and answers', () => {
    const one = punch(places('127.0.1', 50), '203.0.113.1');
    one.start();
    for (const place of places('198.51.100', 50)) one.addObserved(place);
    for (let i = 0; i < 200; i++) {
      for (const place of places('203.0.114', 20)) one.onProbe(probe(false), place);
      pass(70);
    }
    expect(sent.length).to.equal(128);
  });

  it('limits probes for all introductions of a member, without affecting others', () => {
    for (let i = 0; i < 16; i++) punch(places('127.0.1', 16), '203.0.113.1', 'evil').start();
    pass(MEETING_MS);
    expect(sent.length).to.be.within(512, 512 + 16 * 15);
    const before = sent.length;
    punch([], '203.0.113.7', 'luke').start();
    pass(MEETING_MS);
    expect(sent.length - before).to.equal(16);
  });

  it('finds the endpoint that answers, once, and sends only answers afterwards', () => {
    const [near, far] = [
      { address: '127.0.1.1', port: 9 },
      { address: '203.0.113.1', port: 9 },
    ];
    const one = punch([near], far.address);
    one.start();
    one.onProbe(probe(false), near);
    expect([sent.at(-1), one.hasHeardFrom(near), one.hasHeardFrom(far)]).to.deep.equal([
      { at: 0, to: '127.0.1.1 9', heard: true },
      true,
      false,
    ]);
    one.onProbe(probe(true), near);
    one.onProbe(probe(true), far);
    expect(found).to.deep.equal([{ endpoint: near, path: 'lan' }]);
    const before = sent.length;
    pass(MEETING_MS);
    expect(sent.length).to.equal(before);
    one.onProbe(probe(false), far);
    expect(sent.length).to.equal(before + 1);
  });
});
