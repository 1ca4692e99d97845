import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Party } from '../client/party.ts';
import { DaemonFixture, type Said } from '../daemon-fixture.ts';

/** The objects of JSON Lines, by the one key that names their kind. */
const objects = ({ stdout }: Said): Record<string, Record<string, unknown>>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('goldctl files and ping', function () {
  this.timeout(30_000);
  let daemon: DaemonFixture;
  let yoda: Party;
  let folder: string;
  let lecture: string;

  before(async () => {
    daemon = await DaemonFixture.start();
    const client = await daemon.connect();
    await client.signUp({ name: 'hans', password: 'Jedi*knight' });
    await client.close();
    yoda = await Party.join(daemon, 'yoda');
    folder = join(daemon.home.root, 'files');
    await mkdir(folder);
    lecture = join(folder, 'lecture1.mp4');
    await writeFile(lecture, Buffer.alloc(700_000, 'lecture'));
  });

  after(async () => {
    await yoda.leave();
    await daemon.stop();
  });

  /** From here on the command transfers files of hans. */
  async function hansIsReachable(): Promise<void> {
    const owner = await daemon.connect({ resume: false });
    for (;;) {
      const { members } = await owner.call('members.active', {});
      if (members.some(({ name, peerPort }) => name === 'hans' && peerPort !== null)) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await owner.close();
  }

  it('pings a member', async () => {
    const { exit, stdout } = await daemon.run(['ping', 'yoda']);
    expect(exit).to.equal(0);
    expect(stdout).to.match(
      /^Pinging yoda with 32 bytes of data:\n(Reply from yoda: time=\d+\.\d\dms\n){4}Ping statistics for yoda:\nPackets: Sent = 4, Received = 4, Lost = 0 \(0\.0% loss\)\nRound-trip times:\nMinimum = .+ms, Maximum = .+ms, Average = .+ms\nyoda is online\.\n$/,
    );
    expect(JSON.parse((await daemon.run(['ping', 'yoda', '--json'])).stdout)).to.include({ status: 203, received: 4 });
    expect(await daemon.run(['ping', 'nobody'])).to.include({ exit: 1, stdout: '' });
    expect(await daemon.run(['ping'])).to.include({ exit: 2 });
  });

  it('publishes, lists, finds and unpublishes', async () => {
    expect((await daemon.run(['files', 'list'])).stdout).to.match(
      /^No online member publishes a file\.\n.*goldctl files publish/,
    );
    const published = await daemon.run(['files', 'publish', lecture, '--description', 'Bài giảng một']);
    expect(published.stdout).to.match(/^lecture1\.mp4 is published \(700 kB, sha256 tree [0-9a-f]{16}\)\.\n/);
    expect((await daemon.run(['files', 'list', 'hans', '--search', 'bai giang'])).stdout).to.match(
      /\nlecture1\.mp4 +700 kB +\d{4}-.* +hans +no +Bài giảng một\n$/,
    );
    const { listings } = JSON.parse((await daemon.run(['files', 'list', 'hans', '--json'])).stdout);
    expect(listings[0]).to.include({ member: 'hans', name: 'lecture1.mp4', size: 700_000, online: false });
    expect((await daemon.run(['files', 'find', 'LECTURE1.mp4'])).stdout).to.match(/^lecture1\.mp4, 700 kB.*\n/);
    const json = await daemon.run(['files', 'publish', lecture, '--name', 'other.mp4', '--json']);
    expect(objects(json).at(-1)!.listing).to.include({ name: 'other.mp4' });
    expect((await daemon.run(['files', 'unpublish', 'other.mp4'])).stdout).to.equal(
      'other.mp4 is no longer published.\n',
    );
    expect(await daemon.run(['files', 'unpublish', 'other.mp4'])).to.include({ exit: 1 });
    const missing = await daemon.run(['files', 'publish', join(folder, 'none.mp4')]);
    expect(missing.exit).to.equal(1);
    expect(missing.stderr).to.include('none.mp4');
    expect(await daemon.run(['files', 'find', 'none.mp4', '--json'])).to.include({ exit: 1 });
    expect(await daemon.run(['files', 'list', 'nobody'])).to.include({ exit: 1 });
  });

  it('fetches, with progress as JSON Lines or as text', async () => {
    const path = await yoda.file('notes.bin', 900_000);
    await yoda.peers.publish(path, { name: 'notes.bin' });
    const to = join(folder, 'arrived');
    const said = await daemon.run(['files', 'fetch', 'notes.bin', '--to', to]);
    expect(said, said.stderr).to.include({ exit: 0 });
    expect(said.stdout).to.match(/^Received notes\.bin from yoda\nSaved as .*notes\.bin; 900 kB.*\.\n$/);
    expect(await readFile(join(to, 'notes.bin'))).to.deep.equal(await readFile(path));
    const json = await daemon.run([
      'files',
      'fetch',
      'notes.bin',
      '--to',
      to,
      '--from',
      'yoda',
      '--limit',
      '50MB',
      '--json',
    ]);
    const lines = objects(json);
    expect(lines.at(-1)!.transfer).to.include({ state: 'done', status: 205, name: 'notes.bin' });
    expect(lines.slice(0, -1).every((line) => 'progress' in line)).to.equal(true);
    expect(lines.at(-1)!.transfer!.savedAs).to.equal(join(to, 'notes (1).bin'));
    expect(await daemon.run(['files', 'fetch', 'none.bin'])).to.include({ exit: 1, stdout: '' });
    expect(await daemon.run(['files', 'fetch', 'notes.bin', '--from', 'leia'])).to.include({ exit: 1 });
    const wrong = await daemon.run(['files', 'fetch', 'notes.bin', '--limit', 'fast']);
    expect(wrong).to.include({ exit: 2 });
    expect(wrong.stderr).to.include('--limit is "fast". Expected a number of bytes');
  });

  it('sends if accepted, and otherwise states the reason', async () => {
    const sent = daemon.run(['files', 'send', 'yoda', lecture]);
    await yoda.peers.accept((await yoda.offered()).id);
    const { exit, stdout, stderr } = await sent;
    expect(exit, stderr).to.equal(0);
    expect(stdout).to.match(/^lecture1\.mp4 has been uploaded\n700 kB.*LAN\.\n$/);
    expect(stderr).to.match(/Connecting to yoda|Offered lecture1\.mp4/);
    const refused = daemon.run(['files', 'send', 'yoda', lecture, '--json']);
    await yoda.peers.decline((await yoda.offered()).id, 'no room');
    const said = await refused;
    expect(said.exit).to.equal(1);
    const { error } = objects(said).at(-1)!;
    expect(error!.message).to.match(/^yoda declined lecture1\.mp4: .*no room/);
    expect(error!.data).to.include({ state: 'declined' });
    expect(await daemon.run(['files', 'send', 'yoda', join(folder, 'none')])).to.include({ exit: 1 });
    expect(await daemon.run(['files', 'send', 'nobody', lecture])).to.include({ exit: 1 });
  });

  it('receives what a rule accepts, and declines the rest if nobody can be asked', async () => {
    const path = await yoda.file('gift.bin', 5000, 7);
    const to = join(folder, 'incoming');
    const command = ['files', 'receive', '--once', '--to', to];
    const received = daemon.run([...command, '--accept', 'Yoda:1MB']);
    await hansIsReachable();
    const large = await yoda.peers.send('hans', await yoda.file('large.bin', 1_000_001, 8));
    expect(await yoda.peers.waitForEnd(large)).to.include({ state: 'declined' });
    await yoda.peers.waitForEnd(await yoda.peers.send('hans', path));
    const said = await received;
    expect(said.exit, said.stderr).to.equal(0);
    expect(said.stderr).to.match(/^Waiting for files as hans, saving to .*incoming\. Press Ctrl-C to stop\.\n/);
    expect(said.stderr).to.include('Declined large.bin (1.0 MB) from yoda: it is larger than --accept allows.');
    expect(said.stderr).to.match(/\nReceived gift\.bin from yoda\nSaved as .*gift\.bin; 5\.0 kB/);
    expect(await readFile(join(to, 'gift.bin'))).to.deep.equal(await readFile(path));
    const all = daemon.run([...command, '--yes', '--json']);
    await hansIsReachable();
    await yoda.peers.waitForEnd(await yoda.peers.send('hans', path));
    const lines = objects(await all);
    expect(lines[0]!.waiting).to.include({ member: 'hans', to });
    expect(lines.find((line) => 'offer' in line)!.offer).to.include({ member: 'yoda', name: 'gift.bin', size: 5000 });
    expect(lines.at(-1)!.transfer).to.include({ state: 'done', direction: 'in' });
    expect(await daemon.run(['files', 'receive', '--accept', 'yoda:much'])).to.include({ exit: 2 });
  });

  it('manages rules and keys', async () => {
    const key = 'ab'.repeat(32);
    expect((await daemon.run(['files', 'allow', 'yoda', '--size', '5MB'])).stdout).to.equal(
      'Files from yoda up to 5.0 MB will be accepted automatically.\n',
    );
    expect((await daemon.run(['files', 'trust', 'leia', `sha256:${key.toUpperCase()}`])).exit).to.equal(0);
    const kept = await readFile(daemon.home.peersFile, 'utf8');
    expect(kept).to.include(key).and.to.include('5000000');
    expect((await daemon.run(['files', 'allow', 'yoda', '--off', '--json'])).stdout).to.equal(
      '{"member":"yoda","bytes":null}\n',
    );
    expect(await readFile(daemon.home.peersFile, 'utf8')).to.not.include('5000000');
    expect(await daemon.run(['files', 'trust', 'leia', 'abc'])).to.include({ exit: 2 });
    expect(await daemon.run(['files', 'allow', 'yoda', '--off', '--size', '1MB'])).to.include({ exit: 2 });
  });

  it('needs somebody who is signed in', async () => {
    const home = await daemon.anotherHome();
    const env = { GOLDCTL_HOME: home.root, GOLDCTL_SERVER: `tcp://${daemon.address}` };
    const said = await daemon.run(['files', 'send', 'yoda', lecture], env);
    expect(said.exit).to.equal(1);
    expect(said.stderr).to.match(/account signin/);
    expect(await daemon.run(['files', 'receive'], { ...env, GOLDCTL_SERVER: '' })).to.include({ exit: 3 });
  });
});
