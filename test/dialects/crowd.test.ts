import { expect } from 'chai';
import type { LegacyServices } from '../../src/dialects/legacy-protocol.ts';
import { LegacyServer } from '../../src/dialects/legacy-server.ts';
import { Accounts } from '../../src/room/accounts.ts';
import { AddressBans } from '../../src/room/address-bans.ts';
import { LoginThrottle } from '../../src/room/login-throttle.ts';
import { PasswordHasher } from '../../src/room/password-hasher.ts';
import { Presence } from '../../src/room/presence.ts';
import type { ClientConnection } from '../../src/server/client-connection.ts';
import { ConnectionLimiter } from '../../src/server/connection-limiter.ts';
import { ConnectionRegistry } from '../../src/server/connection-registry.ts';
import { ReadScheduler, type ScheduledReader } from '../../src/server/read-scheduler.ts';
import { WorkBudget } from '../../src/server/work-budget.ts';
import { CHEAP } from '../credentials.ts';
import { Room } from '../room/room.ts';
import { SUFFIX } from './clients.ts';
import { OldClient } from './old-client.ts';

const CLIENTS = 200;
const ROUNDS = 50;

const log = { debug() {}, info() {}, warn() {}, error() {} };
const MANY = 1_000_000;
const limits = {
  ...{ lineBytes: 65_536, postCharacters: 4096, callsPerSecond: MANY, callsBurst: MANY, connections: MANY },
  ...{ connectionsPerAddress: MANY, helloMs: 60_000, signInMs: 60_000, pingMs: 30_000, queueSoftBytes: MANY },
  ...{ queueHardBytes: MANY, stallMs: 10_000, signUpsPerHour: MANY, signUpsInAllPerHour: MANY },
};

/** The room of the daemon, with cheap password hashes: two hundred real ones would take half a minute. */
function roomOf(
  { engine, view, rates, forum, files, daemons }: Room,
  passwords = new PasswordHasher({ cost: CHEAP, limit: MANY }),
): LegacyServices {
  const { journal, bus } = engine;
  const now = () => Date.now();
  const lockout = new LoginThrottle({ attempts: 3, now: () => performance.now() });
  return {
    accounts: new Accounts({ journal, readModel: view, hasher: passwords, throttle: lockout, now, limits, log }),
    addressBans: new AddressBans({ journal, readModel: view, now }),
    connectionLimiter: new ConnectionLimiter({ limits, log }),
    budget: new WorkBudget(limits),
    scheduler: new ReadScheduler(),
    presence: new Presence<ClientConnection>({ bus, cluster: daemons, now, idleMs: 300_000 }),
    connections: new ConnectionRegistry(),
    serverName: 'goldctl',
    catchUp: () => undefined,
    ...{ view, rates, forum, files, limits, log, now },
  };
}

describe('many legacy forum clients', function () {
  this.timeout(120_000);
  let room: Room;
  let dialects: LegacyServer;
  let place: string;
  before(async () => {
    room = await Room.open();
    const services = roomOf(room);
    const rows = Array.from({ length: CLIENTS }, (_, i) => ({ name: `member${i}`, password: 'secret' }));
    await services.accounts.importAccounts(rows);
    dialects = new LegacyServer([{ dialect: 'forum', host: '127.0.0.1', port: 0, setting: 'dialects' }], services);
    await dialects.start();
    place = dialects.status[0]!.address;
  });
  after(async () => {
    await dialects.stop('The test is over.');
    await room.close();
  });

  it(`get their own replies: ${CLIENTS} of them post and read ${ROUNDS} times each`, async () => {
    const numbers = new Set<number>();
    const visit = async (_: unknown, i: number) => {
      const name = `member${i}`;
      const client = await OldClient.open(place, 1024);
      expect(await client.recv()).to.equal('Please enter your username:');
      expect(await client.ask(name)).to.equal('Please enter your password:');
      expect(await client.ask('secret')).to.equal(`Welcome ${name}!${SUFFIX}`);
      client.send('6666');
      for (let round = 0; round < ROUNDS; round++) {
        const posted = await client.ask(`MSG ${name} ${round}`);
        const [, number, at] = /^Message #(\d+) posted at ([^\n]+)\nEnter one of/.exec(posted)!;
        numbers.add(Number(number));
        const read = await client.ask(`RDM ${at}`);
        expect(read).to.match(/^Read message successfully\. The new message is:\n(#\d+; member\d+: "[^"\n]+" .+\.\n)+/);
      }
      expect(await client.ask('OUT')).to.equal(`Successfully disconnted with the server. See ya ${name}!`);
      await client.over();
    };
    await Promise.all(Array.from({ length: CLIENTS }, visit));
    expect(numbers.size).to.equal(CLIENTS * ROUNDS);
    expect(room.view.posts.newestNumber).to.equal(CLIENTS * ROUNDS);
    for (const number of numbers) expect(room.view.posts.get(number)?.text).to.match(/^member\d+ \d+$/);
  });
});

describe('legacy clients of one address that sign in concurrently', () => {
  it('wait for their turn, even if more wait than one address may have', async () => {
    const room = await Room.open();
    const services = roomOf(room, new PasswordHasher());
    const dialects = new LegacyServer(
      [{ dialect: 'forum', host: '127.0.0.1', port: 0, setting: 'dialects' }],
      services,
    );
    await dialects.start();
    try {
      const names = Array.from({ length: 12 }, (_, i) => `member${i}`);
      await services.accounts.importAccounts(names.map((name) => ({ name, password: 'secret' })));
      const place = dialects.status[0]!.address;
      const clients = await Promise.all(names.map(() => OldClient.open(place, 1024)));
      await Promise.all(clients.map((client) => client.recv()));
      await Promise.all(clients.map((client, i) => client.ask(names[i]!)));
      const replies = await Promise.all(clients.map((client) => client.ask('secret')));
      expect(replies).to.deep.equal(names.map((name) => `Welcome ${name}!${SUFFIX}`));
    } finally {
      await dialects.stop('The test is over.');
      await room.close();
    }
  });
});

describe('LegacyConnection', () => {
  it('takes a turn of the shared scheduler for each request, paid by its address and then by its member', async () => {
    const room = await Room.open();
    const payers: string[] = [];
    class RecordingScheduler extends ReadScheduler {
      override schedule(reader: ScheduledReader): void {
        payers.push(reader.payer);
        super.schedule(reader);
      }
    }
    const services = { ...roomOf(room), scheduler: new RecordingScheduler() };
    const dialects = new LegacyServer(
      [{ dialect: 'forum', host: '127.0.0.1', port: 0, setting: 'dialects' }],
      services,
    );
    await dialects.start();
    try {
      await services.accounts.importAccounts([{ name: 'leia', password: 'secret' }]);
      const client = await OldClient.open(dialects.status[0]!.address, 1024);
      await client.recv();
      expect(payers).to.deep.equal(['127.0.0.1']); // the connection itself
      await client.ask('leia');
      await client.ask('secret');
      expect(payers.slice(0, 3)).to.deep.equal(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
      client.send('6666');
      for (const text of ['one', 'two']) await client.ask(`MSG ${text}`);
      const paidByMember = payers.slice(payers.lastIndexOf('127.0.0.1') + 1);
      expect(paidByMember.length).to.be.at.least(3); // an incomplete request takes turns too
      expect(new Set(paidByMember)).to.deep.equal(new Set(['@leia']));
    } finally {
      await dialects.stop('The test is over.');
      await room.close();
    }
  });
});
