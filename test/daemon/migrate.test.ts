import { readdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { migrate } from '../../src/daemon/migrate.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys } from '../../src/projections/rebuild.ts';
import { Store } from '../../src/store/store.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { NatsFixture } from '../nats-fixture.ts';
import { refusal } from '../room/room.ts';

const LIMITS = { signUpsPerHour: 1000, callsPerSecond: 100_000, callsBurst: 100_000 };

describe('migrate', function () {
  this.timeout(60_000);
  let nats: NatsFixture;
  let daemon: DaemonFixture;
  before(async function () {
    nats = await NatsFixture.start(this, { nodes: 1 });
  });
  after(() => nats?.stop());
  beforeEach(async () => {
    daemon = await DaemonFixture.start({ config: { limits: LIMITS } });
  });
  afterEach(() => daemon.stop());

  const settings = (prefix: string) =>
    writeFile(daemon.home.configFile, JSON.stringify({ listen: { port: 0 }, engine: { prefix } }));
  /** Differences of two data folders, without keys of the engines and the search index, which follows later. */
  const differences = async (one: string, other: string) => {
    const [a, b] = [await Store.inFolder(one), await Store.inFolder(other)];
    await a.open();
    await b.open();
    const differing = (await differingKeys(a, b)).filter(
      (key) => !/^w\/|^m\/(indexed|verified|stream|senders)$/.test(key),
    );
    await a.close();
    await b.close();
    return differing;
  };

  /** Two responses that only confirmed, one of which is void. */
  const compacted = async (folder: string) => {
    const store = await Store.inFolder(folder);
    const engine = new LocalEngine(store, new ReadModel(store));
    await engine.start();
    const answer = { kind: 'rates.received', at: 1, provider: 'sjc', quotes: [], missing: [] };
    const { seq } = await engine.journal.append(answer);
    await engine.journal.append(answer);
    await engine.journal.append({ kind: 'rates.compacted', at: 2, through: seq + 1, voids: [seq] });
    await engine.stop();
  };

  it('moves a room into a cluster and back, with every record at its seq', async () => {
    const client = await daemon.connect();
    await client.signUp({ name: 'leia', password: 'a secret' });
    await Promise.all(Array.from({ length: 600 }, (_, i) => client.call('forum.post', { text: `post ${i}` })));
    await client.call('forum.edit', { number: 7, text: 'edited' });
    await client.call('account.setRole', { name: 'leia', role: 'owner' });
    const { home } = daemon;
    await settings('there');
    await refusal(() => migrate(home, nats.engine), 'DATA_LOCKED');
    const seq = daemon.daemon.status().seq + 3;
    await daemon.restart(async () => {
      await compacted(home.dataFolder);
      await refusal(() => migrate(home, 'nats://user@host'), 'USAGE');
      await refusal(() => migrate(home, 'local'), 'CONFIG_INVALID');
      const told: number[] = [];
      const moved = await migrate(home, nats.engine, (records) => told.push(records));
      expect(moved.records).to.equal(seq);
      expect(told).to.deep.equal([500]);
      expect(await differences(moved.kept, home.dataFolder)).to.deep.equal([]);

      // A daemon in the cluster serves the room; it is moved back after that daemon has stopped.
      const other = await DaemonFixture.start({ config: { engine: { url: nats.engine, prefix: 'there' } } });
      const engine = { prefix: 'there', url: nats.engine };
      await writeFile(home.configFile, JSON.stringify({ listen: { port: 0 }, engine }));
      const busy = await refusal(() => migrate(home, 'local'), 'CONFLICT');
      expect(busy.message).to.include(other.address);
      const guest = await other.connectAfar();
      await guest.signUp({ name: 'han', password: 'a secret' });
      await guest.call('forum.post', { text: 'written there' });
      await other.stop();
      const back = await migrate(home, 'local');
      expect(back.records).to.be.above(seq);
      expect(await differences(back.kept, home.dataFolder)).to.deep.equal([]);
      expect((await readdir(home.root)).filter((name) => name.startsWith('data.migrating'))).to.deep.equal([]);
    });
    const again = await daemon.connect();
    const { posts } = await again.call('forum.read', { limit: 1 });
    expect(posts[0]).to.include({ text: 'written there', number: 601 });
    expect([again.name, again.role]).to.deep.equal(['leia', 'owner']); // by the earlier token
  });

  it('refuses a stream that is not empty, and an empty room', async () => {
    const client = await daemon.connect();
    await settings('taken');
    const { home } = daemon;
    await daemon.restart(async () => {
      await refusal(() => migrate(home, nats.engine), 'INVALID_REQUEST');
      const other = await DaemonFixture.start({ config: { engine: { url: nats.engine, prefix: 'taken' } } });
      await (await other.connectAfar()).signUp({ name: 'first', password: 'a secret' });
      await other.stop();
    });
    await client.close();
    const again = await daemon.connect();
    await again.signUp({ name: 'leia', password: 'a secret' });
    const before = daemon.daemon.status().seq;
    await daemon.restart(async () => {
      const taken = await refusal(() => migrate(home, nats.engine), 'CONFLICT');
      expect(taken.message).to.include('already has 2 records');
    });
    expect(daemon.daemon.status().seq).to.equal(before);
  });
});
