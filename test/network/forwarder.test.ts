import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { Forwarder } from './forwarder.ts';

const HOST = '127.0.0.1';

describe('the datagram forwarder', () => {
  const sockets: Socket[] = [];
  let forwarder: Forwarder;

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await forwarder?.stop();
  });

  async function bound(): Promise<Socket> {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return socket;
  }

  it('forwards both ways, and learns the address of one side from its datagrams', async () => {
    const [near, far] = [await bound(), await bound()];
    const to = { address: HOST, port: far.address().port };
    forwarder = await Forwarder.start([{ a: { address: HOST }, b: { address: HOST, to }, shape: { delayMs: 1 } }]);
    const { a, b } = forwarder.ports[0]!;
    near.send('there', a, HOST);
    const [there, from] = await once(far, 'message');
    expect(`${there}`).to.equal('there');
    expect(from.port).to.equal(b);
    far.send('and back', b, HOST);
    const [back] = await once(near, 'message');
    expect(`${back}`).to.equal('and back');
  });

  it('drops datagrams beyond its queue', async () => {
    const [near, far] = [await bound(), await bound()];
    const to = { address: HOST, port: far.address().port };
    const shape = { bytesPerSecond: 20_000, queueBytes: 5000 };
    forwarder = await Forwarder.start([{ a: { address: HOST }, b: { address: HOST, to }, shape }]);
    let heard = 0;
    far.on('message', () => heard++);
    const SENT = 100;
    for (let i = 0; i < SENT; i++) near.send(Buffer.alloc(972), forwarder.ports[0]!.a, HOST);
    let [there] = await forwarder.counts();
    while (there!.taken < SENT || there!.taken > there!.delivered + there!.overflowed)
      [there] = await forwarder.counts();
    expect(there!.overflowed).to.be.at.least(50);
    expect(there!.delivered).to.be.at.least(5);
    while (heard < there!.delivered) await once(far, 'message');
  });
});
