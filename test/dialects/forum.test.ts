import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import { formatForumTime } from '../../src/domain/time.ts';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from '../server/wire.ts';
import { skip } from '../skip.ts';
import { ForumClient, ownAddress, placeOf, SUFFIX, signUp, startFor } from './clients.ts';

const BLOCKED = 'Failed.You have tried many times and the account has been blocked, please come back later.\n';
const INVALID = 'Invalid command. Please use available command (MSG, DLT, EDT, RDM, ATU, OUT, UPD):';
const TIME = String.raw`(\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2})`;

/** Number and time of a reply, which must equal this text with `#n` and `T` in their places. */
function told(reply: string, form: string): { number: string; at: string } {
  const pattern = form
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace('#n', String.raw`#(\d+)`)
    .replace(' T', ` ${TIME}`);
  const match = new RegExp(`^${pattern}$`).exec(reply);
  expect(match, JSON.stringify(reply)).not.to.equal(null);
  return { number: match![1]!, at: match![2]! };
}

const posted = (reply: string) => told(reply, `Message #n posted at T${SUFFIX}`);

/** All messages since a time, read as the replies instruct. */
async function readAll(client: ForumClient, since: string): Promise<string[]> {
  const lines: string[] = [];
  for (let time: string | undefined = since; time !== undefined; ) {
    const reply = await client.ask(`RDM ${time}`);
    lines.push(...reply.split('\n').filter((line) => line.startsWith('#')));
    time = new RegExp(`read on by RDM ${TIME}\n`).exec(reply)?.[1];
  }
  return lines;
}

/** Resolves when nothing was posted in the current second, because clients only see seconds. */
async function newSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === second) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('the legacy forum protocol', () => {
  let fixture: DaemonFixture;
  before(async () => {
    fixture = await startFor(['forum'], { config: { attempts: 3, limits: { callsPerSecond: 1000 } } });
    await signUp(fixture, 'Hans', 'yoda', 'leia', 'Obi-wan', 'lando');
  });
  after(() => fixture.stop());

  /** Signing in is slow: clients are reused. */
  const there = new Map<string, Promise<ForumClient>>();
  const signedIn = async (name: string, port?: number) => {
    const client = there.get(name) ?? ForumClient.signedIn(fixture, name, port);
    there.set(name, client);
    return await client;
  };

  describe('accepts the UDP port', () => {
    it('before the first command, together with it or alone', async () => {
      const hans = await signedIn('Hans', 6667);
      posted(await hans.ask('MSG together'));
      expect(await hans.ask('ATU')).to.equal(`Currently no other user is in active.${SUFFIX}`);
      const leia = await ForumClient.open(fixture);
      there.set('leia', Promise.resolve(leia));
      await leia.signIn('leia');
      leia.wire.send('12345');
      const reply = await leia.wire.ask('ATU');
      expect(reply).to.match(
        new RegExp(`^Current active users is:\\nHans, 127\\.0\\.0\\.1, 6667, active since ${TIME}\\n\\nEnter one`),
      );
      expect(await hans.ask('ATU')).to.include('leia, 127.0.0.1, 12345, active since ');
    });

    it('and treats digits as a command afterwards', async () => {
      const hans = await signedIn('Hans');
      expect(await hans.ask('6668')).to.equal(INVALID);
      expect(await (await signedIn('leia')).ask('ATU')).to.include('Hans, 127.0.0.1, 6667, active since ');
    });

    it('or none', async () => {
      const client = await ForumClient.open(fixture);
      await client.signIn('lando');
      posted(await client.wire.ask('MSG no port'));
      expect(await client.wire.ask('OUT')).to.equal('Successfully disconnted with the server. See ya lando!');
      await client.wire.over();
    });
  });

  describe('signs in', () => {
    it('with the attempts left, and blocks', async () => {
      const client = await ForumClient.open(fixture);
      for (const left of [2, 1]) {
        const reply = left === 2 ? await client.signIn('yoda', 'wrong') : await client.wire.ask('wrong');
        expect(reply).to.equal(`Password is not correct. Left trying time: ${left}. Please reenter your password:`);
      }
      expect(await client.wire.ask('wrong')).to.equal(BLOCKED);
      await client.wire.over();
      const again = await ForumClient.open(fixture);
      expect(await again.signIn('yoda')).to.equal('Failed.Your account is still in blocked, please try later.');
      await again.wire.over();
      // Strangers cannot lock a member out: yoda can sign in from another address.
      const elsewhere = await ForumClient.open(fixture, '127.0.0.2');
      expect(await elsewhere.signIn('yoda')).to.equal(`Welcome yoda!${SUFFIX}`);
      elsewhere.wire.kill();
    });

    it('and blocks at the first wrong password if one attempt is allowed', async () => {
      const room = await startFor(['forum'], { config: { attempts: 1 } });
      await signUp(room, 'Hans');
      const client = await ForumClient.open(room);
      expect(await client.signIn('Hans', 'wrong')).to.equal(BLOCKED);
      await client.wire.over();
      await room.stop();
    });

    it('after a wrong and a right password', async () => {
      const client = await ForumClient.open(fixture);
      expect(await client.signIn('Obi-wan', 'wrong')).to.match(/^Password is not correct\./);
      expect(await client.wire.ask('secret')).to.equal(`Welcome Obi-wan!${SUFFIX}`);
      client.wire.kill();
    });

    it('and ends for an unknown name, and for one that is signed in, with words at which the client exits', async () => {
      const unknown = await ForumClient.open(fixture);
      expect(await unknown.signIn('nobody')).to.equal(
        'Failed.There is no account with that name. Check the spelling, or sign up.',
      );
      await unknown.wire.over();
      await signedIn('Hans');
      const twice = await ForumClient.open(fixture);
      expect(await twice.signIn('Hans')).to.equal('Failed.Hans is already signed in, from 127.0.0.1.');
      await twice.wire.over();
    });
  });

  describe('stores posts', () => {
    it('that are written, read, edited and deleted by their author', async () => {
      const hans = await signedIn('Hans');
      await newSecond();
      const { number, at } = posted(await hans.ask('MSG Xin chào; "all" ; of you'));
      const read = `Read message successfully. The new message is:\n#${number}; Hans: "Xin chào; "all" ; of you" posted at ${at}.\n${SUFFIX}`;
      expect(await hans.ask(`RDM ${at}`)).to.equal(read);
      const { at: later } = told(
        await hans.ask(`EDT #${number} ${at} new  text`),
        `Edit the message successfully. Message #n edited at T.${SUFFIX}`,
      );
      expect(await hans.ask(`RDM ${later}`)).to.equal(
        `Read message successfully. The new message is:\n#${number}; Hans: "new  text" edited at ${later}.\n${SUFFIX}`,
      );
      told(
        await hans.ask(`DLT #${number} ${later}`),
        `Delete the message successfully. Message #n deleted at T.${SUFFIX}`,
      );
      expect(await hans.ask(`DLT #${number} ${later}`)).to.equal(
        `Delete the message failed. Please check the input.${SUFFIX}`,
      );
      const next = posted(await hans.ask('MSG another'));
      expect(Number(next.number)).to.equal(Number(number) + 1);
    });

    it('and refuses invalid commands', async () => {
      const [hans, leia] = [await signedIn('Hans'), await signedIn('leia')];
      const { number, at } = posted(await hans.ask('MSG mine'));
      const other = formatForumTime(Date.parse('2021-02-23T15:00:01+07:00'));
      const failed = `Delete the message failed. Please check the input.${SUFFIX}`;
      for (const input of [
        `#${number} ${other}`,
        `#99999 ${at}`,
        `#${number}`,
        at,
        '',
        `#x ${at}`,
        `#${number} ${at} x`,
      ]) {
        expect(await hans.ask(`DLT ${input}`), input).to.equal(failed);
      }
      const not = `Edited the message failed. Please check the input.${SUFFIX}`;
      for (const input of [`#${number} ${other} x`, `#99999 ${at} x`, `#${number} ${at}`, `#${number} x`, '', 'x']) {
        expect(await hans.ask(`EDT ${input}`), input).to.equal(not);
      }
      expect(await leia.ask(`DLT #${number} ${at}`)).to.equal(failed);
      expect(await leia.ask(`EDT #${number} ${at} hers`)).to.equal(not);
      // A moderator may, but not with this client, whose users know only their own posts.
      const owner = await fixture.connect();
      await owner.call('account.setRole', { name: 'leia', role: 'moderator' });
      expect(await leia.ask(`DLT #${number} ${at}`)).to.equal(failed);
      expect(await hans.ask('MSG')).to.equal(`A post must have some text.${SUFFIX}`);
      expect(await hans.ask(`MSG ${'x'.repeat(4097)}`)).to.equal(`A post can have at most 4096 characters.${SUFFIX}`);
    });

    it('and reports when there are none, and the format of a time', async () => {
      const hans = await signedIn('Hans');
      const tomorrow = formatForumTime(Date.now() + 86_400_000);
      expect(await hans.ask(`RDM ${tomorrow}`)).to.equal(`Read message failed. There is no new message${SUFFIX}`);
      for (const time of ['', 'yesterday', '23 Feb 2021', '31 Feb 2021 10:00:00', '2021-02-23 15:00:00']) {
        expect(await hans.ask(`RDM ${time}`), time).to.equal(
          `Read message fail. Invalid datetime format.Please follow(dd mm yyyy hh:mm:s).${SUFFIX}`,
        );
      }
    });

    it('and shows as many as fit into a reply, the number of others, and the time from which to continue', async () => {
      const [hans, owner] = [await signedIn('Hans'), await Wire.member(fixture.address, 'owner')];
      const { number, at } = posted(await hans.ask(`MSG ${'ầ'.repeat(4096)}`));
      expect(await hans.ask(`RDM ${at}`)).to.match(/; Hans: "ầ+\.\.\." posted at /);
      const before = formatForumTime(Date.parse('2021-01-01T00:00:00+07:00'));
      for (let i = 0; i < 30; i++) {
        await owner.result('forum.post', { text: `from the dashboard ${i} 😀\nsecond line` });
      }
      for (const time of [at, before]) {
        const reply = await hans.ask(`RDM ${time}`);
        expect(Buffer.byteLength(reply)).to.be.within(600, 1024);
        const form = new RegExp(
          String.raw`^Read message successfully\. The new message is:\n((?:#\d+; [^\n]+ (?:posted|edited) at ${TIME}\.\n)+)\.\.\. and (more than )?(\d+) more; read on by RDM ${TIME}\n\nEnter one of`,
        );
        expect(form.test(reply), reply).to.equal(true);
      }
      await hans.ask(`DLT #${number} ${at}`);
      expect(await hans.ask(`RDM ${at}`)).to.include('; owner: "from the dashboard 0 😀 second line" posted at ');
      // Most of them are of one second.
      const all = await readAll(hans, before);
      const wanted = Array.from({ length: 30 }, (_, i) => `from the dashboard ${i} 😀 second line`);
      const numbers = all.map((line) => Number(/^#(\d+); /.exec(line)![1]));
      expect(numbers).to.deep.equal([...new Set(numbers)].sort((a, b) => a - b));
      expect(all.filter((line) => line.includes('; owner: ')).map((line) => /"(.*)"/.exec(line)![1])).to.deep.equal(
        wanted,
      );
      expect(await readAll(hans, before)).to.deep.equal(all);
      owner.close();
    });
  });

  describe('lists active users', () => {
    it('except for a command with arguments', async () => {
      const hans = await signedIn('Hans');
      for (const verb of ['ATU', 'OUT']) {
        expect(await hans.ask(`${verb} now`)).to.equal(
          `Invalid format of ${verb}. There should be no arguments for this command. Please retry:`,
        );
      }
    });

    it('with the address for files', async () => {
      const [hans, obi] = [await signedIn('Hans', 6667), await signedIn('Obi-wan', 8001)];
      await obi.ask('ATU');
      const transfer = `Transfer 127.0.0.1 8001 Hans_lecture1.mp4 Obi-wan${SUFFIX}`;
      expect(await hans.ask('UPD Obi-wan lecture1.mp4')).to.equal(transfer);
      expect(await hans.ask('UPD obi-wan lecture1.mp4')).to.equal(transfer);
      const refused = 'Unsuccessfully require sending file. ';
      expect(await hans.ask('UPD yoda lecture1.mp4')).to.equal(`${refused}Target user is not active.${SUFFIX}`);
      for (const input of ['', 'yoda', 'yoda a b', `yoda ${'x'.repeat(256)}`]) {
        expect(await hans.ask(`UPD ${input}`), input).to.equal(
          `${refused}Input format not correct. Please retry.${SUFFIX}`,
        );
      }
      const wire = await Wire.member(fixture.address, 'modern');
      expect(await hans.ask('UPD modern a.txt')).to.equal(
        `${refused}Target user uses another program, which takes files of its own kind only.${SUFFIX}`,
      );
      expect(await hans.ask('ATU')).to.match(/\nmodern, 127\.0\.0\.1, 0, active since /);
      wire.close();
    });
  });

  describe('tells a client where to send a file', () => {
    it('in two lines, of which the client shows the second', async () => {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      await signUp(fixture, 'luke');
      const luke = await ForumClient.signedIn(fixture, 'luke', socket.address().port);
      await luke.ask('ATU');
      const hans = await signedIn('Hans');
      const action = await hans.does('UPD luke notes.txt');
      expect(action).to.deep.equal({
        does: 'send',
        address: '127.0.0.1',
        port: socket.address().port,
        file: 'Hans_notes.txt',
        prompt: `notes.txt has been sent to luke${SUFFIX}`,
      });
      // Without the daemon: a datagram with the name, those of the file, and the end.
      const received: string[] = [];
      const whole = new Promise<void>((resolve) =>
        socket.on('message', (datagram) => {
          received.push(datagram.toString());
          if (received.at(-1) === 'Finished') resolve();
        }),
      );
      if (action.does !== 'send') throw new Error('it sends');
      const sender = createSocket('udp4');
      for (const datagram of [action.file, 'content', 'Finished']) {
        await new Promise((resolve) => sender.send(datagram, action.port, action.address, resolve));
      }
      await whole;
      expect(received).to.deep.equal(['Hans_notes.txt', 'content', 'Finished']);
      expect(await hans.does('ATU')).to.include({ does: 'prompt' });
      for (const each of [socket, sender]) each.close();
      luke.wire.kill();
    });

    it('at the address of the daemon if the receiver is on its machine and the sender is not', async function () {
      const own = ownAddress();
      if (own === undefined) skip(this, 'this machine has only loopback addresses');
      const room = await startFor(['forum'], { config: { dialects: ['forum:0.0.0.0:0'] } });
      await signUp(room, 'near', 'far');
      const near = await ForumClient.signedIn(room, 'near', 6001, '127.0.0.2');
      const place = `${own}:${placeOf(room, 'forum').split(':').at(-1)}`;
      const far = await ForumClient.signedIn(room, 'far', 6002, own, place);
      await near.ask('ATU');
      expect(await far.ask('ATU')).to.match(new RegExp(`\nnear, ${own}, 6001, active since `));
      expect(await far.does('UPD near a.txt')).to.include({ does: 'send', address: own, port: 6001 });
      expect(await near.does('UPD far a.txt')).to.include({ does: 'send', address: own, port: 6002 });
      const wire = await Wire.member(room.address, 'modern');
      expect(await far.ask('ATU')).to.include(`\nmodern, ${own}, 0, active since `);
      const twice = await ForumClient.open(room, own, place);
      expect(await twice.signIn('near')).to.equal(`Failed.near is already signed in, from ${own}.`);
      await twice.wire.over();
      wire.close();
      await room.stop();
    });

    it('even if all names have their maximum length', async () => {
      const [from, to] = ['𞤀', '𞤁'].map((letter) => letter.repeat(32)) as [string, string];
      await signUp(fixture, from, to);
      const [sender, receiver] = [
        await ForumClient.signedIn(fixture, from),
        await ForumClient.signedIn(fixture, to, 65535),
      ];
      await receiver.ask('ATU');
      const file = `${'ầ'.repeat(83)}x.mp4`;
      expect(Buffer.byteLength(file)).to.be.within(254, 255);
      const reply = await sender.ask(`UPD ${to} ${file}`);
      expect(reply).to.equal(`Transfer 127.0.0.1 65535 ${from}_${file} ${to}${SUFFIX}`);
      expect(Buffer.byteLength(reply)).to.be.at.most(1024);
      for (const { wire } of [sender, receiver]) wire.kill();
    });
  });

  describe('handles any input', () => {
    it('and lists the commands for anything else', async () => {
      const hans = await signedIn('Hans');
      for (const line of ['whatsthedate', 'msg hello', 'MSGhello', '\u0000', ' ']) {
        expect(await hans.ask(line), line).to.equal(INVALID);
      }
    });

    it('and joins the pieces of a long request', async () => {
      const hans = await signedIn('Hans');
      const bytes = Buffer.from(`MSG ${'ầ😀'.repeat(500)}`);
      for (let at = 0; at < bytes.length; at += 1001) {
        await new Promise<void>((resolve) =>
          hans.wire.socket.write(bytes.subarray(at, at + 1001), () => setImmediate(resolve)),
        );
      }
      const { number, at } = posted(await hans.wire.recv());
      const { posts } = await (await fixture.connect()).call('forum.read', { limit: 1 });
      expect(posts.map((post) => [post.number, post.text])).to.deep.equal([[Number(number), 'ầ😀'.repeat(500)]]);
      expect((await readAll(hans, at)).at(-1)).to.match(/: "(ầ😀)+ầ?\.\.\." posted/);
      hans.wire.send(Buffer.from('MSG cut ầ').subarray(0, -1));
      await new Promise((resolve) => setImmediate(resolve));
      posted(await hans.wire.ask(Buffer.from('ầ').subarray(-1)));
    });

    it('and ends for an endless request, with words at which the client exits', async () => {
      const hans = await signedIn('Hans');
      expect(await hans.wire.ask('x'.repeat(40_000))).to.equal(
        'Server ended this connection. A request may have at most 32768 bytes.',
      );
      await hans.wire.over();
    });
  });
});
