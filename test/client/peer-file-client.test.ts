import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { failure, Party, sha256 } from './party.ts';

const MIB = 1024 * 1024;

describe('PeerFileClient', function () {
  this.timeout(60_000);
  let daemon: DaemonFixture;
  const parties: Party[] = [];
  const join_ = async (...args: Parameters<typeof Party.join> extends [unknown, ...infer R] ? R : never) => {
    const party = await Party.join(daemon, ...args);
    parties.push(party);
    return party;
  };

  beforeEach(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 10_000 } } });
  });

  afterEach(async () => {
    await Promise.all(parties.splice(0).map((party) => party.leave()));
    await daemon.stop();
  });

  it('fetches a published file', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('giá vàng.csv', 3 * MIB + 17);
    const seen: number[] = [];
    const listing = await an.peers.publish(path, { description: 'vàng', onProgress: (done) => seen.push(done) });
    expect(listing).to.include({ member: 'An', name: 'giá vàng.csv', size: 3 * MIB + 17, online: true });
    expect(seen.at(-1)).to.equal(3 * MIB + 17);
    const id = await binh.peers.fetch('giá vàng.csv');
    const transfer = await binh.peers.waitForEnd(id);
    expect(transfer).to.include({ state: 'done', direction: 'in', status: 205, done: 3 * MIB + 17 });
    expect(transfer.savedAs).to.equal(join(binh.home.downloadsFolder, 'giá vàng.csv'));
    expect(await sha256(transfer.savedAs!)).to.equal(await sha256(path));
    await an.until(() => an.peers.transfers.some(({ state }) => state === 'done'));
    expect(binh.notices.some((text) => text.includes('An') && text.includes(an.peers.key!))).to.equal(true);
  });

  it('sends to a member who accepts', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('a.bin', 2 * MIB);
    const id = await an.peers.send('Binh', path);
    const offer = await binh.offered();
    expect(offer).to.include({ member: 'An', name: 'a.bin', size: 2 * MIB, files: 1, key: an.peers.key });
    expect(binh.transfer(offer.id)).to.include({ state: 'offered', direction: 'in' });
    await binh.peers.accept(offer.id);
    const [sent, got] = await Promise.all([an.peers.waitForEnd(id), binh.peers.waitForEnd(offer.id)]);
    expect(sent).to.include({ state: 'done', direction: 'out' });
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
    expect(binh.peers.offers).to.deep.equal([]);
  });

  it('ends a declined offer', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const id = await an.peers.send('Binh', await an.file('a.bin', 1000));
    const offer = await binh.offered();
    await binh.peers.decline(offer.id, 'Not now.');
    const sent = await an.peers.waitForEnd(id);
    expect(sent.state).to.equal('declined');
    expect(sent.reason).to.contain('Not now.');
    expect(await binh.peers.waitForEnd(offer.id)).to.include({ state: 'declined' });
    expect((await failure(binh.peers.accept(offer.id))).code).to.equal('NOT_FOUND');
  });

  it('accepts what a rule covers without asking, and asks for more', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    await binh.peers.allow('an', 1000);
    const small = await an.peers.waitForEnd(await an.peers.send('Binh', await an.file('small', 1000)));
    expect(small.state).to.equal('done');
    expect(binh.offers).to.deep.equal([]);
    const large = await an.peers.send('Binh', await an.file('large', 1001));
    const offer = await binh.offered();
    await binh.peers.accept(offer.id, { always: 2000 });
    expect((await an.peers.waitForEnd(large)).state).to.equal('done');
    const next = await an.peers.waitForEnd(await an.peers.send('Binh', await an.file('next', 2000)));
    expect(next.state).to.equal('done');
  });

  it('sends a folder with its content, and an empty file', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    await an.file('folder/one.bin', 300_000);
    await an.file('folder/sâu/hơn/two.bin', 1, 2);
    const empty = await an.file('folder/empty', 0);
    const folder = dirname(empty);
    await writeFile(join(folder, '.hidden'), 'x');
    await binh.peers.allow('An', 10 * MIB);
    const sent = await an.peers.waitForEnd(await an.peers.send('Binh', folder));
    expect(sent).to.include({ state: 'done', files: 3 });
    expect(an.notices.some((text) => text.includes('hidden'))).to.equal(true);
    await binh.until(() => binh.peers.transfers[0]?.state === 'done');
    const { savedAs } = binh.peers.transfers[0]!;
    for (const name of ['one.bin', 'sâu/hơn/two.bin', 'empty']) {
      expect(await sha256(join(savedAs!, name)), name).to.equal(await sha256(join(folder, name)));
    }
    expect(await failure(stat(join(savedAs!, '.hidden')))).to.be.instanceOf(Error);
  });

  it('cancels from either side', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    await binh.peers.allow('An', 100 * MIB);
    const path = await an.file('a.bin', 8 * MIB);
    for (const who of [an, binh]) {
      const id = await an.peers.send('Binh', path, { limit: 2 * MIB });
      await binh.until(() => binh.peers.transfers.some(({ state, done }) => state === 'active' && done > 0));
      const there = binh.peers.transfers.find(({ state }) => state === 'active')!.id;
      await who.peers.cancel(who === an ? id : there);
      expect((await an.peers.waitForEnd(id)).state).to.equal('cancelled');
      expect((await binh.peers.waitForEnd(there)).state).to.equal('cancelled');
    }
    expect((await failure(an.peers.cancel(99))).code).to.equal('NOT_FOUND');
  });

  it("resumes after the receiver's process was killed", async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('a.bin', 8 * MIB);
    const id = await an.peers.send('Binh', path, { limit: 4 * MIB });
    const offer = await binh.offered();
    await binh.peers.accept(offer.id);
    await binh.reached(offer.id, 2 * MIB);
    const { pid } = binh.peers;
    process.kill(pid!, 'SIGKILL');
    const [sent, got] = await Promise.all([an.peers.waitForEnd(id), binh.peers.waitForEnd(offer.id)]);
    expect(sent.state, sent.reason ?? '').to.equal('done');
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
    expect(binh.peers.pid).to.not.equal(pid);
    expect(binh.notices.some((text) => text.includes('SIGKILL'))).to.equal(true);
  });

  it("resumes after the sender's process was killed", async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('a.bin', 8 * MIB);
    const id = await an.peers.send('Binh', path, { limit: 4 * MIB });
    const offer = await binh.offered();
    await binh.peers.accept(offer.id);
    await binh.reached(offer.id, 2 * MIB);
    process.kill(an.peers.pid!, 'SIGKILL');
    const [sent, got] = await Promise.all([an.peers.waitForEnd(id), binh.peers.waitForEnd(offer.id)]);
    expect(sent.state, sent.reason ?? '').to.equal('done');
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
    expect(binh.offers).to.have.length(1);
  });

  it('resumes a fetch after either process was killed', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('a.bin', 12 * MIB);
    await an.peers.publish(path);
    const id = await binh.peers.fetch('a.bin', { limit: 4 * MIB });
    await binh.reached(id, 2 * MIB);
    process.kill(binh.peers.pid!, 'SIGKILL');
    await binh.reached(id, 6 * MIB);
    process.kill(an.peers.pid!, 'SIGKILL');
    const got = await binh.peers.waitForEnd(id);
    expect(got.state, got.reason ?? '').to.equal('done');
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
  });

  it('continues while the daemon restarts', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    await binh.peers.allow('An', 100 * MIB);
    const path = await an.file('a.bin', 8 * MIB);
    const id = await an.peers.send('Binh', path, { limit: 4 * MIB });
    await binh.until(() => binh.peers.transfers.some(({ done }) => done > MIB));
    const before = [an.registered, binh.registered];
    await daemon.restart(async () => {
      const { done } = binh.peers.transfers[0]!;
      await binh.until(() => binh.peers.transfers[0]!.done > done);
    });
    const sent = await an.peers.waitForEnd(id);
    expect(sent.state, sent.reason ?? '').to.equal('done');
    const got = await binh.peers.waitForEnd(1);
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
    await Promise.all([an.until(() => an.registered > before[0]!), binh.until(() => binh.registered > before[1]!)]);
    const again = await an.peers.waitForEnd(await an.peers.send('Binh', await an.file('b.bin', 1000)));
    expect(again.state).to.equal('done');
  });

  it('fetches one file from several members at once, and shares it', async () => {
    const [an, binh, chi] = [await join_('An'), await join_('Binh'), await join_('Chi')];
    const path = await an.file('a.bin', 6 * MIB);
    await an.peers.publish(path);
    const first = await binh.peers.waitForEnd(await binh.peers.fetch('a.bin', { share: true }));
    expect(first.state).to.equal('done');
    const { sources } = await chi.link.call('files.find', { name: 'a.bin' });
    expect(sources.map(({ member }) => member)).to.have.members(['An', 'Binh']);
    const id = await chi.peers.fetch('a.bin');
    const got = await chi.peers.waitForEnd(id);
    expect(got.peers.map(({ member }) => member)).to.have.members(['An', 'Binh']);
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
    const own = await failure(an.peers.fetch('a.bin', { from: ['An'] }));
    expect(own.code).to.equal('NO_SUCH_FILE');
  });

  it('asks which content is meant if a name has several', async () => {
    const [an, binh, chi] = [await join_('An'), await join_('Binh'), await join_('Chi')];
    const one = await an.peers.publish(await an.file('a.bin', 1000, 1));
    await binh.peers.publish(await binh.file('a.bin', 1000, 2));
    const refused = await failure(chi.peers.fetch('a.bin'));
    expect(refused.code).to.equal('CONFLICT');
    expect(refused.message).to.contain('An').and.contain('Binh');
    const by = await chi.peers.waitForEnd(await chi.peers.fetch('a.bin', { from: ['binh'] }));
    expect(by.state).to.equal('done');
    const id = await chi.peers.fetch('a.bin', { hash: one.hash.slice(0, 12), to: join(chi.home.root, 'there') });
    expect((await chi.peers.waitForEnd(id)).savedAs).to.equal(join(chi.home.root, 'there', 'a.bin'));
    expect((await failure(chi.peers.fetch('b.bin'))).code).to.equal('NO_SUCH_FILE');
  });

  it('reports a changed file, and publishes it again', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('a.bin', 1000);
    const before = await an.peers.publish(path);
    await writeFile(path, 'another content');
    const failed = await binh.peers.waitForEnd(await binh.peers.fetch('a.bin'));
    expect(failed).to.include({ state: 'failed', status: 410 });
    let hash = before.hash;
    while (hash === before.hash) {
      hash = (await binh.link.call('files.find', { name: 'a.bin' })).sources[0]!.hash;
    }
    const got = await binh.peers.waitForEnd(await binh.peers.fetch('a.bin'));
    expect(await readFile(got.savedAs!, 'utf8')).to.equal('another content');
    await an.peers.unpublish('a.bin');
    expect((await failure(binh.peers.fetch('a.bin'))).code).to.equal('NO_SUCH_FILE');
  });

  it('refuses a member whose key has changed, until it is trusted', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    await binh.peers.allow('An', MIB);
    const path = await an.file('a.bin', 1000);
    expect((await an.peers.waitForEnd(await an.peers.send('Binh', path))).state).to.equal('done');
    // The same account on another machine.
    const home = await daemon.anotherHome();
    await mkdir(dirname(home.credentialsFile), { recursive: true });
    await writeFile(home.credentialsFile, await readFile(an.home.credentialsFile));
    await an.leave();
    const other = await join_('An', { home });
    expect(other.peers.key).to.not.equal(an.peers.key);
    const refused = await binh.peers.waitForEnd(await binh.peers.send('An', await binh.file('b.bin', 10)));
    expect(refused).to.include({ state: 'failed', status: 416 });
    expect(refused.reason).to.contain(`goldctl files trust An ${other.peers.key}`);
    const turned = await other.peers.waitForEnd(await other.peers.send('Binh', path));
    expect(turned).to.include({ state: 'failed', status: 416 });
    expect(turned.reason).to.contain(other.peers.key);
    expect(binh.notices.filter((text) => text.includes('goldctl files trust An'))).to.have.length(1);
    await binh.peers.trust('An', other.peers.key!);
    expect((await other.peers.waitForEnd(await other.peers.send('Binh', path))).state).to.equal('done');
  });

  it('limits the offers of one member', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const path = await an.file('a.bin', 10);
    const ids: number[] = [];
    for (let i = 0; i < 6; i += 1) ids.push(await an.peers.send('Binh', path));
    await an.until(() => an.peers.transfers.filter(({ state }) => state === 'declined').length === 3);
    await an.until(() => an.peers.transfers.filter(({ state }) => state === 'offered').length === 3);
    expect(an.peers.transfers.find(({ state }) => state === 'declined')).to.include({ status: 429 });
    expect(binh.peers.offers).to.have.length(3);
    await an.peers.cancel(an.peers.transfers.find(({ state }) => state === 'offered')!.id);
    await binh.until(() => binh.peers.offers.length === 2);
  });

  it('does not ask without a listener', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh', { asks: false })];
    const id = await an.peers.send('Binh', await an.file('a.bin', 10));
    await an.until(() => an.transfer(id)?.reason?.includes('Nobody is there') === true);
    expect(an.transfer(id)!.state).to.equal('connecting');
    await binh.peers.allow('An', 10);
    expect((await an.peers.waitForEnd(id)).state).to.equal('done');
  });

  it('reports immediately that a member is offline', async () => {
    const an = await join_('An');
    const none = await an.peers.waitForEnd(await an.peers.send('Nobody', await an.file('a.bin', 10)));
    expect(none).to.include({ state: 'failed', status: 417 });
    expect((await failure(an.peers.send('Nobody', join(an.home.root, 'none')))).code).to.equal('NO_SUCH_FILE');
  });

  it('works over the control socket', async () => {
    const owner = await daemon.connect();
    await owner.signUp({ name: 'Owner', password: 'a secret' });
    const { PeerFileClient } = await import('../../src/client/peer-file-client.ts');
    const peers = new PeerFileClient({
      connection: owner,
      home: daemon.home,
      downloads: join(daemon.home.root, 'downloads'),
    });
    await peers.start();
    try {
      const an = await join_('An');
      const path = await an.file('a.bin', MIB);
      await an.peers.publish(path);
      const got = await peers.waitForEnd(await peers.fetch('a.bin'));
      expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
    } finally {
      await peers.stop();
    }
  });

  it('ends its process on stop, and rejects pending calls', async () => {
    const [an, binh] = [await join_('An'), await join_('Binh')];
    const id = await an.peers.send('Binh', await an.file('a.bin', 10));
    await binh.offered();
    const waiting = failure(an.peers.waitForEnd(id));
    const { pid } = an.peers;
    await an.peers.stop();
    expect((await waiting).code).to.equal('CONNECTION_ENDED');
    expect(() => process.kill(pid!, 0)).to.throw('ESRCH');
    expect((await failure(an.peers.send('Binh', '/'))).code).to.equal('CONNECTION_ENDED');
  });
});
