import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ConnectionOffer } from '../../src/peer/connection-offer.ts';
import { type Identity, loadIdentity } from '../../src/peer/identity.ts';
import type { PeerChannel } from '../../src/peer/peer-channel.ts';
import { PeerTransport } from '../../src/peer/peer-transport.ts';
import type { Endpoint, IntroductionSide } from '../../src/protocol/datagram.ts';
import { IntroductionServer } from '../../src/server/introduction-server.ts';
import { temporaryFolder } from '../store/temporary.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('PeerTransport with a daemon', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let identities: Record<IntroductionSide, Identity>;
  let rendezvous: IntroductionServer;
  let daemon: Endpoint;
  const stops: (() => unknown)[] = [];

  before(async () => {
    folder = await temporaryFolder();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => loadIdentity(join(folder.path, `${name}.pem`))));
    identities = { a: a!, b: b! };
  });
  after(() => folder.remove());
  beforeEach(async () => {
    rendezvous = new IntroductionServer({ maxRelays: 8, relayBytesPerSecond: 64 << 20, log: SILENT });
    await rendezvous.start({ address: '127.0.0.1', port: 0 });
    daemon = { address: '127.0.0.1', port: Number(rendezvous.address.split(':')[1]) };
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await rendezvous.stop();
  });

  async function endpoint(side: IntroductionSide, at: Endpoint): Promise<PeerTransport> {
    const made = new PeerTransport({ identity: identities[side], daemon: at, punchMs: 200, handshakeMs: 8000 });
    await made.start();
    stops.push(() => made.stop());
    return made;
  }

  /** A NAT that lets only the daemon through. */
  async function symmetricNat(): Promise<Endpoint> {
    const [inner, outer]: Socket[] = [createSocket('udp4'), createSocket('udp4')];
    let host: Endpoint | undefined;
    inner!.on('message', (bytes, from) => {
      host = from;
      outer!.send(bytes, daemon.port, daemon.address);
    });
    outer!.on('message', (bytes, from) => {
      if (host && from.port === daemon.port) inner!.send(bytes, host.port, host.address);
    });
    for (const socket of [inner!, outer!]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      stops.push(() => socket.close());
    }
    return { address: '127.0.0.1', port: inner!.address().port };
  }

  async function meet(a: PeerTransport, b: PeerTransport): Promise<[PeerChannel, PeerChannel]> {
    const opened = rendezvous.introduce(a, b, { member: 'yoda', source: 'here' });
    const introduction = (side: IntroductionSide): ConnectionOffer => ({
      ...opened,
      side,
      member: side === 'a' ? 'yoda' : 'luke',
      key: identities[side === 'a' ? 'b' : 'a'].fingerprint,
      address: null,
      port: null,
      local: [],
      relay: true,
    });
    return Promise.all([a.connect(introduction('a')), b.connect(introduction('b'))]);
  }

  async function send([from, to]: readonly [PeerChannel, PeerChannel], bytes: number): Promise<void> {
    const content = randomBytes(bytes);
    const received: Buffer[] = [];
    to.duplex.on('data', (piece) => received.push(piece));
    const ended = once(to.duplex, 'end');
    from.duplex.end(content);
    await ended;
    expect(Buffer.concat(received).equals(content)).to.equal(true);
  }

  it('learns the endpoint of the other side', async () => {
    const channels = await meet(await endpoint('a', daemon), await endpoint('b', daemon));
    expect(channels.map(({ path }) => path)).to.not.include('relayed');
    await send(channels, 1_000_000);
  });

  it('is relayed if no direct path works', async () => {
    const ends = await Promise.all([endpoint('a', await symmetricNat()), endpoint('b', await symmetricNat())]);
    for (const end of ends) end.localEndpoints = () => []; // as if in different networks
    const channels = await meet(...(ends as [PeerTransport, PeerTransport]));
    expect(channels.map(({ path }) => path)).to.deep.equal(['relayed', 'relayed']);
    await send(channels, 1_000_000);
    expect(rendezvous.counts.relayedBytes).to.be.above(1_000_000);
  });
});
