import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { formatForumTime } from '../../src/domain/time.ts';
import { Repl, type ReplOutcome } from '../../src/repl/repl.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

const DAY = 86_400_000;

/** What the REPL writes, and a way to wait for it. */
class Screen extends PassThrough {
  readonly isTTY: boolean;
  readonly columns = 100;
  text = '';

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
    this.on('data', (chunk) => {
      this.text += String(chunk);
      this.emit('grown');
    });
  }

  /** Resolves once the pattern shows in what came after the last one that was waited for. */
  async shows(pattern: RegExp): Promise<void> {
    for (;;) {
      const plain = stripVTControlCharacters(this.text);
      const found = pattern.exec(plain.slice(this.#seen));
      if (found) {
        this.#seen += found.index + found[0].length;
        return;
      }
      await new Promise((resolve) => this.once('grown', resolve));
    }
  }

  #seen = 0;
}

describe('repl', () => {
  let daemon: DaemonFixture;

  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000 } } });
    const admin = await daemon.connect();
    await admin.signUp({ name: 'owner', password: 'owner pass' });
    await admin.call('rates.import', {
      instrument: 'SJC',
      rows: [
        [Date.UTC(2021, 11, 26, 20), 60_650_000, 61_350_000],
        [Date.UTC(2022, 0, 5), 61_000_000, 61_700_000],
      ],
    });
    await admin.close();
  });

  after(() => daemon.stop());

  async function script(text: string, client?: Client): Promise<{ outcome: ReplOutcome; text: string }> {
    const output = new Screen(false);
    const input = new PassThrough();
    input.end(text);
    const repl = new Repl({ client: client ?? (await daemon.connectAfar()), input, output, user: 'somebody', env: {} });
    const outcome = await repl.run();
    return { outcome, text: output.text };
  }

  async function terminal(client: Client, historyFile?: string) {
    const output = new Screen(true);
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const repl = new Repl({
      client,
      input,
      output,
      user: 'somebody',
      env: { NO_COLOR: '1' },
      ...(historyFile === undefined ? {} : { historyFile }),
    });
    const ended = repl.run();
    await output.shows(/goldctl, connected to [^\n]+\n[^\n]+\n(.|\n)*> $/);
    return { output, input, ended };
  }

  describe('script', () => {
    it('signs up, posts, edits, reads, deletes and leaves in plain words', async () => {
      const { outcome, text } = await script(
        '-signup\nhans daihoc tphcm\nMSG Hello\nEDT #1 Hello again\nRDM\nATU\nDLT #1\nSUM 25\nOUT\n',
      );
      const time = '\\d{1,2} [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d';
      const lines = text.trimEnd().split('\n');
      const expected = [
        /^Created the account hans and signed in\.$/,
        new RegExp(`^Message #1 posted at ${time}\\.$`),
        /^Edited #1\.$/,
        /^\d{4}-\d\d-\d\d$/,
        /^#1 \d\d:\d\d hans: Hello again \(edited \d\d:\d\d\)$/,
        /^No other members are online\.$/,
        /^Deleted #1\.$/,
        /^Client Name: hans \| Server Name: .+$/,
        /^Client Number: 25 \| Server Number: \d+ \| Sum: \d+$/,
        /^Signed out\. Goodbye, hans!$/,
      ];
      expect(lines).to.have.length(expected.length);
      for (const [i, pattern] of expected.entries()) expect(lines[i]).to.match(pattern);
      expect(outcome).to.deep.equal({ exit: 0, lineCount: 9, failedLines: [] });
    });

    it('looks up, charts and lists', async () => {
      const client = await daemon.connect({ resume: false });
      const { outcome, text } = await script(
        '2021-12-27 vàng sjc\n2020-01-01 SJC\nmarket all\nMARKET SJC\nCHART SJC all\nPROVIDERS\n',
        client,
      );
      expect(text)
        .to.include('1 result\n')
        .and.to.match(/SJC +60,650,000 +[\d,]+ +VND\/tael +2021-12-2\d /);
      expect(text).to.include('No quotes for SJC on 2020-01-01 (Vietnam time)');
      expect(text).to.match(/SJC +61,000,000 +61,700,000 +VND\/tael/);
      expect(text).to.include('million VND/tael');
      expect(text).to.include('Last response');
      expect(outcome).to.include({ exit: 0, lineCount: 6 });
    });

    it('converts what it shows, of now and of a day', async () => {
      const client = await daemon.connect({ resume: false });
      const { outcome, text } = await script(
        'MARKET vàng sjc in chỉ\n2021-12-27 SJC IN VND/phân\nMARKET ALL IN chi\n2021-12-27 SJC IN USD\n',
        client,
      );
      expect(text).to.include('SJC (import): buy 6,100,000, sell 6,170,000 VND/chi');
      expect(text)
        .to.include('In VND/phân, using only quotes of 2021-12-27:')
        .and.to.include('SJC (import): buy 606,500, sell 613,500 VND/phan');
      expect(text).to.match(/^SJC +6,100,000 +6,170,000 +VND\/chi +STALE \d+ d +SJC import STALE \d+ d$/m);
      expect(text).to.include('not converted: no quote of 2021-12-27 converts VND to USD');
      expect(outcome).to.include({ exit: 0, lineCount: 4 });
    });

    it('echoes nothing, says which lines failed, and goes on', async () => {
      const client = await daemon.connect({ resume: false });
      const { outcome, text } = await script('MARKT ALL\nSUM 0\nMARKET SJK\n\nSUM 5\nSUM 101\n', client);
      expect(outcome).to.deep.equal({ exit: 1, lineCount: 6, failedLines: [1, 2, 3, 6] });
      const lines = text.trimEnd().split('\n');
      expect(lines[0]).to.equal('Invalid command. Please retry. Did you mean MARKET?');
      expect(lines[1]).to.match(/^The number 0 is out of range\./);
      expect(lines[2]).to.include('Did you mean SJC?');
      expect(lines[4]).to.match(/^Client Number: 5 /);
    });

    it('refuses an edit whose time is not the one the message carries', async () => {
      const { outcome, text } = await script(
        '-signup\ntime pass\nMSG one\nEDT #2 23 Feb 2021 15:00:01 two\nDLT #2 23 Feb 2021 15:00:01\n-quit\n',
      );
      expect(text).to.include('Could not edit the message.');
      expect(text).to.include('Could not delete the message.');
      expect(outcome.failedLines).to.deep.equal([4, 5]);
    });

    it('takes the time that a message carries, and refuses what is not there, gone or of somebody else', async () => {
      const writer = await daemon.connectAfar();
      await writer.signUp({ name: 'luke', password: 'pass' });
      const { post } = await writer.call('forum.post', { text: 'mine' });
      const { post: own } = await writer.call('forum.post', { text: 'own' });
      const time = formatForumTime(own.at);
      const { text: said } = await script(
        `EDT #${own.number} ${time} own again\nDLT #${own.number} 1 Jan 2021 00:00:00\n` +
          `DLT #${own.number}\nEDT #${own.number} x\n`,
        writer,
      );
      const lines = said.trimEnd().split('\n');
      expect(lines[0]).to.match(/^Edited #\d+\.$/);
      expect(lines[1]).to.match(/^Could not delete the message\. Message #\d+ has the time /);
      expect(lines[2]).to.match(/^Deleted #\d+\.$/);
      expect(lines[3]).to.match(/^Could not edit the message\. Post #\d+ was deleted\.$/);
      const { outcome, text } = await script(
        `-signup\nvader pass\nEDT #${post.number} his\nDLT #${post.number}\nDLT #99999\n-quit\n`,
      );
      expect(text).to.match(/Could not edit the message\. Post #\d+ is luke's/);
      expect(text).to.match(/Could not delete the message\. Post #\d+ is luke's/);
      expect(text).to.match(/Could not delete the message\. There is no post #99999\./);
      expect(outcome.failedLines).to.deep.equal([3, 4, 5]);
      await writer.close();
    });

    it('finds, lists topics with what is unread, reads it away, and writes to one member alone', async () => {
      const writer = await daemon.connectAfar();
      await writer.signUp({ name: 'lando', password: 'pass' });
      await script('-signup\nchewie pass\nOUT\n');
      const { outcome, text } = await script(
        'MSG #cloud Giá vàng lên @chewie\nFIND @chewie vang\nfind nothing-of-the-kind\nDM chewie meet me\nDM\n',
        writer,
      );
      expect(outcome.failedLines).to.deep.equal([]);
      const lines = text.trimEnd().split('\n');
      expect(lines[0]).to.match(/^Message #\d+ posted at /);
      expect(lines[1]).to.equal('1 result');
      expect(lines[3]).to.match(/^#\d+ \d\d:\d\d lando #cloud: Giá vàng lên @chewie$/);
      expect(lines[4]).to.match(/^No messages match "nothing-of-the-kind"\. The newest is #\d+ by lando in #cloud, /);
      expect(lines[5]).to.match(/^#\d+ \d\d:\d\d lando to chewie: meet me$/);
      expect(lines[7]).to.match(/^chewie .*meet me$/);
      const read = await script('-signin\nchewie pass\nTOPICS\nRDM\nTOPICS\nDM lando\nDM @lando\nOUT\n');
      expect(read.text).to.match(/#cloud +1 +1 +1 +#\d+ by lando/);
      expect(read.text).to.match(/#cloud +1 +#\d+ by lando/);
      expect(read.text).to.match(
        /lando to chewie: meet me \(new\)\n\d{4}-\d\d-\d\d\n#\d+ \d\d:\d\d lando to chewie: meet me\n/,
      );
      expect(read.text).to.include('Signed out. Goodbye, chewie!');
      await writer.close();
    });

    it('says how many tries are left, and for how long one is locked out', async () => {
      await script('-signup\nlocked right\nOUT\n');
      const { outcome, text } = await script(
        `${'-signin\nlocked wrong\n'.repeat(3)}-signin\nlocked right\n-signup\nlocked x\n-signin\nnobody\n`,
      );
      expect(text).to.match(/The password is wrong\. 2 attempts left/);
      expect(text).to.match(/Try again in 10 s/);
      expect(text).to.include('This account already exists. Type -signin to sign in.');
      expect(text).to.include('Enter the name and the password on one line');
      expect(text).to.not.include('wrong\n');
      expect(outcome.exit).to.equal(1);
    });

    it('waits out the rate limit of the daemon', async () => {
      const { outcome } = await script(`-signup\nmany pass\n${'SUM 1\n'.repeat(70)}`);
      expect(outcome).to.include({ exit: 0, lineCount: 72 });
    });

    it('ends when the daemon ends the connection', async () => {
      const client = await daemon.connectAfar();
      const input = new PassThrough();
      const output = new Screen(false);
      const ended = new Repl({ client, input, output, user: 'somebody', env: {} }).run();
      input.write('-signup\ngone pass\n');
      await output.shows(/Created the account gone/);
      const admin = await daemon.connect();
      await admin.call('admin.quitAll', { reason: 'closing' });
      expect(await ended).to.include({ exit: 1 });
      expect(output.text).to.include('closing');
      await admin.close();
    });
  });

  describe('terminal', () => {
    it('signs in without showing what is typed, and keeps it out of the history', async () => {
      await script('-signup\nterm my s3cret\nOUT\n');
      const client = await daemon.connectAfar();
      const historyFile = join((await daemon.anotherHome()).root, 'history');
      await writeFile(historyFile, 'MARKET BTC\n');
      const { output, input, ended } = await terminal(client, historyFile);
      input.write('-signin\r');
      await output.shows(/name password: $/);
      input.write('term not s3cret\r');
      await output.shows(/attempts left[^\n]*\n(.|\n)*name password: $/);
      input.write('term my s3cret\r');
      await output.shows(/Signed in as term\.\n(.|\n)*term> $/);
      input.write('-signin term my s3cret\r');
      await output.shows(/no arguments[^\n]*\n(.|\n)*> $/);
      input.write('SUM 7\r');
      await output.shows(/Client Number: 7 [^\n]*\n(.|\n)*> $/);
      input.write('-quit\r');
      await output.shows(/Goodbye, term!/);
      expect(await ended).to.include({ exit: 0 });
      const echoed = output.text.replaceAll('-signin term my s3cret', '');
      expect(echoed).to.not.include('s3cret');
      const kept = await readFile(historyFile, 'utf8');
      expect(kept).to.equal('MARKET BTC\nSUM 7\n-quit\n');
      await client.close();
    });

    it('hides a password that is pasted together with other lines', async () => {
      await script('-signup\npaste hidden1\nOUT\n');
      const client = await daemon.connectAfar();
      const { output, input, ended } = await terminal(client);
      input.write('-help\r-signin\rpaste hidden1\rSUM 9\r');
      await output.shows(/Client Number: 9 /);
      input.write('OUT\r');
      expect(await ended).to.include({ exit: 0 });
      expect(output.text).to.not.include('hidden1');
      await client.close();
    });

    it('shows prices and messages of others above the line that is being typed', async () => {
      await script('-signup\nwatcher pass\nOUT\n');
      const client = await daemon.connectAfar();
      await client.signIn({ name: 'watcher', password: 'pass' });
      const { output, input, ended } = await terminal(client);
      input.write('WATCH SJC\r');
      await output.shows(/Watching SJC\.\n(.|\n)*> $/);
      input.write('MARKET S');
      await output.shows(/MARKET S$/);
      const admin = await daemon.connect();
      expect(admin.name).to.equal('owner'); // by the token that was kept at its sign-up
      await admin.call('forum.post', { text: 'look \u202eat this' });
      await output.shows(/\* #\d+ \d\d:\d\d owner: look at this\n(.|\n)*watcher> MARKET S$/);
      await admin.call('messages.send', { to: 'watcher', text: 'for you' });
      await output.shows(/\* #\d+ \d\d:\d\d owner to watcher: for you\n(.|\n)*watcher> MARKET S$/);
      await admin.call('rates.import', { instrument: 'SJC', rows: [[Date.now() - DAY, 150_000_000, 151_000_000]] });
      await output.shows(/\* SJC buy 150,000,000, sell 151,000,000 VND\/tael [^\n]*\n(.|\n)*watcher> MARKET S$/);
      input.write('JC\r');
      await output.shows(/SJC +150,000,000 +151,000,000/);
      input.end();
      expect(await ended).to.include({ exit: 0 });
      await admin.close();
      await client.close();
    });

    it('comes back after a lost connection, keeps what is typed, and goes on with messages', async () => {
      await script('-signup\nfaithful pass\nOUT\n');
      const client = await daemon.connectAfar();
      await client.signIn({ name: 'faithful', password: 'pass' });
      const { output, input, ended } = await terminal(client);
      input.write('MARKET S');
      await output.shows(/MARKET S$/);
      const admin = await daemon.connect();
      await admin.call('admin.quitAll', { reason: 'back in a moment.' });
      await output.shows(/Connection lost: [^\n]+: back in a moment; reconnecting\.\n(.|\n)*faithful> MARKET S$/);
      await admin.call('forum.post', { text: 'while you were away' });
      await output.shows(/Back online\.\n(.|\n)*\* #\d+ \d\d:\d\d owner: while you were away/);
      await output.shows(/faithful> MARKET S$/);
      input.write('JC\rMSG still here\r');
      await output.shows(/SJC +[^\n]*VND(.|\n)*Message #\d+ posted at/);
      await admin.call('admin.kick', { name: 'faithful', reason: 'enough' });
      expect(await ended).to.include({ exit: 1 });
      expect(output.text.match(/Connection lost/g)).to.have.length(1);
      expect(output.text).to.match(/enough/);
      await admin.close();
    });

    it('forgets a line on Ctrl-C, and ends on the second one in a row', async () => {
      const client = await daemon.connectAfar();
      const { output, input, ended } = await terminal(client);
      input.write('MARKET');
      await output.shows(/MARKET$/);
      input.write('\x03');
      await output.shows(/\^C\n(.|\n)*goldctl> $/);
      input.write('\x03');
      await output.shows(/press Ctrl-C again/);
      input.write('\x03');
      expect(await ended).to.include({ exit: 0 });
      await client.close();
    });

    it('leaves a sign-in on Ctrl-C', async () => {
      const client = await daemon.connectAfar();
      const { output, input, ended } = await terminal(client);
      input.write('-signin\r');
      await output.shows(/name password: $/);
      input.write('half of it\x03');
      await output.shows(/Nothing was sent\.\n(.|\n)*goldctl> $/);
      input.write('-quit\r');
      await output.shows(/Goodbye!/);
      expect(await ended).to.include({ exit: 0 });
      expect(output.text).to.not.include('half');
      await client.close();
    });
  });
});
