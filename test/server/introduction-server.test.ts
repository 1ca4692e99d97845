import { createHmac } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Datagram,
  decodeDatagram,
  encodeDatagram,
  type HelloDatagram,
  type IntroductionSide,
  type SeenDatagram,
  streamIds,
} from '../../src/protocol/datagram.ts';
import type { SlotHolder } from '../../src/server/fair-share.ts';
import {
  type IntroductionCredentials,
  IntroductionServer,
  type IntroductionServerOptions,
} from '../../src/server/introduction-server.ts';
import { refusal } from '../room/room.ts';
import { skip } from '../skip.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const LOOPBACK = { address: '127.0.0.1', port: 0 };

/** A UDP socket that keeps received datagrams. */
class Peer {
  static async open(host = '127.0.0.1'): Promise<Peer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Peer(socket);
  }

  readonly socket: Socket;
  readonly got: { bytes: Buffer; from: RemoteInfo }[] = [];
  #wake: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (bytes, from) => {
      this.got.push({ bytes, from });
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  get port(): number {
    return this.socket.address().port;
  }

  async next(): Promise<Buffer> {
    while (this.got.length === 0) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.got.shift()!.bytes;
  }
}

/** Replaces the MAC of a datagram by a valid one. */
function resign(bytes: Buffer, secret: string): void {
  bytes.fill(0, 20, 36);
  createHmac('sha256', Buffer.from(secret, 'hex')).update(bytes).digest().copy(bytes, 20, 0, 16);
}

describe('IntroductionServer', () => {
  const peers: Peer[] = [];
  let rendezvous: IntroductionServer;
  let to: { address: string; port: number };
  const start = async (options: Partial<IntroductionServerOptions> = {}, at = LOOPBACK) => {
    rendezvous = new IntroductionServer({
      maxRelays: 8,
      relayBytesPerSecond: 4 * 1024 * 1024,
      log: SILENT,
      ...options,
    });
    await rendezvous.start(at);
    const [, port] = /:(\d+)$/.exec(rendezvous.address)!;
    to = { address: at.address === '::' ? '127.0.0.1' : at.address, port: Number(port) };
  };
  const open = async (host?: string) => {
    const peer = await Peer.open(host);
    peers.push(peer);
    return peer;
  };
  afterEach(async () => {
    for (const { socket } of peers.splice(0)) socket.close();
    await rendezvous?.stop();
  });

  const send = (peer: Peer, bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      peer.socket.send(bytes, to.port, to.address, (error) => (error ? reject(error) : resolve())),
    );
  let counter = 0;
  const hello = (id: string, side: IntroductionSide, more: Partial<HelloDatagram> = {}): HelloDatagram => ({
    type: 'hello',
    id,
    side,
    relay: false,
    local: [],
    counter: ++counter,
    ...more,
  });
  let members = 0;
  /** An introduction that a member requests, by default one without others. */
  const introduce = (asker: object = {}, asked: object = {}, holder?: SlotHolder) => {
    members += 1;
    return rendezvous.introduce(asker, asked, holder ?? { member: `m${members}`, source: `192.0.2.${members}` });
  };
  const ask = async (
    peer: Peer,
    { id, secret }: IntroductionCredentials,
    side: IntroductionSide,
    more: Partial<HelloDatagram> = {},
  ): Promise<SeenDatagram> => {
    await send(peer, encodeDatagram(hello(id, side, more), secret));
    const bytes = await peer.next();
    expect(bytes.length).to.be.at.most(256);
    const seen = decodeDatagram(bytes, secret);
    expect(seen?.type).to.equal('seen');
    return seen as SeenDatagram;
  };
  /** A packet of a UDX stream, as far as the relay reads it. */
  const packet = (streamId: number, text: string) => {
    const bytes = Buffer.alloc(20 + text.length);
    bytes[0] = 0xff;
    bytes.writeUInt32LE(streamId, 4);
    bytes.write(text, 20);
    return bytes;
  };
  /** A reply means that everything sent before has been processed. */
  const settled = async () => {
    const prober = await open();
    const opened = rendezvous.introduce({}, {}, { member: 'prober', source: 'here' });
    await ask(prober, opened, 'a');
    rendezvous.close(opened.id);
  };
  /** Sends all, slowly enough that the system does not drop any before they are read. */
  const flood = async (peer: Peer, datagrams: readonly Uint8Array[]) => {
    for (const [i, bytes] of datagrams.entries()) {
      await send(peer, bytes);
      if (i % 100 === 99) await settled();
    }
    await settled();
  };
  const relayed = async (holder?: SlotHolder) => {
    const opened = introduce({}, {}, holder);
    const [a, b] = [await open(), await open()];
    await ask(a, opened, 'a', { relay: true });
    expect((await ask(b, opened, 'b', { relay: true })).relayed).to.equal(true);
    return { opened, a, b, streams: streamIds(opened.id) };
  };

  it('sends each side its own and the other endpoint', async () => {
    await start();
    const opened = introduce();
    expect(opened.id).to.match(/^[0-9a-f]{32}$/);
    expect(opened.secret).to.match(/^[0-9a-f]{64}$/);
    const [a, b] = [await open(), await open()];
    const local = [{ address: '10.0.0.7', port: 7 }];
    expect(await ask(a, opened, 'a', { local })).to.deep.equal({
      type: 'seen',
      id: opened.id,
      side: 'a',
      seen: { address: '127.0.0.1', port: a.port },
      other: null,
      otherLocal: [],
      relayed: false,
    });
    const toB = await ask(b, opened, 'b');
    expect(toB).to.deep.include({ side: 'b', other: { address: '127.0.0.1', port: a.port }, otherLocal: local });
    expect((await ask(a, opened, 'a')).other).to.deep.equal({ address: '127.0.0.1', port: b.port });
    expect(rendezvous.counts).to.deep.equal({
      introductions: 1,
      relays: 0,
      relayedBytes: 0,
      overQuota: 0,
      unproven: 0,
    });
  });

  it('passes on only local addresses of a single host', async () => {
    await start();
    const opened = introduce();
    const [a, b] = [await open(), await open()];
    const places = ['224.0.0.1', '0.0.0.0', '192.168.1.2', '255.255.255.255'].map((address) => ({ address, port: 9 }));
    await ask(a, opened, 'a', { local: places });
    expect((await ask(b, opened, 'b')).otherLocal).to.deep.equal([{ address: '192.168.1.2', port: 9 }]);
  });

  it('does not answer a sender without a valid MAC', async () => {
    await start();
    const opened = introduce();
    const stranger = await open();
    const right = encodeDatagram(hello(opened.id, 'a'), opened.secret);
    const changed = Buffer.from(right);
    changed[200]! ^= 1;
    const probe: Datagram = { type: 'probe', id: opened.id, side: 'a', heard: false };
    const seen: Datagram = {
      ...hello(opened.id, 'a'),
      type: 'seen',
      seen: LOOPBACK,
      other: null,
      otherLocal: [],
      relayed: true,
    };
    const bad = [
      encodeDatagram(hello(opened.id, 'a'), 'cd'.repeat(32)),
      encodeDatagram(hello('00'.repeat(16), 'a'), opened.secret),
      changed,
      right.subarray(0, 255),
      Buffer.concat([right, Buffer.alloc(1)]),
      encodeDatagram(probe, opened.secret),
      encodeDatagram(seen, opened.secret),
      packet(streamIds(opened.id).a, 'x'),
      packet(1, 'x').subarray(0, 6),
      Buffer.alloc(0),
    ];
    for (const bytes of bad) await send(stranger, bytes);
    await settled();
    expect(stranger.got).to.be.empty;
    expect(rendezvous.counts.unproven).to.equal(bad.length);
  });

  it('moves a side to the source of its last valid HELLO', async () => {
    await start();
    const { opened, a, b, streams } = await relayed();
    const moved = await open();
    await ask(moved, opened, 'a', { relay: true });
    expect((await ask(b, opened, 'b', { relay: true })).other).to.deep.equal({
      address: '127.0.0.1',
      port: moved.port,
    });
    await send(b, packet(streams.a, 'to the new place'));
    expect((await moved.next()).subarray(20).toString()).to.equal('to the new place');
    await send(a, packet(streams.b, 'from the old place'));
    await settled();
    expect([a.got, b.got]).to.deep.equal([[], []]);
  });

  it('relays packets unchanged by the stream of their receiver, once both sides asked for it', async () => {
    await start();
    const opened = introduce();
    const streams = streamIds(opened.id);
    const [a, b, stranger] = [await open(), await open(), await open()];
    expect((await ask(a, opened, 'a', { relay: true })).relayed).to.equal(false);
    expect((await ask(b, opened, 'b')).relayed).to.equal(false);
    await send(a, packet(streams.b, 'too early'));
    await settled();
    expect(b.got).to.be.empty;
    expect((await ask(b, opened, 'b', { relay: true })).relayed).to.equal(true);
    await send(a, packet(streams.b, 'to b'));
    expect(await b.next()).to.deep.equal(packet(streams.b, 'to b'));
    await send(b, packet(streams.a, 'to a'));
    expect(await a.next()).to.deep.equal(packet(streams.a, 'to a'));
    // From the wrong endpoint, in the wrong direction, too short, too long.
    await send(stranger, packet(streams.b, 'x'));
    await send(a, packet(streams.a, 'x'));
    await send(a, packet(streams.b, 'x').subarray(0, 19));
    await send(a, packet(streams.b, 'x'.repeat(4096)));
    await settled();
    expect([a.got, b.got, stranger.got]).to.deep.equal([[], [], []]);
    expect(rendezvous.counts).to.include({ relays: 1, relayedBytes: 48, unproven: 5 });
    expect((await ask(a, opened, 'a')).relayed).to.equal(false);
    expect(rendezvous.counts.relays).to.equal(0);
    await send(b, packet(streams.a, 'x'));
    await settled();
    expect(a.got).to.be.empty;
  });

  it('limits relays, and reports it to the other introductions', async () => {
    await start({ maxRelays: 1 });
    const first = await relayed();
    const holder = { member: 'second', source: 'elsewhere' };
    expect(rendezvous.canRelay(holder)).to.equal(false);
    const opened = introduce({}, {}, holder);
    const [a, b] = [await open(), await open()];
    await ask(a, opened, 'a', { relay: true });
    expect((await ask(b, opened, 'b', { relay: true })).relayed).to.equal(false);
    await ask(first.a, first.opened, 'a', { relay: false });
    expect((await ask(b, opened, 'b', { relay: true })).relayed).to.equal(true);
  });

  it('drops packets over the quota of an introduction, without affecting others', async () => {
    await start({ relayBytesPerSecond: 1024 });
    const [greedy, other] = [await relayed(), await relayed()];
    const big = packet(greedy.streams.b, 'x'.repeat(1180));
    await flood(greedy.a, Array<Buffer>(400).fill(big));
    const { overQuota, relayedBytes } = rendezvous.counts;
    expect(relayedBytes).to.be.within(15_000, 30_000); // the burst, and what its rate allowed since
    expect(overQuota).to.be.greaterThan(300);
    await send(other.a, packet(other.streams.b, 'still here'));
    expect((await other.b.next()).subarray(20).toString()).to.equal('still here');
  });

  it('limits the HELLOs per introduction, because each costs a MAC', async () => {
    await start();
    const opened = introduce();
    const stranger = await open();
    const wrong = encodeDatagram(hello(opened.id, 'a'), 'cd'.repeat(32));
    await flood(stranger, Array<Buffer>(400).fill(wrong));
    expect(rendezvous.counts.overQuota).to.be.greaterThan(100);
    expect(stranger.got).to.be.empty;
  });

  it('forgets an introduction some time after its last HELLO', async () => {
    await start({ ttlMs: 400 });
    const { opened, a, b, streams } = await relayed();
    while (rendezvous.counts.introductions > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(rendezvous.counts.relays).to.equal(0);
    await send(a, encodeDatagram(hello(opened.id, 'a', { relay: true }), opened.secret));
    await send(a, packet(streams.b, 'x'));
    await settled();
    expect([a.got, b.got]).to.deep.equal([[], []]);
  });

  it('ends introductions with either of their connections', async () => {
    await start();
    const [yoda, hans, luke] = [{}, {}, {}];
    introduce(yoda, hans);
    introduce(luke, yoda);
    introduce(luke, hans);
    rendezvous.closeAllOf(yoda);
    expect(rendezvous.counts.introductions).to.equal(1);
    rendezvous.closeAllOf(yoda);
    rendezvous.closeAllOf(hans);
    expect(rendezvous.counts.introductions).to.equal(0);
  });

  it('does not move a side to the source of a replayed HELLO', async () => {
    await start();
    const opened = introduce();
    const [a, b, thief] = [await open(), await open(), await open()];
    const streams = streamIds(opened.id);
    const captured = [1, 2, 3].map((last) =>
      encodeDatagram(hello(opened.id, 'a', { relay: true, counter: last }), opened.secret),
    );
    for (const bytes of captured) {
      await send(a, bytes);
      await a.next();
    }
    expect((await ask(b, opened, 'b', { relay: true })).relayed).to.equal(true);
    const { unproven } = rendezvous.counts;
    for (const bytes of captured) await send(thief, bytes);
    await settled();
    expect(rendezvous.counts.unproven).to.equal(unproven + 3);
    await send(b, packet(streams.a, 'to a'));
    expect((await a.next()).subarray(20).toString()).to.equal('to a');
    expect((await ask(a, opened, 'a', { relay: true, counter: 4 })).relayed).to.equal(true);
    await send(a, encodeDatagram(hello(opened.id, 'a', { counter: 0 }), opened.secret));
    await settled();
    expect([thief.got, a.got, rendezvous.counts.relays]).to.deep.equal([[], [], 1]);
  });

  it('keeps a client without HELLO counters at its first endpoint', async () => {
    await start();
    const opened = introduce();
    const [a, b, thief] = [await open(), await open(), await open()];
    const more = { relay: true, counter: 0 };
    await ask(a, opened, 'a', more);
    expect((await ask(b, opened, 'b', more)).relayed).to.equal(true);
    await send(thief, encodeDatagram(hello(opened.id, 'a', more), opened.secret));
    await settled();
    expect(thief.got).to.be.empty;
    expect((await ask(a, opened, 'a', more)).relayed).to.equal(true);
    await send(b, packet(streamIds(opened.id).a, 'to a'));
    expect((await a.next()).subarray(20).toString()).to.equal('to a');
  });

  it('keeps relays for others, even if one member and one source ask for many', async () => {
    await start({ maxRelays: 16 });
    const greedy = (member: string) => ({ member, source: 'one house' });
    const relays = async (holder: SlotHolder) => {
      const opened = introduce({}, {}, holder);
      const [a, b] = [await open(), await open()];
      await ask(a, opened, 'a', { relay: true });
      return (await ask(b, opened, 'b', { relay: true })).relayed;
    };
    for (let i = 0; i < 16; i++) await relays(greedy('yoda'));
    expect(rendezvous.counts.relays).to.equal(8);
    expect(rendezvous.canRelay(greedy('yoda'))).to.equal(false);
    expect(rendezvous.canRelay(greedy('luke'))).to.equal(true);
    for (let i = 0; i < 32; i++) await relays(greedy(`puppet ${i}`));
    expect(rendezvous.counts.relays).to.equal(12);
    expect(await relays({ member: 'hans', source: 'another house' })).to.equal(true);
  });

  it('keeps introductions for others, even if one member asks over many connections', async () => {
    await start({ maxIntroductions: 1000 });
    const yoda = { member: 'yoda', source: 'one house' };
    let opened = 0;
    for (let i = 0; i < 16; i++) {
      const asker = {};
      for (let j = 0; j < 64; j++) {
        try {
          introduce(asker, {}, yoda);
          opened += 1;
        } catch (thrown) {
          expect(thrown).to.include({ code: 'TOO_MANY_REQUESTS' });
        }
      }
    }
    expect(opened).to.equal(500);
    introduce({}, {}, { member: 'luke', source: 'one house' });
    introduce({}, {}, { member: 'hans', source: 'another house' });
  });

  it('limits the introductions of the requesting connection and of all, not of the requested one', async () => {
    await start({ maxIntroductions: 130 });
    const [asker, asked] = [{}, {}];
    for (let i = 0; i < 64; i++) introduce(asker, asked);
    const error = await refusal(() => introduce(asker, asked), 'TOO_MANY_REQUESTS');
    expect(error.data.retryAfterMs).to.equal(60_000);
    for (let i = 0; i < 66; i++) introduce({}, asked);
    await refusal(() => introduce(), 'TOO_MANY_REQUESTS');
    rendezvous.closeAllOf(asker);
    introduce(asker, asked);
  });

  it('survives 10,000 datagrams of strangers and malicious members', async () => {
    await start();
    const { opened, a, b, streams } = await relayed();
    const stranger = await open();
    const random = fc.uint8Array({ maxLength: 1400, size: 'max' });
    const ours = fc
      .tuple(fc.constantFrom(0x67, 0xff), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), random)
      .map(([magic, version, type, rest]) => Uint8Array.from([magic, version, type, 0, ...rest]));
    const known = random.map((rest) => Buffer.concat([packet(streams.b, '').subarray(0, 8), rest]));
    const before = rendezvous.counts;
    await flood(stranger, fc.sample(fc.oneof(random, ours, known), 10_000));
    expect(stranger.got).to.be.empty;
    expect(rendezvous.counts.unproven - before.unproven).to.equal(10_000);
    expect(rendezvous.counts.relayedBytes).to.equal(before.relayedBytes);
    await send(a, packet(streams.b, 'alive'));
    expect((await b.next()).subarray(20).toString()).to.equal('alive');
    expect((await ask(a, opened, 'a')).type).to.equal('seen');
  });

  it('accepts any body of a HELLO with a valid MAC, and never sends a longer reply', async () => {
    await start();
    const peer = await open();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 220, maxLength: 220 }), fc.nat(255), async (body, flags) => {
        const opened = introduce();
        const bytes = encodeDatagram(hello(opened.id, 'a'), opened.secret);
        bytes[3] = flags;
        bytes.set(body, 36);
        resign(bytes, opened.secret);
        await send(peer, bytes);
        const answer = await peer.next();
        expect(answer.length).to.be.at.most(bytes.length);
        expect(decodeDatagram(answer, opened.secret)?.type).to.equal('seen');
        const other = await ask(peer, opened, (flags & 1) === 0 ? 'b' : 'a');
        expect(other.otherLocal.length).to.be.at.most(4);
      }),
    );
  });

  it('writes IPv4 addresses as IPv4 if it listens on all addresses', async function () {
    if (!hasIPv6) skip(this, 'this machine has no IPv6');
    await start({}, { address: '::', port: 0 });
    const { a, b, opened, streams } = await relayed();
    expect((await ask(b, opened, 'b', { relay: true })).other).to.deep.equal({ address: '127.0.0.1', port: a.port });
    await send(a, packet(streams.b, 'across'));
    expect((await b.next()).subarray(20).toString()).to.equal('across');
  });

  it('introduces and relays over IPv6', async function () {
    if (!hasIPv6) skip(this, 'this machine has no IPv6');
    await start({}, { address: '::1', port: 0 });
    const opened = introduce();
    const [a, b] = [await open('::1'), await open('::1')];
    await ask(a, opened, 'a', { relay: true });
    const seen = await ask(b, opened, 'b', { relay: true });
    expect(seen).to.deep.include({ other: { address: '::1', port: a.port }, relayed: true });
    await send(a, packet(streamIds(opened.id).b, 'across'));
    expect((await b.next()).subarray(20).toString()).to.equal('across');
  });

  it('names UDP if the port is in use', async () => {
    await start();
    const another = new IntroductionServer({ maxRelays: 1, relayBytesPerSecond: 1024, log: SILENT });
    const error = await refusal(() => another.start(to), 'PORT_TAKEN');
    expect(error.message).to.match(new RegExp(`^UDP port ${to.port} on 127.0.0.1 is already in use`));
    await another.stop();
  });

  it('creates no introductions before start and after stop', async () => {
    await start();
    await rendezvous.stop();
    await refusal(() => introduce(), 'NOT_AVAILABLE');
  });
});
