import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos, nkeys } from '@nats-io/transport-node';
import { expect } from 'chai';
import { AppError } from '../../../src/domain/app-error.ts';
import type { NatsServers } from '../../../src/engine/nats/connection.ts';
import { DEDUP_WINDOW } from '../../../src/engine/nats/dedup.ts';
import { NatsEngine } from '../../../src/engine/nats/engine.ts';
import { Subjects } from '../../../src/engine/nats/subjects.ts';
import type { JournalRecord } from '../../../src/engine/types.ts';
import { keys } from '../../../src/store/keys.ts';
import { Store } from '../../../src/store/store.ts';
import { mountTmpfs } from '../../faults/tmpfs.ts';
import { NatsFixture } from '../../nats-fixture.ts';
import { skip } from '../../skip.ts';
import { contentOf, memoryStore, temporaryFolder } from '../../store/temporary.ts';
import { Texts } from './texts.ts';

const text = (content: string) => ({ kind: 'test.text', at: 1, text: content });

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown as AppError;
}

/** A connection to a server that can be cut. */
class Line {
  static async to(server: string): Promise<Line> {
    const [host, port] = server.split(':');
    const line = new Line(host!, Number(port));
    line.#listener.listen(0, '127.0.0.1');
    await once(line.#listener, 'listening');
    return line;
  }

  readonly #sockets = new Set<Socket>();
  readonly #listener: Server;
  #whole = true;

  private constructor(host: string, port: number) {
    this.#listener = createServer((near) => {
      if (!this.#whole) return near.destroy();
      const far = createConnection(port, host);
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(into);
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          into.destroy();
        });
      }
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#whole = true;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }
}

describe('names in NATS', () => {
  it('encode any account name as one token', () => {
    const names = new Subjects('room');
    for (const subject of ['account.yoda', 'account.a..b', 'account.*', 'account.>', 'account.Trần Văn', 'post 1']) {
      const name = names.recordSubject('account.created', subject);
      expect(name.split('.'), subject).to.have.length(4);
      expect(name).to.match(/^room\.journal\.about\.[^\s.*>]+$/);
      expect(names.subjectOf(name)).to.equal(subject);
    }
    expect(names.subjectOf(names.recordSubject('forum.posted'))).to.equal(undefined);
    expect(names.topicOf(names.busSubject('messages.yoda'))).to.equal('messages.yoda');
  });
});

describe('NatsEngine', () => {
  let nats: NatsFixture;
  const engines: NatsEngine[] = [];

  before(async function () {
    this.timeout(60_000);
    nats = await NatsFixture.start(this, { nodes: 1 });
  });

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
  });

  after(() => nats?.stop());

  function make(
    prefix: string,
    store: Store,
    projector = new Texts(),
    version = '1.0.0',
    notices: string[] = [],
    servers = nats.servers,
  ) {
    const engine = new NatsEngine(store, projector, {
      connection: { servers, tls: false },
      prefix,
      version,
      onNotice: (notice) => notices.push(notice),
    });
    engines.push(engine);
    return engine;
  }

  it('delivers records of other daemons to every daemon, in one order', async () => {
    const stores = [memoryStore(), memoryStore()];
    const [one, other] = stores.map((store) => make('order', store)) as [NatsEngine, NatsEngine];
    await one.start();
    await other.start();
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        (i % 2 ? one : other).journal.append(text(`${i}`), { subject: `s.${i % 7}` }),
      ),
    );
    await one.journal.catchUp();
    await other.journal.catchUp();
    const [left, right] = await Promise.all(stores.map(contentOf));
    expect(left!.size).to.be.above(400);
    expect(left).to.deep.equal(right);
  });

  it('accepts one of two concurrent appends to a subject', async () => {
    const [one, other] = [make('race', memoryStore()), make('race', memoryStore())];
    await one.start();
    await other.start();
    let last = 0;
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.allSettled(
        [one, other].map(({ journal }) => journal.append(text(`${round}`), { subject: 'account.yoda', expect: last })),
      );
      const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.seq] : []));
      expect(won).to.have.length(1);
      last = won[0]!;
      // The refused daemon has read what the other one wrote.
      for (const { journal } of [one, other]) {
        await journal.catchUp();
        expect(journal.head()).to.equal(last);
      }
    }
  });

  it('moves the lease of a killed daemon within 15 s, and at once when it is released', async function () {
    this.timeout(30_000);
    const [one, other] = [make('lease', memoryStore()), make('lease', memoryStore())];
    await one.start();
    await other.start();
    const never = new AbortController().signal;
    await one.lease('rates').acquire(never);
    const waiting = other.lease('rates').acquire(never);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // longer than the renewal interval of the other one
    expect(other.lease('rates').isHeld).to.equal(false);
    await one.lease('rates').release();
    await waiting;
    expect([one.lease('rates').isHeld, other.lease('rates').isHeld]).to.deep.equal([false, true]);
    // The daemon dies: nobody renews or releases the key.
    const begun = performance.now();
    Object.assign(other.lease('rates'), { release: async () => {} });
    engines.splice(engines.indexOf(other), 1);
    await other.stop();
    await one.lease('rates').acquire(never);
    expect(performance.now() - begun).to.be.below(15_000);
    expect(other.lease('rates').isHeld).to.equal(false);
  });

  it('rebuilds its copy if it lost records, and continues otherwise', async () => {
    const store = memoryStore();
    const notices: string[] = [];
    const engine = make('copy', store, new Texts(), '1.0.0', notices);
    await engine.start();
    for (let i = 0; i < 200; i++) void engine.journal.append(text(`${i}`));
    await engine.journal.append(text('last'));
    await engine.stop();
    await store.open();
    const before = await contentOf(store);
    // A power cut has removed some unsynced records.
    await store.write(
      [
        { type: 'del', key: keys.record(17) },
        { type: 'del', key: 'test/17' },
        { type: 'del', key: keys.verifiedSeq },
      ],
      { sync: false },
    );
    await store.close();
    await engine.start();
    expect(notices.join()).to.include('records from 17 on are missing');
    before.delete(keys.verifiedSeq);
    const after = await contentOf(store);
    after.delete(keys.verifiedSeq);
    expect(after).to.deep.equal(before);
  });

  it('keeps records in memory on a full disk, and has all of them once there is space', async function () {
    const disk = await mountTmpfs(this, 6);
    try {
      const [store, whole] = [await Store.inFolder(join(disk.path, 'data')), memoryStore()];
      const told: number[] = [];
      const texts = new (class extends Texts {
        override applyCommitted({ seq }: JournalRecord): void {
          told.push(seq);
        }
      })();
      const [engine, other] = [make('full', store, texts), make('full', whole)];
      await engine.start();
      await other.start();
      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc(5 * 1024 * 1024, 1));
      const content = 'x'.repeat(50_000);
      let acknowledged = 0;
      while (!engine.outage) {
        const { seq } = await engine.journal.append(text(content)).catch(() => ({ seq: 0 }));
        acknowledged = Math.max(acknowledged, seq);
      }
      expect(store.read(`test/${acknowledged}`)).to.equal(content);
      expect(await failureOf(engine.journal.append(text('none')))).to.include({ code: 'STORE_FAILED', status: 503 });
      for (let i = 0; i < 10; i++) await other.journal.append(text(`${i}`));
      await rm(ballast);
      while (engine.outage) await pause(10);
      await engine.journal.append(text('last'));
      await other.journal.catchUp();
      const [mine, theirs] = await Promise.all([store, whole].map(contentOf));
      for (const all of [mine!, theirs!]) all.delete(keys.verifiedSeq);
      expect(mine).to.deep.equal(theirs);
      expect(told).to.deep.equal(Array.from({ length: engine.journal.head() }, (_, i) => i + 1));
      await engine.stop();
    } finally {
      await disk.unmount();
    }
  }).timeout(30_000);

  it('skips a record of an unknown kind, and applies it after an upgrade', async () => {
    const newer = make('newer', memoryStore());
    await newer.start();
    await newer.journal.append(text('a'));
    await newer.journal.append({ ...text('b'), kind: 'test.new' });
    await newer.journal.append(text('c'));
    const store = memoryStore();
    const older = new Texts();
    older.unknown = 'test.new';
    const engine = make('newer', store, older, '1.0.0');
    await engine.start();
    expect(engine.journal.head()).to.equal(3);
    expect([store.get('test/2'), store.get('test/3')]).to.deep.equal([undefined, '"c"']);
    await engine.stop();
    await make('newer', store, new Texts(), '1.1.0').start();
    expect(store.get('test/2')).to.equal('"b"');
  });

  it('accepts more concurrent appends than it publishes ahead', async () => {
    const engine = make('ahead', memoryStore());
    await engine.start();
    const appended = Array.from({ length: DEDUP_WINDOW + 500 }, (_, i) => engine.journal.append(text(`${i}`)));
    const seqs = new Set((await Promise.all(appended)).map(({ seq }) => seq));
    expect(seqs.size).to.equal(DEDUP_WINDOW + 500);
    expect(engine.journal.head()).to.equal(DEDUP_WINDOW + 500);
  }).timeout(20_000);

  it('skips what the stream stored twice, like every daemon', async () => {
    const connection = await connect({ servers: nats.servers });
    const [store, late] = [memoryStore(), memoryStore()];
    const one = make('twice', store);
    await one.start();
    const { streams } = await jetstreamManager(connection);
    await streams.update('twice-journal', { duplicate_window: nanos(100) }); // a short window
    for (let i = 1; i <= 5; i++) await one.journal.append(text(`${i}`));
    const again = async (seq: number) => {
      const message = (await streams.getMessage('twice-journal', { seq }))!;
      const msgID = message.header.get('Nats-Msg-Id');
      while ((await jetstream(connection).publish(message.subject, message.data, { msgID })).duplicate) await pause(20);
    };
    await again(5);
    await again(2);
    await one.journal.append(text('6'));
    await one.stop();
    await again(3);
    await one.start();
    const other = make('twice', late);
    await other.start();
    const [mine, theirs] = await Promise.all([store, late].map(contentOf));
    for (const all of [mine!, theirs!]) all.delete(keys.verifiedSeq);
    expect(mine).to.deep.equal(theirs);
    const records = [...mine!].filter(([key]) => key.startsWith('j/')).map(([, value]) => JSON.parse(value));
    expect(records.map(({ kind, text: said }) => said ?? kind).join()).to.equal('1,2,3,4,5,void,void,6,void');
    expect((await one.journal.append(text('7'))).seq).to.equal(10);
    await connection.close();
  });

  describe('with a stream that has gaps', () => {
    /** More than a daemon fetches one by one. */
    const MANY = 300;
    const even = Array.from({ length: MANY / 2 }, (_, i) => 2 * (i + 1));

    async function filled(prefix: string): Promise<NatsEngine> {
      const engine = make(prefix, memoryStore());
      await engine.start();
      await Promise.all(Array.from({ length: MANY }, (_, i) => engine.journal.append(text(`${i + 1}`))));
      return engine;
    }

    async function streams() {
      const connection = await connect({ servers: nats.servers });
      return { streams: (await jetstreamManager(connection)).streams, close: () => connection.close() };
    }

    async function deleted(prefix: string, count: number): Promise<void> {
      const manager = await streams();
      for (;;) {
        const { state } = await manager.streams.info(`${prefix}-journal`);
        if (state.last_seq - state.messages === count) break;
        await pause(20);
      }
      await manager.close();
    }

    it('treats them as void if a record says so, and reads the same as others', async () => {
      const one = await filled('void');
      await one.journal.append({ ...text('compacted'), voids: even });
      await one.journal.append(text('behind'));
      await deleted('void', even.length);
      const store = memoryStore();
      const late = make('void', store);
      await late.start();
      expect(late.journal.head()).to.equal(MANY + 2);
      const found: string[] = [];
      const abort = new AbortController();
      for await (const { seq, kind, text: content } of late.journal.follow(0, abort.signal)) {
        found.push(kind === 'void' ? 'void' : `${content}`);
        if (seq === MANY + 2) abort.abort();
      }
      const expected = Array.from({ length: MANY }, (_, i) => (i % 2 ? 'void' : `${i + 1}`));
      expect(found).to.deep.equal([...expected, 'compacted', 'behind']);
      expect(late.outage).to.equal(undefined);
      expect((await late.journal.append(text('more'))).seq).to.equal(MANY + 3);
      await late.stop();
      await late.start(); // not searched again
    });

    it('continues after them if it was disconnected meanwhile', async () => {
      const store = memoryStore();
      const away = make('away', store);
      await away.start();
      await away.journal.append(text('1'));
      await away.stop();
      const one = make('away', memoryStore());
      await one.start();
      for (const content of ['2', '3', '4']) await one.journal.append(text(content));
      await one.journal.append({ ...text('5'), voids: [1, 3] });
      await deleted('away', 2);
      await away.start();
      expect(away.journal.head()).to.equal(5);
      expect(store.read<{ kind: string }>(keys.record(1))?.kind).to.equal('void');
      expect(store.get('test/1')).to.equal('"1"');
    });

    it('stops writing if a record is missing without such a record, while it was cut off', async () => {
      const line = await Line.to(nats.servers[0]!);
      try {
        const cut = make('cut', memoryStore(), new Texts(), '1.0.0', [], [line.address]);
        await cut.start();
        await cut.journal.append(text('1'));
        const one = make('cut', memoryStore());
        await one.start();
        line.cut();
        for (const content of ['2', '3', '4', '5']) await one.journal.append(text(content));
        await one.journal.append({ ...text('6'), voids: [3] });
        await deleted('cut', 1);
        line.mend();
        while (cut.journal.head() < 6) await pause(20);
        expect((await cut.journal.append(text('7'))).seq).to.equal(7); // a recorded gap
        line.cut();
        for (const content of ['8', '9']) await one.journal.append(text(content));
        const manager = await streams();
        await manager.streams.deleteMessage('cut-journal', 8);
        await manager.close();
        line.mend();
        while (cut.outage?.error.code !== 'JOURNAL_HOLE') await pause(20);
        expect(cut.outage.error.message).to.match(/^Record 8 is missing in the journal stream/);
        expect((await failureOf(cut.journal.append(text('no')))).code).to.equal('JOURNAL_HOLE');
      } finally {
        await line.stop();
      }
    });

    it('does not start without such a record, and names the missing seqs', async () => {
      const one = await filled('lost');
      const manager = await streams();
      await manager.streams.deleteMessage('lost-journal', 7);
      await manager.close();
      const failure = await failureOf(make('lost', memoryStore()).start());
      expect(failure.code).to.equal('JOURNAL_HOLE');
      expect(failure.message).to.match(/^Record 7 is missing in the journal stream/);
      expect((await one.journal.append(text('all is well for who has it'))).seq).to.equal(MANY + 1);
    });
  });

  it('refuses an outdated nats-server first of all', async () => {
    const server = createServer((socket: Socket) => {
      socket.write('INFO {"server_id":"old","version":"2.9.10","proto":1,"max_payload":1048576,"jetstream":true}\r\n');
      socket.on('data', (data) => {
        if (data.includes('PING')) socket.write('PONG\r\n');
      });
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const engine = new NatsEngine(memoryStore(), new Texts(), {
      connection: { servers: [`127.0.0.1:${port}`], tls: false },
      prefix: 'old',
      version: '1',
    });
    const { code, message } = await failureOf(engine.start());
    expect(code).to.equal('NOT_AVAILABLE');
    expect(message).to.include('nats-server 2.9.10').and.to.include('Install 2.10.27 or newer');
    server.close();
  });

  it('names servers that do not answer', async () => {
    const engine = new NatsEngine(memoryStore(), new Texts(), {
      connection: { servers: ['127.0.0.1:1'], tls: false },
      prefix: 'none',
      version: '1',
    });
    const { code, message } = await failureOf(engine.start());
    expect(code).to.equal('NOT_AVAILABLE');
    expect(message).to.include('127.0.0.1:1');
  });
});

describe('NatsEngine over TLS, with credentials', () => {
  let nats: NatsFixture;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const user = nkeys.createUser();

  before(async function () {
    this.timeout(60_000);
    folder = await temporaryFolder();
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    try {
      execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'].concat([
          '-subj',
          '/CN=nats',
          '-addext',
          'subjectAltName=IP:127.0.0.1,DNS:localhost',
          '-keyout',
          key,
          '-out',
          cert,
        ]),
        { stdio: 'ignore' },
      );
    } catch {
      skip(this, 'openssl is not installed');
    }
    await writeFile(join(folder.path, 'user.nk'), user.getSeed());
    nats = await NatsFixture.start(this, {
      nodes: 1,
      connection: { tls: { caFile: cert }, user: 'tester', pass: 'correct horse' },
      settings: `
        tls { cert_file: "${cert}", key_file: "${key}" }
        accounts {
          room { jetstream: enabled, users: [
            { user: tester, password: "correct horse" }
            { nkey: ${user.getPublicKey()} }
            { user: narrow, password: "correct horse", permissions: {
              publish: ["room.>", "$JS.API.>", "$KV.room-leases.>"], subscribe: ["room.>", "_INBOX.>"]
            } }
          ] }
        }`,
    });
  });

  after(async () => {
    await nats?.stop();
    await folder?.remove();
  });

  async function enter(connection: Partial<NatsServers>): Promise<void> {
    const engine = new NatsEngine(memoryStore(), new Texts(), {
      connection: { servers: nats.servers, tls: true, caFile: join(folder.path, 'cert.pem'), ...connection },
      prefix: 'room',
      version: '1',
    });
    await engine.start();
    await engine.journal.append(text('in'));
    await engine.lease('rates').acquire(new AbortController().signal);
    await engine.stop();
  }

  it('connects with password or nkey, and needs no other permissions', async () => {
    await enter({ user: 'tester', password: 'correct horse' });
    await enter({ nkeyFile: join(folder.path, 'user.nk') });
    await enter({ user: 'narrow', password: 'correct horse' });
  });

  it('reports refused credentials without the password', async () => {
    const wrong = await failureOf(enter({ user: 'tester', password: 'a wrong one' }));
    expect(wrong.code).to.equal('NOT_AVAILABLE');
    expect(wrong.message)
      .to.match(/authorization/i)
      .and.to.not.include('a wrong one');
    expect((await failureOf(enter({}))).message).to.match(/authorization/i);
    expect((await failureOf(enter({ nkeyFile: join(folder.path, 'none') }))).code).to.equal('CONFIG_INVALID');
    expect((await failureOf(enter({ nkeyFile: join(folder.path, 'cert.pem') }))).message).to.include(
      'not the seed of a user nkey',
    );
    expect((await failureOf(enter({ credentialsFile: join(folder.path, 'cert.pem') }))).message).to.include(
      'not a NATS credentials file',
    );
  });

  it('refuses an untrusted certificate', async () => {
    const { code } = await failureOf(
      new NatsEngine(memoryStore(), new Texts(), {
        connection: { servers: nats.servers, tls: true, user: 'tester', password: 'correct horse' },
        prefix: 'room',
        version: '1',
      }).start(),
    );
    expect(code).to.equal('NOT_AVAILABLE');
  });
});
