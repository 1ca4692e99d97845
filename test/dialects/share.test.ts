import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import type { FileFetchOptions } from '../../src/client/peer-file-client.ts';
import type { Transfer } from '../../src/domain/transfer.ts';
import { failure, Party } from '../client/party.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from '../server/wire.ts';
import { skip } from '../skip.ts';
import { ForumClient, ownAddress } from './clients.ts';
import { ShareClient, shareMessage } from './share-client.ts';

describe('the legacy share protocol', function () {
  this.timeout(30_000);
  let daemon: DaemonFixture;
  let owner: Client;
  const clients: ShareClient[] = [];

  const start = async (more: Record<string, unknown> = {}, limits: object = {}): Promise<void> => {
    daemon = await DaemonFixture.start({
      config: { dialects: ['share:0'], limits: { signUpsPerHour: 1000, ...limits }, ...more },
    });
    owner = await daemon.connect();
  };
  const stop = async (): Promise<void> => {
    for (const client of clients.splice(0)) client.close();
    await daemon.stop();
  };
  const address = (name = 'share') => daemon.daemon.status().listening.find((each) => each.name === name)!.address;
  const come = async (): Promise<ShareClient> => {
    const client = await ShareClient.connect(address());
    clients.push(client);
    return client;
  };
  /** A signed-in member. */
  const member = async (name: string): Promise<ShareClient> => {
    const client = await come();
    expect(await client.register(name, 'secret')).to.equal('201');
    expect(await client.login(name, 'secret')).to.equal('200');
    return client;
  };
  const active = async (): Promise<string[]> =>
    (await owner.call('members.active', {})).members.map(({ name }) => name).sort();

  describe('replies', () => {
    before(() => start());
    after(stop);

    it('about accounts: 201, 404, 401, 402, 200 and 403', async () => {
      const client = await come();
      expect(await client.register('anna', 'secret')).to.equal('201');
      expect(await client.register('anna', 'other')).to.equal('404');
      expect(await client.register('Anna', 'other')).to.equal('404');
      expect(await client.ask('publish x 1 10:20:30-01/02/2024 x'), 'not signed in yet').to.equal('400');
      expect(await client.login('nobody', 'secret')).to.equal('401');
      expect(await client.login('anna', 'wrong')).to.equal('402');
      expect(await client.login('anna', 'secret')).to.equal('200');
      expect(await client.login('anna', 'secret')).to.equal('403');
      const other = await come();
      expect(await other.login('anna', 'secret')).to.equal('403');
      expect(client.read.join(' ')).to.equal('201 404 404 400 401 402 200 403');
    });

    it('about files: 202, 406, then 204 with their members; a 406 changes nothing', async () => {
      const [alice, ben] = [await member('alice'), await member('ben')];
      expect(await ben.ask('fetch notes.txt')).to.equal('406');
      expect(await alice.publish('notes.txt', 'fifteen bytes..')).to.equal('202');
      const places = `[('alice', '127.0.0.1', ${alice.port}, 1)]`;
      expect(await ben.ask('fetch notes.txt')).to.equal(`204\n${places}`);
      expect(await ben.ask('fetch nothing.txt')).to.equal('406');
      expect(await ben.ask('fetch notes.txt')).to.equal(`204\n${places}`);
      expect(await alice.ask('fetch notes.txt'), 'a member cannot fetch from themselves').to.equal('406');
      expect((await ben.fetch('notes.txt'))!.toString()).to.equal('fifteen bytes..');
      const carl = await member('carl');
      await carl.publish('notes.txt', 'others');
      expect(await ben.ask('fetch notes.txt')).to.equal(
        `204\n[('alice', '127.0.0.1', ${alice.port}, 1), ('carl', '127.0.0.1', ${carl.port}, 1)]`,
      );
    });

    it('in one write each', async () => {
      const dora = await member('dora');
      await dora.publish('bytes.txt', 'x');
      await member('emil');
      clients.pop()!.close();
      while ((await active()).includes('emil'));
      const at = address().lastIndexOf(':');
      const socket = connect(Number(address().slice(at + 1)), '127.0.0.1');
      const said: Buffer[] = [];
      socket.on('data', (chunk) => said.push(chunk));
      for (const text of ['login emil secret 127.0.0.1 5001', 'fetch none', 'fetch bytes.txt']) {
        const before = said.length;
        socket.write(shareMessage(text));
        while (said.length === before) await once(socket, 'data');
      }
      const body = `[('dora', '127.0.0.1', ${dora.port}, 1)]`;
      expect(said.map((chunk) => chunk.toString('latin1'))).to.deep.equal([
        '200',
        '406',
        `204\0\0\0${String.fromCharCode(body.length)}${body}`,
      ]);
      socket.destroy();
    });

    it('however its messages are split', async () => {
      const client = await come();
      const texts = ['register fritz pass word 127.0.0.1 5001', 'login fritz pass word x 5001', 'fetch à🎬.txt'];
      client.socket.write(Buffer.concat(texts.map(shareMessage)));
      for (const code of ['201', '200', '406']) expect(await client.next()).to.equal(code);
      for (const byte of shareMessage('publish à🎬.txt 7 10:20:30-01/02/2024 Bài_giảng')) {
        client.socket.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await client.next()).to.equal('202');
      const { listings } = await owner.call('files.discover', { member: 'fritz' });
      expect(listings[0]).to.deep.include({
        name: 'à🎬.txt',
        size: 7,
        modified: Date.parse('2024-02-01T10:20:30+07:00'),
        description: 'Bài giảng',
      });
    });

    it('400 to an invalid request, and continues', async () => {
      const gina = await member('gina');
      const wrong = [
        '',
        'hello',
        'discover gina',
        'login gina',
        'publish a.txt',
        'publish a.txt 1 25:00:00-01/02/2024 x',
        'publish ../../etc/passwd 1 10:20:30-01/02/2024 x',
        'publish a\\b 1 10:20:30-01/02/2024 x',
        `publish a.txt 1 10:20:30-01/02/2024 ${'x'.repeat(501)}`,
        'register no/name secret 127.0.0.1 5001',
        'register name secret 127.0.0.1 70000',
        'fetch',
      ];
      for (const text of wrong) expect(await gina.ask(text), text).to.equal('400');
      expect(await gina.publish('a.txt', 'x')).to.equal('202');
    });

    it('only 400 if the end of a message is unknown', async () => {
      for (const bytes of ['7fffffff', 'ffffffff', '00000801', '0000000180', '00000001c328']) {
        const client = await come();
        client.socket.write(Buffer.from(bytes, 'hex'));
        expect(await client.next(), bytes).to.equal('400');
        expect(await client.next(), bytes).to.equal('');
      }
    });

    it('with the addresses that it observes, not those that clients claim', async () => {
      const liar = await come();
      await liar.register('liar', 'secret');
      await liar.login('liar', 'secret', { ip: '192.0.2.77', port: 5001 });
      await liar.publish('bait', 'x');
      const henry = await member('henry');
      expect(await henry.ask('fetch bait')).to.equal("204\n[('liar', '127.0.0.1', 5001, 1)]");
      const { sources } = await owner.call('files.find', { name: 'bait' });
      expect(sources[0]).to.deep.include({ address: '127.0.0.1', port: null, tcpPort: 5001, unencrypted: true });
    });

    it('with as many members as clients can read', async () => {
      const many = await Promise.all(Array.from({ length: 8 }, (_, i) => member(`${'ä'.repeat(31)}${i}`)));
      await Promise.all(many.map((each) => each.publish('everybody.txt', 'x')));
      const reader = await member('reader');
      const answer = await reader.ask('fetch everybody.txt');
      expect(answer).to.match(/^204\n\[(\('(\\u00e4){31}\d', '127\.0\.0\.1', \d+, 1\)(, |\]$)){6}$/);
      for (const client of clients.splice(0)) client.close();
    });
  });

  describe('in the room', () => {
    before(() => start());
    after(stop);

    it('shares all accounts', async () => {
      const wire = await Wire.greet(daemon.address, { tls: true });
      await wire.result('account.signUp', { name: 'new', password: 'pass word' });
      const old = await come();
      expect(await old.login('new', 'pass word'), 'already signed in').to.equal('403');
      await wire.result('account.signOut', {});
      expect(await old.login('new', 'pass word')).to.equal('200');
      await old.register('old', 'secret');
      expect(await wire.result('account.signIn', { name: 'old', password: 'secret' })).to.include({ status: 200 });
      const third = await come();
      expect(await third.login('old', 'secret')).to.equal('403');
      expect((await wire.call('account.signIn', { name: 'new', password: 'pass word' })).error).to.include({
        code: 403,
      });
      wire.close();
    });

    it('lists members as long as their connection is open', async () => {
      const wire = await Wire.member(daemon.address, 'observer');
      await wire.result('watch', { members: true });
      const told = (name: string, change: string) =>
        wire.wait(({ method, params }) => method === 'member' && params.name === name && params.change === change);
      const client = await member('jane');
      await told('jane', 'joined');
      const { members } = await owner.call('members.active', {});
      expect(members.find(({ name }) => name === 'jane')).to.include({ address: '127.0.0.1', peerPort: client.port });
      await client.publish('here.txt', 'x');
      client.kill();
      await told('jane', 'left');
      expect((await owner.call('files.discover', { member: 'jane' })).listings[0]).to.include({ online: false });
      const other = await member('kate');
      expect(await other.ask('fetch here.txt')).to.equal('406');
      const again = await come();
      expect(await again.login('jane', 'secret'), 'no old session is left').to.equal('200');
      expect(await other.ask('fetch here.txt')).to.match(/^204/);
      wire.close();
    });

    it('frees the account on exit at once, without a reply', async () => {
      const first = await member('otto');
      await first.publish('otto.txt', 'x');
      const other = await member('paula');
      first.send('exit');
      // No reply: the next message answers the next request. Until then nobody is signed in.
      expect(await first.ask('fetch otto.txt')).to.equal('400');
      expect(await active()).not.to.include('otto');
      expect(await other.ask('fetch otto.txt')).to.equal('406');
      const second = await come();
      expect(await second.login('otto', 'secret')).to.equal('200');
      expect(await other.ask('fetch otto.txt')).to.equal(`204\n[('otto', '127.0.0.1', ${second.port}, 1)]`);
      first.send('exit');
      expect(await first.login('otto', 'secret'), 'signed in by the second connection').to.equal('403');
      second.send('exit');
      second.send('exit');
      expect(await first.login('otto', 'secret'), 'again on the first one').to.equal('200');
    });

    it('does not offer files of new clients: their owners accept no plain TCP', async () => {
      const wire = await Wire.greet(daemon.address, { tls: true });
      const [hash, key] = ['ab'.repeat(32), 'cd'.repeat(32)];
      await wire.result('account.signUp', { name: 'modern', password: 'secret', peer: { port: 6000, key } });
      await wire.result('files.publish', { name: 'modern.txt', size: 1, hash, modified: 1 });
      const lena = await member('lena');
      expect(await lena.ask('fetch modern.txt')).to.equal('406');
      await lena.publish('modern.txt', 'x');
      const { sources } = await wire.result('files.find', { name: 'modern.txt' });
      expect(sources.map(({ member: name }: { member: string }) => name)).to.deep.equal(['modern', 'lena']);
      wire.close();
    });
  });

  describe('refuses', () => {
    beforeEach(() => start({ attempts: 2 }));
    afterEach(stop);

    it('clients after wrong passwords, for a while', async () => {
      const client = await come();
      await client.register('anna', 'secret');
      expect(await client.login('anna', 'guess')).to.equal('402');
      expect(await client.login('anna', 'guess2')).to.equal('402');
      expect(await client.login('anna', 'secret'), 'it is locked').to.equal('402');
      const wire = await Wire.greet(daemon.address, { tls: true });
      expect((await wire.call('account.signIn', { name: 'anna', password: 'secret' })).error).to.include({ code: 423 });
      wire.close();
    });

    it('banned members', async () => {
      const anna = await member('anna');
      await owner.call('admin.ban', { name: 'anna', banned: true });
      expect(await anna.next()).to.equal('405');
      expect(await anna.next()).to.equal('');
      const again = await come();
      expect(await again.login('anna', 'secret')).to.equal('400');
      await owner.call('admin.ban', { address: '127.0.0.1', banned: true });
      expect(await again.next()).to.equal('405');
      const late = await come();
      expect(await late.next()).to.equal('405');
      expect(await late.next()).to.equal('');
    });
  });

  it('sends 405 to clients that are disconnected, and when the server stops', async () => {
    await start();
    const [anna, ben] = [await member('anna'), await member('ben')];
    await owner.call('admin.kick', { name: 'anna' });
    expect(await anna.next()).to.equal('405');
    await owner.call('admin.quitAll', {});
    expect(await ben.next()).to.equal('405');
    expect(await ben.next()).to.equal('');
    const again = await come();
    expect(await again.login('ben', 'secret')).to.equal('200');
    expect(await again.publish('kept.txt', 'x')).to.equal('202');
    await daemon.restart();
    expect(await again.next()).to.equal('405');
    expect(await again.next()).to.equal('');
    owner = await daemon.connect();
    const [back, other] = [await come(), await member('carl')];
    expect(await back.login('ben', 'secret'), 'no session is left after the stop').to.equal('200');
    expect(await other.ask('fetch kept.txt')).to.equal(`204\n[('ben', '127.0.0.1', ${back.port}, 1)]`);
    await stop();
  });

  it('replies to a flood later, and completely', async () => {
    await start({}, { callsPerSecond: 50, callsBurst: 5 });
    const anna = await member('anna');
    anna.socket.write(Buffer.concat(Array.from({ length: 25 }, () => shareMessage('fetch none'))));
    const begun = performance.now();
    for (let i = 0; i < 25; i += 1) expect(await anna.next()).to.equal('406');
    expect(performance.now() - begun).to.be.above(300);
    await stop();
  });

  it('returns the address that the requester used for a file on this machine', async function () {
    const own = ownAddress();
    if (own === undefined) skip(this, 'this machine has only loopback addresses');
    await start({ dialects: ['share:0.0.0.0:0'] });
    const port = address().split(':').at(-1);
    const [near, far] = [`127.0.0.1:${port}`, `${own}:${port}`];
    const alice = await ShareClient.connect(near);
    const ben = await ShareClient.connect(far);
    clients.push(alice, ben);
    for (const [client, name] of [
      [alice, 'alice'],
      [ben, 'ben'],
    ] as const) {
      await client.register(name, 'secret');
      await client.login(name, 'secret');
      await client.publish(`${name}.txt`, name);
    }
    expect(await ben.ask('fetch alice.txt')).to.equal(`204\n[('alice', '${own}', ${alice.port}, 1)]`);
    expect(await alice.ask('fetch ben.txt')).to.equal(`204\n[('ben', '${own}', ${ben.port}, 1)]`);
    await stop();
  });

  describe('with goldctl', () => {
    let alice: ShareClient;
    let folder: string;
    const CONTENT = Buffer.alloc(700_000, 'from an old client ');

    before(async () => {
      await start({ dialects: ['share:0', 'forum:0'] });
      await (await daemon.connect()).signUp({ name: 'hans', password: 'Jedi*knight' });
      alice = await member('alice');
      await alice.publish('notes.txt', 'fifteen bytes..', 'my_first_notes');
      await alice.publish('long.bin', CONTENT);
      folder = join(daemon.home.root, 'arrived');
      await mkdir(folder);
    });
    after(stop);

    it('is pinged by the owner and by members', async () => {
      const { exit, stdout } = await daemon.run(['ping', 'alice']);
      expect(exit).to.equal(0);
      expect(stdout).to.match(
        /^Pinging alice with 32 bytes of data:\n(Reply from alice: time=\d+\.\d\dms\n){4}Ping statistics for alice:\nPackets: Sent = 4, Received = 4, Lost = 0 \(0\.0% loss\)\nRound-trip times:\nMinimum = \d+\.\d\dms, Maximum = \d+\.\d\dms, Average = \d+\.\d\dms\nalice is online\.\n$/,
      );
      const nonces = alice.read.filter((said) => said.startsWith('203'));
      expect(nonces).to.have.length(4);
      for (const said of nonces) expect(said).to.match(/^203\n[0-9a-f]{32}$/);
      const wire = await Wire.member(daemon.address, 'pinger');
      expect(await wire.result('peer.ping', { member: 'Alice' })).to.include({ member: 'alice', received: 4 });
      wire.close();
    });

    it('reports missing ping replies, and ignores unknown ones', async () => {
      const mute = await member('mute');
      mute.answers = false;
      const asked = daemon.run(['ping', 'mute']);
      while (mute.read.filter((said) => said.startsWith('203')).length < 2) {
        mute.send(`ping ${'0'.repeat(32)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      mute.kill();
      const { exit, stdout } = await asked;
      expect(exit).to.equal(1);
      expect(stdout).to.equal(
        `Pinging mute with 32 bytes of data:\n${'Request timed out.\n'.repeat(4)}Ping statistics for mute:\nPackets: Sent = 4, Received = 0, Lost = 4 (100.0% loss)\nmute is offline.\n`,
      );
      const away = await daemon.run(['ping', 'mute']);
      expect(away).to.include({ exit: 1, stdout: '' });
      expect(away.stderr).to.include('Host mute is offline.');
      expect((await daemon.run(['ping', 'nobody'])).stderr).to.include('User not found');
    });

    it('differs from legacy clients without ping', async () => {
      await alice.register('forum', 'secret');
      const forum = await ForumClient.signedIn(daemon, 'forum');
      const said = await daemon.run(['ping', 'forum']);
      expect(said).to.include({ exit: 1, stdout: '' });
      expect(said.stderr).to.include('forum uses a legacy forum client, which has no ping.');
      forum.wire.kill();
    });

    it('is listed with its files', async () => {
      const repository = (await daemon.run(['files', 'list', 'alice'])).stdout;
      expect(repository).to.match(/\nlong\.bin +700 kB +2024-02-01 10:20 +alice +unencrypted +no description\n/);
      expect(repository).to.match(/\nnotes\.txt +15 B +2024-02-01 10:20 +alice +unencrypted +my first notes\n/);
      expect(repository).to.include('To download anyway: goldctl files fetch NAME --allow-unencrypted\n');
      await member('empty');
      expect((await daemon.run(['files', 'list', 'empty'])).stdout).to.match(/^empty publishes no file\.\n/);
      const unknown = await daemon.run(['files', 'list', 'nobody']);
      expect(unknown).to.include({ exit: 1 });
      expect(unknown.stderr).to.include('There is no account "nobody".');
      const all = (await daemon.run(['files', 'list'])).stdout;
      expect(all).to.match(/\nnotes\.txt +15 B +2024-02-01 10:20 +alice +unencrypted +my first notes\n/);
      expect(all).to.include('unencrypted and unverified: from a legacy client.');
      expect((await daemon.run(['files', 'find', 'notes.txt'])).stdout).to.match(
        new RegExp(
          `^notes\\.txt, 15 B, unencrypted and unverified: .*\\n.*\\n +alice +yes +127\\.0\\.0\\.1:${alice.port} `,
        ),
      );
      const { listings } = JSON.parse((await daemon.run(['files', 'list', 'alice', '--json'])).stdout);
      const { at, ...listing } = listings[1];
      expect(at).to.be.closeTo(Date.now(), 60_000);
      expect(listing).to.deep.equal({
        member: 'alice',
        name: 'notes.txt',
        size: 15,
        hash: '',
        key: '',
        unencrypted: true,
        modified: Date.parse('2024-02-01T10:20:30+07:00'),
        description: 'my first notes',
        online: true,
      });
    });

    it('needs --allow-unencrypted to fetch', async () => {
      const said = await daemon.run(['files', 'fetch', 'notes.txt', '--to', folder]);
      expect(said).to.include({ exit: 1, stdout: '' });
      expect(said.stderr.replace(/\s+›?\s*/g, ' ')).to.include(
        'notes.txt is offered only by alice, with a legacy client: the transfer is unencrypted and unverified. To download anyway: `goldctl files fetch "notes.txt" --allow-unencrypted`.',
      );
      expect(await readdir(folder)).to.deep.equal([]);
    });

    it('sends a file with --allow-unencrypted', async () => {
      const command = ['files', 'fetch', 'notes.txt', '--to', folder, '--allow-unencrypted'];
      const said = await daemon.run(command);
      expect(said.exit, said.stderr).to.equal(0);
      expect(said.stdout).to.match(
        /^Received notes\.txt from alice\nSaved as .*notes\.txt; 15 B.*unencrypted, not verified\.\n$/,
      );
      expect(await readFile(join(folder, 'notes.txt'), 'utf8')).to.equal('fifteen bytes..');
      const again = await daemon.run([...command, '--json']);
      const last = JSON.parse(again.stdout.trimEnd().split('\n').at(-1)!);
      expect(last.transfer).to.include({ state: 'done', status: 205, savedAs: join(folder, 'notes (1).txt') });
      expect(last.transfer.peers).to.deep.equal([{ member: 'alice', path: 'unencrypted' }]);
      expect(alice.read.join('\n'), '205 is never sent to a client').not.to.include('205');
    });

    describe('beside others', () => {
      let yoda: Party;
      let luke: Party;
      const options = () => ({ to: folder, allowUnencrypted: true });
      const fetched = async (name: string, more: FileFetchOptions = {}): Promise<Transfer> =>
        yoda.peers.waitForEnd(await yoda.peers.fetch(name, { ...options(), ...more }));
      before(async () => {
        yoda = await Party.join(daemon, 'yoda');
        luke = await Party.join(daemon, 'luke');
      });
      after(() => Promise.all([yoda.leave(), luke.leave()]));

      it('sends long files, and names in other scripts', async () => {
        const { savedAs } = await fetched('long.bin');
        expect((await readFile(savedAs!)).equals(CONTENT)).to.equal(true);
        const ha = await member('hà');
        await ha.publish('ghi chú.txt', 'Việt');
        expect(await alice.ask('fetch ghi chú.txt')).to.equal(`204\n[('h\\u00e0', '127.0.0.1', ${ha.port}, 1)]`);
        expect(await readFile((await fetched('ghi chú.txt')).savedAs!, 'utf8')).to.equal('Việt');
        const shared = await failure(yoda.peers.fetch('ghi chú.txt', { ...options(), share: true }));
        expect(shared.message).to.include('download it without --share');
      });

      it('is used last, and asked for by name if there are several', async () => {
        await luke.peers.publish(await luke.file('notes.txt', 3000), { name: 'notes.txt' });
        const encrypted = await fetched('notes.txt');
        expect(encrypted).to.deep.include({ state: 'done', size: 3000 });
        expect(encrypted.peers[0]).to.include({ member: 'luke' });
        await luke.peers.unpublish('notes.txt');
        const carl = await member('carl');
        await carl.publish('notes.txt', 'of carl');
        const several = await failure(yoda.peers.fetch('notes.txt', options()));
        expect(several).to.include({ code: 'CONFLICT' });
        expect(several.message).to.equal(
          'notes.txt is offered only by legacy clients: alice (15 bytes), carl (7 bytes). Their files may differ. Choose a member with --from.',
        );
        expect(await readFile((await fetched('notes.txt', { from: ['carl'] })).savedAs!, 'utf8')).to.equal('of carl');
        carl.close();
      });

      it('is not trusted', async () => {
        const eve = await member('eve');
        expect(await eve.ask('publish lie.txt 15 10:20:30-01/02/2024 x')).to.equal('202');
        expect((await fetched('lie.txt')).reason).to.match(/^eve closed the connection before lie\.txt was complete/);
        await eve.publish('lie.txt', 'more than fifteen bytes');
        await eve.ask('publish lie.txt 15 10:20:30-01/02/2024 x');
        expect((await fetched('lie.txt')).reason).to.match(/^lie\.txt now has 23 bytes, but was published with 15/);
        eve.close();
        while ((await active()).includes('eve'));
        const away = await failure(yoda.peers.fetch('lie.txt', options()));
        expect(away.message).to.match(/^lie\.txt is offered by eve, who is not online now/);
        expect((await readdir(folder)).filter((name) => name.startsWith('lie'))).to.deep.equal([]);
      });

      it('is disconnected when the fetch is cancelled', async () => {
        const slow = createServer((socket) => {
          socket.on('error', () => {}); // a reset is an end as well
          socket.resume().write(Buffer.of(0, 0, 0, 15));
        });
        slow.listen(0, '127.0.0.1');
        await once(slow, 'listening');
        const { port } = slow.address() as AddressInfo;
        const sloth = await come();
        await sloth.register('sloth', 'secret');
        await sloth.login('sloth', 'secret', { port });
        await sloth.ask('publish slow.txt 15 10:20:30-01/02/2024 x');
        const came = once(slow, 'connection');
        const id = await yoda.peers.fetch('slow.txt', options());
        const [socket] = await came;
        const closed = new Promise((resolve) => socket.once('close', resolve));
        await yoda.peers.cancel(id);
        expect(await yoda.peers.waitForEnd(id)).to.include({ state: 'cancelled' });
        await closed;
        slow.close();
        expect((await readdir(folder)).filter((name) => name.startsWith('slow'))).to.deep.equal([]);
      });
    });
  });
});
