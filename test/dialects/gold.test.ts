import { expect } from 'chai';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { framed, GOLD_GREETING, GoldClient, LOOK_UP, placeOf, signUp, startFor } from './clients.ts';
import { OldClient } from './old-client.ts';

const BAR = '_'.repeat(23);
const SIGN_IN = `${BAR}SIGN IN${BAR}\nType your username and your password (separate with a space " ")\nFor example: "MyName01 123456"\nOr you can create new account by typing: "-signup"`;
const SIGN_UP = `${BAR}SIGN UP${BAR}\nType your username and your password (separate with a space " ")\nFor example: "MyName01 123456"`;
const NOT_UNDERSTOOD = 'I do not understand (may be you have not logged in)';
const REFUSED = 'Username or Password may be wrong, type again:';
const TYPO = 'Typo error, please type again';
const NOTHING = 'Sorry, did not find any results';

function record(buy: string, sell: string, company: string, brand: string, id: string): string {
  return ` ${BAR}\n|BUY: ${buy}\t\t|\n|SELL: ${sell}\t|\n|Company: ${company}\t|\n|Brand: ${brand}\t|\n|ID: ${id}\t\t|\n|${BAR}|\n`;
}

describe('the legacy gold protocol', () => {
  let fixture: DaemonFixture;
  before(async () => {
    fixture = await startFor(['gold'], { config: { limits: { helloMs: 500 } } });
    await signUp(fixture, 'khtn', 'lan', 'minh');
    const owner = await fixture.connect();
    const day = Date.parse('2021-12-27T00:00:00+07:00');
    const bring = (company: string, brand: string, rows: [number, number | null, number | null][]) =>
      owner.call('rates.import', { instrument: 'SJC', company, brand, rows: rows.map((row) => [...row]) });
    await bring('SJC', 'Hồ Chí Minh', [[day, 60_850_000, 61_550_000]]);
    await bring('DOJI', '', [[day + 3_600_000, 60_650_000, null]]);
    for (let i = 0; i < 30; i++) {
      await bring('PNJ', `Chi nhánh số ${i} ${'ầ'.repeat(i)}`, [[day + 86_400_000, 60_000_000 + i, 61_000_000 + i]]);
    }
  });
  after(() => fixture.stop());

  it('greets with its help at once, and does not reply to the first line, which is empty', async () => {
    const wire = await OldClient.open(placeOf(fixture, 'gold'), 2048);
    expect(await wire.recv()).to.equal(GOLD_GREETING);
    wire.send(framed(''));
    expect(await wire.ask(framed('-signin'))).to.equal(SIGN_IN);
    // For later empty lines the client waits for the reply.
    expect(await wire.ask(framed(''))).to.equal(TYPO);
    wire.kill();
  });

  it('replies to unknown commands before sign-in', async () => {
    const client = await GoldClient.open(fixture);
    expect(await client.ask('2021-12-27 SJC')).to.equal(NOT_UNDERSTOOD);
    expect(await client.ask('hello')).to.equal(NOT_UNDERSTOOD);
    client.wire.kill();
  });

  it('shows its help in every state, and stays in that state', async () => {
    const help = 'Important key words:\n-quit: Exit program\n-signin: Sign in\n-signup: Sign up\n';
    const client = await GoldClient.open(fixture);
    expect(await client.ask('-help')).to.equal(help);
    expect(await client.ask('hello')).to.equal(NOT_UNDERSTOOD);
    expect(await client.ask('-signin')).to.equal(SIGN_IN);
    expect(await client.ask('-help')).to.equal(help);
    expect(await client.ask('khtn wrong')).to.equal(REFUSED);
    expect(await client.ask('-signup')).to.equal(SIGN_UP);
    expect(await client.ask('-help')).to.equal(help);
    expect(await client.ask('tester secret')).to.equal(`A new account has been created. WELCOME "tester"\n${LOOK_UP}`);
    expect(await client.ask('-help')).to.equal(help);
    expect(await client.ask('2021-12-26 SJC')).to.equal(NOTHING);
    client.wire.kill();
  });

  it('signs in with name and password, including spaces in the password', async () => {
    const client = await GoldClient.open(fixture);
    expect(await client.ask('-signup')).to.equal(SIGN_UP);
    expect(await client.ask('dũng daihoc  tphcm')).to.equal(
      `A new account has been created. WELCOME "dũng"\n${LOOK_UP}`,
    );
    expect(await client.ask('-quit')).to.equal('REMOVING CONNECTION');
    await client.wire.over();
    const again = await GoldClient.open(fixture);
    expect(await again.ask('-signin')).to.equal(SIGN_IN);
    expect(await again.ask('dũng')).to.equal(TYPO);
    expect(await again.ask('dũng daihoc tphcm')).to.equal(REFUSED);
    expect(await again.ask('nobody daihoc tphcm')).to.equal(REFUSED);
    expect(await again.ask('dũng daihoc  tphcm')).to.equal(`Log in successfully! WELCOME "dũng"\n${LOOK_UP}`);
    again.wire.kill();
  });

  it('creates no account twice, for any password', async () => {
    const client = await GoldClient.open(fixture);
    await client.ask('-signup');
    expect(await client.ask('khtn another')).to.equal(
      'Account is already exists, you can type "-signin" to continue\nOr type again: ',
    );
    expect(await client.ask('x')).to.equal(TYPO);
    expect(await client.ask('a,b secret')).to.equal(
      'A name must be 1-32 letters, digits or any of - _ . without spaces.\nOr type again: ',
    );
    expect(await client.ask('-signin')).to.equal(SIGN_IN);
    expect(await client.ask('khtn another')).to.equal(REFUSED);
    client.wire.kill();
  });

  it('replies to a date and a type with the records of that day in Vietnam time', async () => {
    const client = await GoldClient.signedIn(fixture, 'khtn');
    const id = String(Date.parse('2021-12-27T00:00:00+07:00'));
    const later = String(Date.parse('2021-12-27T01:00:00+07:00'));
    const both = `2 results found:\n${record('60,850,000', '61,550,000', 'SJC', 'Hồ Chí Minh', id)}${record('60,650,000', '-', 'DOJI', '', later)}`;
    expect(await client.ask('2021-12-27 SJC')).to.equal(both);
    expect(await client.ask('2021-12-27 vàng miếng sjc')).to.equal(both);
    for (const nothing of ['2021-12-26 SJC', '2021-12-27 XAU', '2021-12 SJC', '2021-02-30 SJC', '21-12-27 nothing']) {
      expect(await client.ask(nothing), nothing).to.equal(NOTHING);
    }
    expect(await client.ask('2021-12-27')).to.equal(TYPO);
    client.wire.kill();
  });

  it('returns as many records as fit into a reply, and the number of others', async () => {
    const client = await GoldClient.signedIn(fixture, 'lan');
    const reply = await client.ask('2021-12-28 SJC');
    expect(Buffer.byteLength(reply)).to.be.within(1700, 2048);
    const [, all, rest, left] = /^(\d+) results found:\n(.*\n)(\d+) more do not fit here: [a-z ]+$/s.exec(reply)!;
    const shown = rest!.match(/\|BUY: [0-9,]+\t\t\|\n\|SELL: /g)!.length;
    expect(shown + Number(left)).to.equal(Number(all));
    expect(Number(all)).to.be.at.least(30);
    expect(rest!.endsWith(`|${BAR}|\n`)).to.equal(true);
    expect(await client.ask('x y')).to.equal(NOTHING); // still in step
    client.wire.kill();
  });

  it('locks out after wrong passwords, and states for how long', async () => {
    const client = await GoldClient.open(fixture);
    await client.ask('-signin');
    for (let i = 0; i < 3; i++) expect(await client.ask(`minh guess${i}`)).to.equal(REFUSED);
    expect(await client.ask('minh secret')).to.match(/^Too many wrong passwords\. Try again in \d+ s\.$/);
    client.wire.kill();
  });

  it('signs an account in once', async () => {
    const client = await GoldClient.signedIn(fixture, 'khtn');
    const other = await GoldClient.open(fixture);
    await other.ask('-signin');
    expect(await other.ask('khtn secret')).to.equal('khtn is already signed in, from 127.0.0.1.');
    expect(await client.ask('-quit')).to.equal('REMOVING CONNECTION');
    await client.wire.over();
    expect(await other.ask('khtn secret')).to.equal(`Log in successfully! WELCOME "khtn"\n${LOOK_UP}`);
    other.wire.kill();
  });

  it('ends when the client closes, and frees its account', async () => {
    const client = await GoldClient.signedIn(fixture, 'khtn');
    client.wire.socket.end();
    await client.wire.over();
    const again = await GoldClient.signedIn(fixture, 'khtn');
    again.wire.kill();
  });

  it('joins lines from any chunks, and accepts several lines in one', async () => {
    const wire = await OldClient.open(placeOf(fixture, 'gold'), 2048);
    await wire.recv();
    const bytes = Buffer.concat([framed(''), framed('-signin')]);
    for (const byte of bytes) {
      await new Promise<void>((resolve) => wire.socket.write(Buffer.of(byte), () => setImmediate(resolve)));
    }
    expect(await wire.recv()).to.equal(SIGN_IN);
    wire.kill();
  });

  it('ends for invalid frames, with the words of the older program', async () => {
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      framed('x').fill('-', 0, 1),
      framed('').fill('9', 0, 64),
      '5000'.padEnd(64),
      Buffer.concat([Buffer.from('2'.padEnd(64)), Buffer.of(0xc3, 0x28)]),
      Buffer.alloc(64, 0x20),
    ]) {
      const wire = await OldClient.open(placeOf(fixture, 'gold'), 2048);
      await wire.recv();
      expect(await wire.ask(bytes)).to.equal('SERVER IS REMOVING YOUR CONNECTION');
      await wire.over();
    }
  });
});
