import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { isResumableError } from '../../src/peer/connection-errors.ts';
import type { ConnectionOffer } from '../../src/peer/connection-offer.ts';
import { type Identity, loadIdentity } from '../../src/peer/identity.ts';
import type { PeerChannel } from '../../src/peer/peer-channel.ts';
import { PeerTransport, type PeerTransportSettings } from '../../src/peer/peer-transport.ts';
import {
  type Endpoint,
  encodeDatagram,
  type HelloDatagram,
  type IntroductionSide,
  type SeenDatagram,
  STREAM_MAGIC,
} from '../../src/protocol/datagram.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../store/temporary.ts';
import { TestRendezvous } from './rendezvous.ts';
import { Router } from './router.ts';

interface Peer {
  readonly key: string;
  readonly endpoint: PeerTransport;
}

describe('PeerTransport', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let identities: Record<IntroductionSide, Identity>;
  let rendezvous: TestRendezvous;
  let endpoints: PeerTransport[];

  before(async () => {
    folder = await temporaryFolder();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => loadIdentity(join(folder.path, `${name}.pem`))));
    identities = { a: a!, b: b! };
  });
  after(() => folder.remove());
  beforeEach(async () => {
    endpoints = [];
    rendezvous = new TestRendezvous();
    await rendezvous.start();
  });
  afterEach(async () => {
    await Promise.all(endpoints.map((endpoint) => endpoint.stop()));
    rendezvous.stop();
  });

  async function peer(side: IntroductionSide, settings: Partial<PeerTransportSettings> = {}): Promise<Peer> {
    const endpoint = new PeerTransport({
      identity: identities[side],
      daemon: rendezvous.place,
      punchMs: 200,
      handshakeMs: 8000,
      ...settings,
    });
    endpoints.push(endpoint);
    await endpoint.start();
    return { endpoint, key: identities[side].fingerprint };
  }

  async function meet(
    a: Peer,
    b: Peer,
    { a: forA, b: forB }: Record<IntroductionSide, ConnectionOffer>,
  ): Promise<[PeerChannel, PeerChannel]> {
    return Promise.all([a.endpoint.connect(forA), b.endpoint.connect(forB)]);
  }

  /** Sends a number of bytes each way concurrently, and compares. */
  async function exchange([a, b]: readonly PeerChannel[], bytes: number): Promise<void> {
    await Promise.all(
      [
        [a!, b!],
        [b!, a!],
      ].map(async ([from, to]) => {
        const content = randomBytes(bytes);
        const received: Buffer[] = [];
        let length = 0;
        const all = new Promise<void>((resolve) => {
          to!.duplex.on('data', (piece: Buffer) => {
            received.push(piece);
            length += piece.length;
            if (length >= bytes) resolve();
          });
        });
        from!.duplex.write(content);
        await all;
        expect(hash(Buffer.concat(received))).to.equal(hash(content));
      }),
    );
  }

  describe('connects', () => {
    it('within one machine at once, and reports LAN', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      let channels: PeerChannel[] = [];
      let best = Number.POSITIVE_INFINITY; // others use the machine too
      for (let i = 0; i < 5; i++) {
        const started = performance.now();
        channels = await meet(a, b, rendezvous.introduce(a, b));
        best = Math.min(best, performance.now() - started);
      }
      expect(best).to.be.below(60);
      expect(channels.map(({ path }) => path)).to.deep.equal(['lan', 'lan']);
      expect(channels.map(({ member }) => member)).to.deep.equal(['yoda', 'luke']);
      expect(channels.map(({ key }) => key)).to.deep.equal([b.key, a.key]);
      await exchange(channels, 3_000_000);
    });

    it('if one side starts a little later', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      for (const late of ['a', 'b'] as const) {
        const both = rendezvous.introduce(a, b);
        const { hellos } = rendezvous;
        const first = late === 'b' ? a.endpoint.connect(both.a) : b.endpoint.connect(both.b);
        while (rendezvous.hellos < hellos + 2) await new Promise(setImmediate);
        const second = late === 'b' ? b.endpoint.connect(both.b) : a.endpoint.connect(both.a);
        expect((await Promise.all([first, second])).map(({ path }) => path)).to.deep.equal(['lan', 'lan']);
      }
    });

    it('by the observed endpoint, if the introduction names none', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const channels = await meet(a, b, rendezvous.introduce(a, b, { hidden: true, relay: false }));
      await exchange(channels, 1000);
    });

    it("at another daemon of the cluster, with that daemon's observation and relay", async () => {
      const other = new TestRendezvous();
      await other.start();
      const [a, b] = [await peer('a'), await peer('b', { daemon: other.place })];
      const atTheFirst = ({ a: forA, b: forB }: Record<IntroductionSide, ConnectionOffer>) => ({
        a: forA,
        b: { ...forB, daemon: { ...rendezvous.place, address: 'localhost' } },
      });
      const straight = await meet(a, b, atTheFirst(rendezvous.introduce(a, b, { hidden: true, relay: false })));
      expect(other.hellos).to.equal(0);
      await exchange(straight, 1000);
      rendezvous.hides = true;
      const relayed = await meet(a, b, atTheFirst(rendezvous.introduce(a, b, { hidden: true })));
      expect(relayed.map(({ path }) => path)).to.deep.equal(['relayed', 'relayed']);
      await exchange(relayed, 100_000);
      const far = { ...rendezvous.introduce(a, b).a, daemon: { address: '2001:db8::1', port: 4000 } };
      const refused = await a.endpoint.connect(far).catch((thrown: Error) => thrown);
      expect((refused as Error).message).to.include('2001:db8::1');
      other.stop();
    });

    it('through NATs, each side seeing another endpoint than the real one, and reports direct', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const router = await between(a, b);
      rendezvous.hides = true;
      const channels = await meet(
        a,
        b,
        throughRouter(rendezvous.introduce(a, b, { relay: false, hidden: true }), router),
      );
      expect(channels.map(({ path }) => path)).to.deep.equal(['direct', 'direct']);
      await exchange(channels, 1_000_000);
      router.stop();
    });

    it('if any of the probes are lost', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const router = await between(a, b);
      rendezvous.hides = true;
      for (const pattern of [[0], [1], [2], [0, 1, 2], [1, 2, 3, 4]]) {
        for (const loser of ['a', 'b', 'both'] as const) {
          const count = { a: 0, b: 0 };
          router.loses = (bytes, from) => {
            if (bytes[0] === 0xff) return false;
            const lost = pattern.includes(count[from]) && (loser === 'both' || loser === from);
            count[from]++;
            return lost;
          };
          const both = throughRouter(rendezvous.introduce(a, b, { relay: false, hidden: true }), router);
          const channels = await meet(a, b, both);
          expect(channels.map(({ path }) => path)).to.deep.equal(['direct', 'direct']);
          for (const channel of channels) channel.close();
        }
      }
      router.stop();
    });

    it('through the relay, if no probes arrive', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      rendezvous.hides = true;
      const channels = await meet(a, b, rendezvous.introduce(a, b, { hidden: true }));
      expect(channels.map(({ path }) => path)).to.deep.equal(['relayed', 'relayed']);
      const { relayed } = rendezvous;
      await exchange(channels, 500_000);
      expect(rendezvous.relayed - relayed).to.be.above(600);
    });

    it('fifty times concurrently over one socket', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          i % 2 ? meet(a, b, rendezvous.introduce(a, b)) : meet(b, a, rendezvous.introduce(b, a)),
        ),
      );
      await Promise.all(all.map((channels) => exchange(channels, 50_000)));
    });
  });

  describe('refuses', () => {
    it('a key other than that from the daemon, on both sides and before any content', async () => {
      for (const wronged of ['a', 'b'] as const) {
        const [a, b] = [await peer('a'), await peer('b')];
        const both = rendezvous.introduce(a, b);
        both[wronged] = { ...both[wronged], key: 'ab'.repeat(32) };
        const failures = await Promise.all([failed(a.endpoint.connect(both.a)), failed(b.endpoint.connect(both.b))]);
        for (const failure of failures) {
          expect(failure).to.be.instanceOf(AppError).and.to.include({ code: 'NOT_ALLOWED' });
          expect(isResumableError(failure)).to.equal(false);
        }
      }
    });

    it('to answer without the secret', async () => {
      const [a, b] = [await peer('a', { handshakeMs: 500 }), await peer('b', { handshakeMs: 500 })];
      const both = rendezvous.introduce(a, b);
      both.b = { ...both.b, secret: '00'.repeat(32) };
      const failures = await Promise.all([failed(a.endpoint.connect(both.a)), failed(b.endpoint.connect(both.b))]);
      expect(failures.map(({ code }) => code)).to.deep.equal(['TOO_SLOW', 'TOO_SLOW']);
    });

    it('the same introduction twice', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const both = rendezvous.introduce(a, b);
      const first = meet(a, b, both);
      expect(await failed(a.endpoint.connect(both.a))).to.include({ code: 'CONFLICT' });
      await first;
    });

    it('a port in use', async () => {
      const { endpoint } = await peer('a', { host: '127.0.0.1' });
      const second = new PeerTransport({
        identity: identities.b,
        daemon: rendezvous.place,
        host: '127.0.0.1',
        port: endpoint.port,
      });
      expect(await failed(second.start())).to.include({ code: 'PORT_TAKEN' });
    });
  });

  describe('cannot be aimed at third parties', () => {
    /** Sockets of third parties, in a network that the endpoints of these tests are not in. */
    async function strangers(
      context: Mocha.Context,
    ): Promise<{ places: Endpoint[]; count: () => number; stop(): void }> {
      const outer = Object.values(networkInterfaces())
        .flatMap((infos) => infos ?? [])
        .find(({ family, internal }) => family === 'IPv4' && !internal);
      if (!outer) skip(context, 'this machine has only loopback addresses');
      let got = 0;
      const sockets = Array.from({ length: 4 }, () => createSocket('udp4'));
      for (const socket of sockets) {
        socket.on('message', () => {
          got += 1;
        });
        socket.bind(0, outer.address);
        await once(socket, 'listening');
      }
      return {
        places: sockets.map((socket) => ({ address: outer.address, port: socket.address().port })),
        count: () => got,
        stop: () => {
          for (const socket of sockets) socket.close();
        },
      };
    }

    it('by addresses that a member claims, to the daemon or to the other side', async function () {
      const { places, count, stop } = await strangers(this);
      const a = await peer('a', { handshakeMs: 1000 });
      const evil = createSocket('udp4').bind(0, '127.0.0.1');
      await once(evil, 'listening');
      const named = { port: evil.address().port, localEndpoints: () => places } as unknown as PeerTransport;
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          const { a: forA, b: forB } = rendezvous.introduce(a, { key: identities.b.fingerprint, endpoint: named });
          const { id, secret } = forB;
          const hello: HelloDatagram = { type: 'hello', id, side: 'b', relay: false, local: places, counter: 1 };
          evil.send(encodeDatagram(hello, secret), rendezvous.place.port, '127.0.0.1');
          // Messages of the daemon are authenticated with a secret that the other side knows, too.
          const seen = { address: '127.0.0.1', port: a.endpoint.port };
          for (const other of places) {
            const forged: SeenDatagram = {
              type: 'seen',
              id,
              side: 'a',
              seen,
              other,
              otherLocal: places,
              relayed: false,
            };
            setImmediate(() => evil.send(encodeDatagram(forged, secret), a.endpoint.port, '127.0.0.1'));
          }
          await failed(a.endpoint.connect(forA));
        }),
      );
      evil.close();
      stop();
      expect(count()).to.equal(0);
    });

    it('by an endpoint that answers once and then falls silent: it gets few packets of the stream', async () => {
      const a = await peer('a', { handshakeMs: 4000 });
      const b = await peer('b', { handshakeMs: 4000 });
      for (const side of ['a', 'b'] as const) {
        const silent = createSocket('udp4').bind(0, '127.0.0.1');
        await once(silent, 'listening');
        let packets = 0;
        silent.on('message', (bytes) => {
          if (bytes[0] === STREAM_MAGIC) packets += 1;
        });
        const { endpoint } = side === 'a' ? a : b;
        const introduction = rendezvous.introduce(a, b, { hidden: true, relay: false })[side];
        const { id, secret } = introduction;
        const result = failed(endpoint.connect(introduction));
        const probe = encodeDatagram({ type: 'probe', id, side: side === 'a' ? 'b' : 'a', heard: true }, secret);
        silent.send(probe, endpoint.port, '127.0.0.1');
        expect(await result).to.include({ code: 'TOO_SLOW' });
        expect(packets).to.be.within(1, 25);
        silent.close();
      }
    });
  });

  describe('gives up', () => {
    it('in time, if nobody answers and if no path works', async () => {
      const [a, b] = [await peer('a', { handshakeMs: 400 }), await peer('b', { handshakeMs: 400 })];
      const alone = await failed(a.endpoint.connect(rendezvous.introduce(a, b).a));
      expect(alone).to.include({ code: 'TOO_SLOW' });
      expect(alone.message).to.include('yoda');
      rendezvous.hides = true;
      const both = rendezvous.introduce(a, b, { hidden: true, relay: false });
      const failures = await Promise.all([failed(a.endpoint.connect(both.a)), failed(b.endpoint.connect(both.b))]);
      expect(failures.map(({ code }) => code)).to.deep.equal(['NOT_AVAILABLE', 'NOT_AVAILABLE']);
      expect(failures.every(isResumableError)).to.equal(true);
    });

    it('when it is cancelled, before or during the attempt', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const { a: introduction } = rendezvous.introduce(a, b);
      expect(await failed(a.endpoint.connect(introduction, AbortSignal.abort()))).to.include({ code: 'NOT_AVAILABLE' });
      const controller = new AbortController();
      const pending = failed(a.endpoint.connect(introduction, controller.signal));
      while (rendezvous.hellos === 0) await new Promise(setImmediate);
      controller.abort();
      expect((await pending).message).to.include('cancelled');
    });

    it('when it is stopped, with all channels', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const [channel, other] = await meet(a, b, rendezvous.introduce(a, b));
      const pending = failed(a.endpoint.connect(rendezvous.introduce(a, b).a));
      const ended = [channel, other].map(({ duplex }) => once(duplex, 'error'));
      await a.endpoint.stop();
      expect(await pending).to.include({ code: 'NOT_AVAILABLE' });
      for (const [error] of await Promise.all(ended)) expect(isResumableError(error)).to.equal(true);
      expect(await failed(a.endpoint.connect(rendezvous.introduce(a, b).a))).to.include({ code: 'NOT_AVAILABLE' });
    });

    it('when it is stopped, after the last bytes of closing channels', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const [channel, other] = await meet(a, b, rendezvous.introduce(a, b));
      const content = randomBytes(500_000);
      const received: Buffer[] = [];
      other.duplex.on('data', (piece) => received.push(piece));
      const ended = once(other.duplex, 'end');
      channel.duplex.write(content);
      channel.close();
      await a.endpoint.stop();
      await ended;
      expect(Buffer.concat(received).equals(content)).to.equal(true);
    });
  });

  describe('a channel', () => {
    it('closes on both sides without an error, with all of its content', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      for (const hidden of [false, true]) {
        rendezvous.hides = hidden;
        const [from, to] = await meet(a, b, rendezvous.introduce(a, b, { hidden }));
        const content = randomBytes(1_000_000);
        const received: Buffer[] = [];
        const errors: unknown[] = [];
        for (const { duplex } of [from, to]) duplex.on('error', (error) => errors.push(error));
        to.duplex.on('data', (piece) => received.push(piece));
        const closed = Promise.all([once(from.duplex, 'close'), once(to.duplex, 'close')]);
        to.duplex.on('end', () => to.close());
        from.duplex.write(content);
        from.close();
        await closed;
        expect(hash(Buffer.concat(received))).to.equal(hash(content));
        expect(errors).to.deep.equal([]);
      }
    });

    it('ends two seconds after the close, even if the other side continues', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const [from, to] = await meet(a, b, rendezvous.introduce(a, b));
      to.duplex.resume();
      const closed = [from, to].map(({ duplex }) => once(duplex, 'close'));
      from.close();
      const started = performance.now();
      await Promise.all(closed);
      expect(performance.now() - started).to.be.below(4000);
    });

    it('ends with a retryable error if the other side dies or hangs', async () => {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const a = await peer('a', { silenceMs: 1000 });
        const { child, key, port } = await spawnPeer();
        try {
          const localEndpoints = () => [{ address: '127.0.0.1', port }];
          const both = rendezvous.introduce(a, { key, endpoint: { port, localEndpoints } as unknown as PeerTransport });
          const ready = once(child, 'message');
          child.send(both.b);
          const { duplex } = await a.endpoint.connect(both.a);
          await ready;
          duplex.resume();
          const lost = once(duplex, 'error');
          child.kill(signal);
          const started = performance.now();
          const [error] = await lost;
          expect(isResumableError(error)).to.equal(true);
          expect(performance.now() - started).to.be.within(500, 5000);
        } finally {
          child.kill('SIGKILL');
        }
      }
    });

    it('disconnects a sender whose data nobody reads', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const [from, to] = await meet(a, b, rendezvous.introduce(a, b));
      const cut = once(to.duplex, 'error');
      const gone = once(from.duplex, 'error');
      const piece = Buffer.alloc(1 << 20);
      const write = () => {
        while (!from.duplex.destroyed && from.duplex.write(piece));
      };
      from.duplex.on('drain', write);
      write();
      expect((await cut)[0])
        .to.be.instanceOf(AppError)
        .and.to.include({ code: 'TOO_LARGE' });
      expect((await gone)[0]).to.include({ code: 'NOT_AVAILABLE' });
    });

    it('never delivers modified data', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const router = await between(a, b);
      rendezvous.hides = true;
      const channels = await meet(
        a,
        b,
        throughRouter(rendezvous.introduce(a, b, { relay: false, hidden: true }), router),
      );
      const errors: unknown[][] = [[], []];
      for (const [i, { duplex }] of channels.entries()) duplex.on('error', (error) => errors[i]!.push(error));
      const content = randomBytes(500_000);
      const received: Buffer[] = [];
      channels[1].duplex.on('data', (piece) => received.push(piece));
      router.loses = (bytes, from) => {
        if (from === 'a' && bytes.length > 1000) bytes[bytes.length - 1]! ^= 1;
        return false;
      };
      const closed = Promise.all(channels.map(({ duplex }) => new Promise((resolve) => duplex.once('close', resolve))));
      channels[0].duplex.write(content);
      await closed;
      const whole = Buffer.concat(received);
      expect(whole.equals(content.subarray(0, whole.length))).to.equal(true);
      for (const side of errors) {
        expect(side).to.have.length(1);
        expect(isResumableError(side[0])).to.equal(true);
      }
      router.stop();
    });

    it('stays open while it is idle', async () => {
      const [a, b] = [await peer('a', { silenceMs: 500 }), await peer('b', { silenceMs: 500 })];
      const channels = await meet(a, b, rendezvous.introduce(a, b));
      const errors: unknown[] = [];
      for (const { duplex } of channels) duplex.on('error', (error) => errors.push(error));
      await new Promise((resolve) => setTimeout(resolve, 1500)); // three times the time-out of a dead channel
      await exchange(channels, 1000);
      expect(errors).to.deep.equal([]);
    });

    it('ignores ten thousand datagrams of strangers', async () => {
      const [a, b] = [await peer('a'), await peer('b')];
      const both = rendezvous.introduce(a, b);
      const channels = await meet(a, b, both);
      const stranger = createSocket('udp4');
      const heads = [
        Buffer.alloc(0),
        Buffer.from([0xff, 1]),
        Buffer.from([0xff, 1, 0xff, 0]),
        Buffer.from([0x67, 1, 3, 0]),
        Buffer.concat([Buffer.from([0x67, 1, 3, 8]), Buffer.from(both.a.id, 'hex')]),
        Buffer.concat([Buffer.from([0x67, 1, 2, 1]), Buffer.from(both.b.id, 'hex')]),
      ];
      const flood = (async () => {
        for (let i = 0; i < 10_000; i++) {
          const bytes = Buffer.concat([heads[i % heads.length]!, randomBytes(i % 300)]);
          const { port } = (i % 2 ? a : b).endpoint;
          await new Promise((resolve) => stranger.send(bytes, port, '127.0.0.1', resolve));
        }
      })();
      await Promise.all([flood, exchange(channels, 8_000_000)]);
      stranger.close();
    });
  });

  it('leaves nothing that keeps the process alive', async () => {
    const a = await peer('a');
    const { child, key, port } = await spawnPeer();
    try {
      const localEndpoints = () => [{ address: '127.0.0.1', port }];
      const both = rendezvous.introduce(a, { key, endpoint: { port, localEndpoints } as unknown as PeerTransport });
      const ready = once(child, 'message');
      child.send(both.b);
      await Promise.all([a.endpoint.connect(both.a), ready]);
      const exited = once(child, 'exit');
      child.send('stop');
      expect(await exited).to.deep.equal([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  async function spawnPeer(): Promise<{ child: ChildProcess; key: string; port: number }> {
    const child = fork(join(import.meta.dirname, 'peer-process.js'));
    const ready = once(child, 'message');
    child.send({ file: join(folder.path, 'b.pem'), daemon: rendezvous.place });
    const [{ key, port }] = (await ready) as [{ key: string; port: number }];
    return { child, key, port };
  }

  async function between(a: Peer, b: Peer): Promise<Router> {
    const router = new Router();
    const at = ({ endpoint }: Peer) => ({ address: '127.0.0.1', port: endpoint.port });
    await router.start({ a: at(a), b: at(b) });
    return router;
  }

  function throughRouter(
    { a, b }: Record<IntroductionSide, ConnectionOffer>,
    router: Router,
  ): Record<IntroductionSide, ConnectionOffer> {
    return { a: { ...a, ...router.faces('a') }, b: { ...b, ...router.faces('b') } };
  }
});

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function failed(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown as AppError;
}
