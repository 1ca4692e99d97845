import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';

describe('TcpListener', () => {
  let daemon: DaemonFixture;

  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { connectionsPerAddress: 2 } } });
  });
  after(() => daemon.stop());

  it('does not count clients that disconnect without sending anything', async () => {
    const port = Number(daemon.address.split(':').at(-1));
    for (let i = 0; i < 5; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.resume().end();
      await once(socket, 'close'); // the daemon closes its side as well
    }
    const client = await daemon.connectAfar();
    expect(client.hello.protocol).to.equal(1);
  });
});
