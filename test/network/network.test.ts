import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { skip } from '../skip.ts';
import { type Machine, Network, noNetwork } from './network.ts';

const SOCKET = fileURLToPath(new URL('datagram-process.js', import.meta.url));

interface Heard {
  readonly text: string;
  readonly from: string;
}

/** A UDP socket on a machine. */
class Socket {
  readonly process: ChildProcess;
  readonly port: Promise<number>;
  readonly #heard: AsyncIterator<[Heard]>;

  constructor(machine: Machine, port = 0) {
    this.process = machine.fork(SOCKET, [`${port}`]);
    this.port = once(this.process, 'message').then(([message]) => (message as { port: number }).port);
    this.#heard = on(this.process, 'message') as AsyncIterator<[Heard]>;
  }

  send(text: string, address: string, port: number): void {
    this.process.send({ text, address, port });
  }

  async next(): Promise<Heard> {
    const { value } = await this.#heard.next();
    const [heard] = value as [Heard];
    return 'text' in heard ? heard : this.next();
  }
}

describe('a test network', function () {
  this.timeout(30_000);
  let network: Network;

  before(function () {
    const missing = noNetwork({ nat: true });
    if (missing !== undefined) skip(this, missing);
  });

  beforeEach(() => {
    network = new Network();
  });

  afterEach(() => network?.remove());

  it('puts machines behind a cone NAT, with one outer port for all, or a symmetric one, with several', async () => {
    const internet = network.internet();
    const [cone] = network.behind('cone', 'cone');
    const [symmetric] = network.behind('symmetric', 'symmetric');
    const servers = [new Socket(internet), new Socket(internet)];
    const ports = await Promise.all(servers.map(({ port }) => port));
    for (const [machine, same] of [
      [cone!, true],
      [symmetric!, false],
    ] as const) {
      const socket = new Socket(machine);
      await socket.port;
      const seen: string[] = [];
      for (const [i, port] of ports.entries()) {
        socket.send('hello', internet.address, port);
        seen.push((await servers[i]!.next()).from);
      }
      expect(seen[0] === seen[1], `${machine.name}: ${seen.join(', ')}`).to.equal(same);
      const [address, port] = seen[0]!.split(':') as [string, string];
      // Unrequested packets stay outside, replies come in.
      servers[1]!.send('unasked', address, same ? Number(port) + 1 : Number(port));
      servers[0]!.send('answer', address, Number(port));
      expect(await socket.next()).to.deep.equal({ text: 'answer', from: `${internet.address}:${ports[0]}` });
    }
  });

  it('lets machines of one network reach each other without their router', async () => {
    const [first, second] = network.behind('symmetric', 'home', 2) as [Machine, Machine];
    const [here, there] = [new Socket(first), new Socket(second)];
    await here.port;
    here.send('hello', second.address, await there.port);
    expect((await there.next()).from).to.equal(`${first.address}:${await here.port}`);
  });

  it('loses and reorders packets on a link as configured', async () => {
    const [left, right] = [network.machine('left'), network.machine('right')];
    const forwarder = await network.link({
      a: { machine: left, address: '10.80.0.1/24', device: 'shaped' },
      b: { machine: right, address: '10.80.0.2/24', device: 'shaped' },
      shape: { bytesPerSecond: 1_000_000, delayMs: 5, loss: 0.2, swaps: 0.1, jitterMs: 20 },
    });
    const [here, there] = [new Socket(left), new Socket(right)];
    const port = await there.port;
    await here.port;
    const SENT = 200;
    for (let i = 0; i < SENT; i++) here.send(`${i}`, right.address, port);
    let counts = (await forwarder.counts())[0]!;
    while (counts.delivered + counts.lost < counts.taken || counts.taken < SENT)
      counts = (await forwarder.counts())[0]!;
    const heard: number[] = [];
    while (heard.length < counts.delivered - (counts.taken - SENT)) heard.push(Number((await there.next()).text));
    expect(counts.lost).to.be.within(20, 60);
    expect(counts.swapped).to.be.within(5, 40);
    expect(heard).to.not.deep.equal(heard.toSorted((a, b) => a - b));
    expect(new Set(heard).size).to.equal(heard.length);
  });

  it('leaves nothing behind', async () => {
    const names = ['a', 'b'].map((name) => network.machine(name).namespace);
    new Socket(network.machine('c'));
    const listed = () => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    for (const name of names) expect(listed()).to.include(name);
    await network.remove();
    for (const name of names) expect(listed()).to.not.include(name);
  });
});
