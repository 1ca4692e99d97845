import { expect } from 'chai';
import { parseConfig } from '../../src/daemon/config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { checkData } from '../../src/daemon/data-check.ts';
import { repairData } from '../../src/daemon/repair.ts';
import type { AppError } from '../../src/domain/app-error.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { NatsFixture } from '../nats-fixture.ts';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (failure: AppError) => failure.code,
  );
}

describe('daemons of one room in a NATS cluster', () => {
  let nats: NatsFixture;
  const daemons: DaemonFixture[] = [];

  before(async function () {
    this.timeout(60_000);
    nats = await NatsFixture.start(this, { nodes: 1 });
  });

  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.stop();
  });

  after(() => nats?.stop());

  async function start(engine: object): Promise<DaemonFixture> {
    const daemon = await DaemonFixture.start({ config: { engine } });
    daemons.push(daemon);
    return daemon;
  }

  it('share what any of them accepts, and read their own writes', async () => {
    const engine = { url: nats.engine, prefix: 'shared' };
    const [one, other] = [await start(engine), await start(engine)];
    const client = await one.connect();
    await client.call('account.signUp', { name: 'yoda', password: 'correct horse' });
    const { post } = await client.call('forum.post', { text: 'from one' });
    expect((await client.call('forum.read', {})).posts.map(({ text }) => text)).to.deep.equal(['from one']);
    const there = await other.connect();
    const deadline = Date.now() + 5000;
    let texts: unknown[] = [];
    while (texts.length === 0 && Date.now() < deadline) {
      texts = (await there.call('forum.read', {})).posts.map(({ text }) => text);
    }
    expect(texts).to.deep.equal(['from one']);
    // A daemon that joins later with an empty folder has the post before it answers.
    const late = await (await start(engine)).connect();
    expect((await late.call('forum.read', {})).posts.map(({ number }) => number)).to.deep.equal([post.number]);
  });

  it('accept one of two concurrent sign-ups for a name', async () => {
    const engine = { url: nats.engine, prefix: 'names' };
    const [one, other] = [await start(engine), await start(engine)];
    for (let round = 0; round < 3; round++) {
      const clients = [await one.connectAfar(), await other.connectAfar()];
      const outcomes = await Promise.allSettled(
        clients.map((client) => client.call('account.signUp', { name: `yoda${round}`, password: 'correct horse' })),
      );
      const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.status] : []));
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [(outcome.reason as { status: number }).status] : [],
      );
      expect([taken, refused]).to.deep.equal([[201], [404]]);
    }
  });

  it('with different prefixes are different rooms', async () => {
    const [one, other] = [
      await start({ url: nats.engine, prefix: 'left' }),
      await start({ url: nats.engine, prefix: 'right' }),
    ];
    await (await one.connect()).call('account.signUp', { name: 'yoda', password: 'correct horse' });
    expect(one.daemon.status().accounts).to.equal(1);
    expect(other.daemon.status().accounts).to.equal(0);
  });

  it('keep a copy that can be checked, is not repaired, and is not written without the cluster', async () => {
    const one = await start({ url: nats.engine, prefix: 'copy' });
    await (await one.connect()).call('account.signUp', { name: 'yoda', password: 'correct horse' });
    await one.restart(async () => {
      expect(await checkData(one.home)).to.include({ sound: true, records: 2 });
      expect(await refusal(repairData(one.home))).to.equal('NOT_ALLOWED');
      const alone = {
        home: one.home,
        config: parseConfig('{}', 'config.json'),
        version: '0',
        log: QUIET,
        onStopRequest() {},
      };
      expect(await refusal(startDaemon(alone))).to.equal('CONFIG_INVALID');
      // A room of another stream does not accept it.
      const elsewhere = parseConfig(JSON.stringify({ engine: { url: nats.engine, prefix: 'copied' } }), 'config.json');
      expect(await refusal(startDaemon({ ...alone, config: elsewhere }))).to.equal('CONFIG_INVALID');
    });
    expect(one.daemon.status()).to.include({ accounts: 1, seq: 2 });
  });
});
