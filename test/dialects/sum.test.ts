import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from '../server/wire.ts';
import { closing, sumLogs } from './clients.ts';
import { OldClient } from './old-client.ts';

/** What a legacy client sees: every byte until the end. */
async function exchange(address: string, ...chunks: (string | Buffer)[]): Promise<string> {
  const at = address.lastIndexOf(':');
  const socket = connect(Number(address.slice(at + 1)), address.slice(0, at)).setNoDelay();
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  socket.on('error', () => {}); // a reset is an end as well
  const closed = new Promise((resolve) => socket.once('close', resolve)); // `once` would reject on a reset
  await once(socket, 'connect');
  for (const chunk of chunks) {
    // Each write waits for the previous one, so that chunks stay separate.
    await new Promise<void>((resolve) => socket.write(chunk, () => setImmediate(resolve)));
  }
  await closed;
  return Buffer.concat(received).toString();
}

const ask = (number: unknown, name = 'Amirreza Yarahmadi Client') =>
  `{"client_name": ${JSON.stringify(name)}, "client_number": ${JSON.stringify(number)}}`;

describe('the legacy sum listener', () => {
  let daemon: DaemonFixture;
  let control: Client;
  let logged: { level: string; message: string }[];
  const start = async (more: Record<string, unknown> = {}) => {
    logged = [];
    const keep = (level: string) => (_: object, message: string) => void logged.push({ level, message });
    daemon = await DaemonFixture.start({
      config: { sumPort: 0, serverName: 'Amirreza Yarahmadi Server', ...more },
      log: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
    });
    control = await daemon.connect();
  };
  const listener = async () => (await control.call('admin.status', {})).listening.find(({ name }) => name === 'sum')!;
  const address = async () => (await listener()).address;
  const answered = async (...chunks: (string | Buffer)[]) => exchange(await address(), ...chunks);
  const ANSWER = /^\{"server_name": "Amirreza Yarahmadi Server", "server_number": (\d{1,3}), "sum": (\d{1,3})\}$/;
  const isAnswerTo = (number: number, bytes: string) => {
    const match = ANSWER.exec(bytes);
    expect(match, JSON.stringify(bytes)).not.to.equal(null);
    expect(Number(match![1])).to.be.within(1, 100);
    expect(Number(match![2])).to.equal(number + Number(match![1]));
  };

  describe('while it is open', () => {
    before(() => start({ limits: { helloMs: 300 } }));
    after(() => daemon.stop());
    afterEach(async () => expect((await listener()).state).to.equal('open'));

    it('replies byte for byte like the older program, then closes', async () => {
      for (const number of [25, 1, 100]) isAnswerTo(number, await answered(ask(number)));
    });

    it('logs the same three numbers as the client', async () => {
      const bytes = await answered(ask(25));
      const { server_number: own, sum } = JSON.parse(bytes) as { server_number: number; sum: number };
      const lines = logged.filter(({ level }) => level === 'info').map(({ message }) => message);
      expect(lines).to.include('Client Name: Amirreza Yarahmadi Client | Server Name: Amirreza Yarahmadi Server');
      expect(lines).to.include(`Client Number: 25 | Server Number: ${own} | Sum: ${sum}`);
      expect(lines).to.include(`Amirreza Yarahmadi Server Server started and listening on ${await address()}`);
    });

    it('joins an object from any chunks', async () => {
      const bytes = Buffer.from(ask(25, 'Vàng "miếng" \\ } { 😀'));
      isAnswerTo(25, await answered(...[...bytes].map((_, i) => bytes.subarray(i, i + 1))));
      for (const cut of [1, 17, 30, 40, bytes.length - 1]) {
        isAnswerTo(25, await answered(bytes.subarray(0, cut), bytes.subarray(cut)));
      }
    });

    it('answers the first of several objects, and ignores the rest', async () => {
      isAnswerTo(25, await answered(ask(25) + ask(0)));
      isAnswerTo(26, await answered(`${ask(26)}\n${ask(27)}\n`));
      isAnswerTo(27, await answered(`  \r\n\t${ask(27)} rest of the line`));
      isAnswerTo(28, await answered('{"client_name": "x", "more": {"a": [1, {}]}, "client_number": 28}'));
    });

    it('sanitises names in the log', async () => {
      isAnswerTo(3, await answered(ask(3, '\u001b[2J\u202ename\n')));
      expect(logged.map(({ message }) => message)).to.include(
        'Client Name: [2Jname | Server Name: Amirreza Yarahmadi Server',
      );
      expect(logged.filter(({ message }) => /\p{Cc}/u.test(message))).to.deep.equal([]);
    });

    for (const [what, bytes] of [
      ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
      ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x16, 0x03])],
      ['a list', '[25]'],
      ['a number', '25'],
      ['an object that is none', '{client_name: 25}'],
      ['an object without a number', '{"client_name": "x"}'],
      ['an object without a name', '{"client_number": 25}'],
      ['a number that is a text', ask('25')],
      ['an empty object', '{}'],
      ['no object', 'null'],
    ] as const) {
      it(`closes without a reply on ${what}`, async () => {
        expect(await answered(bytes)).to.equal('');
      });
    }

    for (const [what, bytes, reason] of [
      ['a huge object', `{"client_name": "${'x'.repeat(200_000)}`, 'A request may have at most 4096 bytes.'],
      ['a deep object', '{"a":'.repeat(100_000), 'A request may have at most 4096 bytes.'],
      ['white space for ever', ' '.repeat(10_000), 'A request may have at most 4096 bytes.'],
      ['half an object', '{"client_name": "x", "client_num', 'No request was received in time.'],
      ['half an escape', '{"client_name": "}\\', 'No request was received in time.'],
      ['nothing at all', '', 'No request was received in time.'],
    ] as const) {
      it(`closes on ${what}, with an object that the client can read`, async () => {
        const reply = await answered(bytes);
        expect(reply).to.equal(closing(reason));
        expect(sumLogs(reply, 25)).to.equal(`Server Name: ${reason} | Client Number: 25 | Server Number: 0 | Sum: 25`);
      });
    }

    it('closes on half an object whose sender has ended', async () => {
      const at = (await address()).split(':');
      const socket = connect(Number(at[1]), at[0]).on('error', () => {});
      socket.end('{"client_name": "x"').resume();
      await once(socket, 'close');
    });

    it('waits no longer for a slow sender than for a silent one', async () => {
      const at = (await address()).split(':');
      const socket = connect(Number(at[1]), at[0]).on('error', () => {});
      await once(socket, 'connect');
      socket.resume();
      const drip = setInterval(() => socket.write(' '), 20);
      await once(socket, 'close'); // would never happen if the time counted from the last byte
      clearInterval(drip);
    });

    it('serves many clients concurrently', async () => {
      const to = await address();
      const all = await Promise.all(Array.from({ length: 40 }, (_, i) => exchange(to, ask(i + 1))));
      for (const [i, bytes] of all.entries()) isAnswerTo(i + 1, bytes);
    });
  });

  describe('on a number out of range', () => {
    beforeEach(() => start());
    afterEach(() => daemon.stop());

    for (const number of [0, 101, -5, 2.5, 1e300]) {
      it(`${number} ends it without a reply, and the daemon continues`, async () => {
        const to = await address();
        expect(await exchange(to, ask(number))).to.equal('');
        expect(await listener()).to.deep.equal({ name: 'sum', address: to, state: 'terminated' });
        expect(logged).to.deep.include({
          level: 'warn',
          message: `Client int out of range: ${number}. Terminating the server.`,
        });
        const [host, port] = to.split(':');
        const refused = connect(Number(port), host);
        const error = await new Promise<NodeJS.ErrnoException>((resolve) => refused.once('error', resolve));
        expect(error.code).to.equal('ECONNREFUSED');
        const wire = await Wire.greet(daemon.address);
        wire.close();
        expect((await control.call('rates.list', {})).quotes).to.deep.equal([]);
      });
    }

    it('ends pending clients as well, with an object that they can read', async () => {
      const to = await address();
      const half = await OldClient.open(to, 1024);
      half.send('{"client_name"');
      const idle = await OldClient.open(to, 1024);
      await exchange(to, ask(0));
      for (const client of [half, idle]) {
        expect(await client.recv()).to.equal(closing('A number out of range has ended sum until the daemon restarts.'));
        await client.over();
      }
    });
  });

  it('is off by default', async () => {
    const fixture = await DaemonFixture.start();
    const { listening } = await (await fixture.connect()).call('admin.status', {});
    expect(listening.map(({ name }) => name)).not.to.include('sum');
    await fixture.stop();
  });

  it('is closed with the daemon', async () => {
    await start();
    const [host, port] = (await address()).split(':');
    const waiting = connect(Number(port), host).on('error', () => {});
    await once(waiting, 'connect');
    const client = await OldClient.open(await address(), 1024);
    const closed = once(waiting.resume(), 'close');
    await daemon.stop();
    await closed;
    expect(await client.recv()).to.equal(closing('The test is over.'));
    await client.over();
  });

  it('prevents the daemon from starting if its port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const error = await DaemonFixture.start({ config: { sumPort: port } }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AppError);
    expect((error as AppError).code).to.equal('PORT_TAKEN');
    expect((error as AppError).message).to.equal(
      `TCP port ${port} on 127.0.0.1 is already in use by another program. Change --sum-port.`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });
});
