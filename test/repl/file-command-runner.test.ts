import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { resolveUserPath } from '../../src/repl/file-command-runner.ts';
import { Repl, type ReplOutcome } from '../../src/repl/repl.ts';
import { Party } from '../client/party.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

/** Somebody at the REPL: what he types, and what he sees. */
class Seat {
  readonly client: Client;
  readonly ended: Promise<ReplOutcome>;
  readonly #input: PassThrough;
  #text = '';
  #seen = 0;
  #grown: () => void = () => {};

  constructor(client: Client, isTTY: boolean) {
    this.client = client;
    this.#input = Object.assign(new PassThrough(), { isTTY });
    const output = Object.assign(new PassThrough(), { isTTY, columns: 120 });
    output.on('data', (chunk) => {
      this.#text += String(chunk);
      this.#grown();
    });
    const repl = new Repl({ client, input: this.#input, output, user: 'somebody', env: { NO_COLOR: '1' } });
    this.ended = repl.run();
  }

  get text(): string {
    return stripVTControlCharacters(this.#text);
  }

  say(...lines: string[]): void {
    for (const line of lines) this.#input.write(`${line}\n`);
  }

  close(): void {
    this.#input.end();
  }

  /** Resolves once it shows in what came after the last one that was waited for. */
  async sees(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text.slice(this.#seen));
      if (found) {
        this.#seen += found.index + found[0].length;
        return found;
      }
      await new Promise<void>((resolve) => {
        this.#grown = resolve;
      });
    }
  }
}

describe('files in the repl', function () {
  this.timeout(30_000);
  let daemon: DaemonFixture;
  let yoda: Party;

  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000 } } });
    yoda = await Party.join(daemon, 'yoda');
  });

  after(async () => {
    await yoda.leave();
    await daemon.stop();
  });

  async function seat(name: string, isTTY: boolean): Promise<Seat> {
    const client = await daemon.connectAfar();
    await client.signUp({ name, password: 'correct horse' });
    return new Seat(client, isTTY);
  }

  /** Others can reach a member with files. */
  async function reachable(member: string): Promise<void> {
    const owner = await daemon.connect({ resume: false });
    for (;;) {
      const { members } = await owner.call('members.active', {});
      if (members.some(({ name, peerPort }) => name === member && peerPort !== null)) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await owner.close();
  }

  it('waits in a script until what it sent has arrived, and posts meanwhile', async () => {
    const path = await yoda.file('lecture1.mp4', 600_000);
    const han = await seat('han', false);
    han.say(`UPD yoda ${path}`, 'MSG meanwhile', 'PING yoda', 'UPD yoda /nowhere/x', `UPD nobody ${path}`);
    han.close();
    const offer = await yoda.offered();
    await han.sees(/Message #1 posted at/);
    await yoda.peers.accept(offer.id);
    expect(await han.ended).to.deep.equal({ exit: 1, lineCount: 5, failedLines: [4, 5] });
    expect(han.text).to.match(/^Sending lecture1\.mp4.* to yoda: transfer 1\.$/m);
    expect(han.text).to.match(/^lecture1\.mp4 has been uploaded$/m);
    expect(han.text).to.include('yoda is online.');
    const saved = await yoda.peers.waitForEnd(offer.id);
    expect(await readFile(saved.savedAs!)).to.deep.equal(await readFile(path));
  });

  it('publishes, lists, discovers and fetches', async () => {
    const path = await yoda.file('notes of week 7.bin', 50_000, 3);
    await yoda.peers.publish(path, { name: 'notes of week 7.bin', description: 'Ghi chú' });
    const leia = await seat('leia', false);
    leia.say('LIST ghi chu', 'DISCOVER yoda', 'DISCOVER leia', 'FETCH notes of week 7.bin @yoda', 'NOTIFY');
    await leia.sees(/Received notes of week 7\.bin from yoda\nSaved as .*; 50\.0 kB/);
    leia.say(`PUBLISH "${path}" notes.bin`, 'LIST notes.bin', 'UNPUBLISH notes.bin', 'FETCH nothing.bin', 'OUT');
    expect(await leia.ended)
      .to.include({ exit: 1 })
      .and.to.have.deep.property('failedLines', [9]);
    expect(leia.text).to.match(/notes of week 7\.bin +50\.0 kB +\S+ \S+ +yoda +yes +Ghi chú/);
    expect(leia.text).to.match(/notes of week 7\.bin +50\.0 kB +\d{4}-\d\d-\d\d \d\d:\d\d +yoda +yes +Ghi chú\n/);
    expect(leia.text).to.include(' publishes no file.\n');
    expect(leia.text).to.include('notes.bin (50.0 kB) is published: FETCH notes.bin');
    expect(leia.text).to.match(/\nnotes\.bin +50\.0 kB .* leia +yes/);
    expect(leia.text).to.include('notes.bin is no longer published.\n').and.to.include('nothing.bin');
  });

  it('tells of offers above the prompt, and answers them by number', async () => {
    const luke = await seat('luke', true);
    await luke.sees(/luke> $/);
    await reachable('luke');
    const first = await yoda.peers.send('luke', await yoda.file('gift.bin', 20_000, 5));
    const [, id] = await luke.sees(/yoda offers gift\.bin \(20\.0 kB\): ACCEPT (\d+) or DECLINE \d+\n(?:.|\n)*luke> /);
    luke.say('ACCEPT 99');
    await luke.sees(new RegExp(`There is no offer 99\\. Pending: ${id} \\(gift\\.bin\\)`));
    luke.say(`ACCEPT ${id}`);
    await luke.sees(/Received gift\.bin from yoda\n(?:.|\n)*luke> /);
    expect((await yoda.peers.waitForEnd(first)).state).to.equal('done');
    // Whoever ends while something is under way knows it.
    const slow = await yoda.peers.send('luke', await yoda.file('slow.bin', 4_000_000, 6), { limit: 300_000 });
    const [, second] = await luke.sees(/yoda offers slow\.bin .*ACCEPT (\d+)/);
    luke.say(`ACCEPT ${second}`);
    await luke.sees(/Receiving slow\.bin/);
    luke.say('-quit');
    await luke.sees(/slow\.bin.*\n.*Repeat it to quit anyway\./);
    luke.say('-quit');
    expect(await luke.ended).to.include({ exit: 0 });
    await yoda.peers.cancel(slow);
  });

  it('takes from a member without a question, once it is told so, until the end', async () => {
    const lando = await seat('lando', false); // a pipe that stays open
    await reachable('lando');
    const path = await yoda.file('gift.bin', 20_000, 5);
    const first = await yoda.peers.send('lando', path);
    const [, id] = await lando.sees(/ACCEPT (\d+) or DECLINE/);
    lando.say(`ACCEPT ${id} ALWAYS 30kB`);
    await lando.sees(/Received gift\.bin from yoda\n/);
    expect((await yoda.peers.waitForEnd(first)).state).to.equal('done');
    const second = await yoda.peers.send('lando', path);
    await lando.sees(/Received gift(?: \(1\))?\.bin from yoda\n/);
    expect((await yoda.peers.waitForEnd(second)).state).to.equal('done');
    const large = await yoda.peers.send('lando', await yoda.file('large.bin', 40_000, 6));
    const [, other] = await lando.sees(/yoda offers large\.bin .*ACCEPT (\d+)/);
    lando.say(`DECLINE ${other} no room`);
    await lando.sees(/Declined large\.bin from yoda\./);
    expect(await yoda.peers.waitForEnd(large)).to.include({ state: 'declined' });
    lando.close();
    expect(await lando.ended).to.include({ exit: 0 });
  });

  it('needs somebody who is signed in', async () => {
    const stranger = new Seat(await daemon.connect({ resume: false }), false);
    stranger.say('UPD yoda x', 'NOTIFY');
    stranger.close();
    expect(await stranger.ended).to.deep.equal({ exit: 1, lineCount: 2, failedLines: [1] });
    expect(stranger.text).to.match(/^Sign in first to send or receive files\.\nThere are no offers/);
  });

  it('knows ~ for the home of the user', () => {
    expect(resolveUserPath('~/a b')).to.equal(join(homedir(), 'a b'));
    expect(resolveUserPath('~')).to.equal(homedir());
    expect(resolveUserPath('~x/a')).to.equal('~x/a');
    expect(resolveUserPath('/a')).to.equal('/a');
  });
});
