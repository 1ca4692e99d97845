import { connect } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { ForumClient, framed, GoldClient, MarketClient, placeOf, signUp, startFor } from './clients.ts';
import { OldClient } from './old-client.ts';
import { ShareClient, shareMessage } from './share-client.ts';

/** Byte strings for every legacy protocol; `GOLDCTL_OLD_STRINGS=100000` is the long form. */
const STRINGS = Number(process.env.GOLDCTL_OLD_STRINGS ?? 300);
const AT_ONCE = 16;

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom('-signin', '-signup', '-quit', 'hans secret', '2021-12-27 SJC', '', '\u0000', 'x'.repeat(4097))
    .map(framed),
  fc
    .constantFrom(
      'register hans secret x 1',
      'login nobody secret x 1',
      'fetch x',
      'publish x 1 10:20:30-01/02/2024 x',
      '../',
    )
    .map(shareMessage),
  fc
    .constantFrom(
      ...['hans', 'secret', '6666', 'MSG x', 'RDM 1 Jan 2021 00:00:00', 'ATU', 'DLT #1 1 Jan 2021 00:00:00', '{"', '}'],
      ...[
        '{"status": "OK", "data": "MARKET ALL"}',
        '{"status": "OK", "data": 7}',
        '{"data": {',
        '\\',
        'x'.repeat(40_000),
      ],
      ...['{"client_name": "x", "client_number": 7}', '{"client_name": 7}', '\r\n', '9'.repeat(64), ' '.repeat(64)],
    )
    .map((text) => Buffer.from(text)),
);
const strings = fc.array(piece, { minLength: 1, maxLength: 6 });

describe('hostile bytes to legacy protocols', function () {
  this.timeout(STRINGS > 300 ? 0 : 20_000);
  let fixture: DaemonFixture;
  before(async () => {
    const many = 1_000_000;
    fixture = await startFor(['gold', 'forum', 'share', 'market', 'sum'], {
      config: { limits: { connectionsPerAddress: many, callsPerSecond: many, callsBurst: many, signUpsPerHour: 1 } },
    });
    await signUp(fixture, 'hans');
  });
  after(() => fixture.stop());

  /** Sends all bytes, half-closes, and returns everything received until the end. */
  const visit = async (address: string, pieces: readonly Buffer[], from: string) => {
    const at = address.lastIndexOf(':');
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), localAddress: from });
    socket.on('error', () => {}).resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const bytes of pieces) socket.write(bytes);
    socket.end();
    await closed;
  };

  for (const dialect of ['gold', 'forum', 'share', 'market', 'sum'] as const) {
    it(`do no harm to ${dialect}: ${STRINGS.toLocaleString('en-US')} strings, and it still serves`, async () => {
      const address = placeOf(fixture, dialect);
      const all = fc.sample(strings, { numRuns: Math.min(STRINGS, 5000) });
      let next = 0;
      let settled = 0;
      const worker = async (_: unknown, i: number) => {
        while (next < STRINGS) {
          const number = next++;
          const isFatal = dialect === 'sum' && all[number % all.length]!.some((bytes) => bytes.includes('number'));
          // A number out of range would end the sum listener, as specified.
          if (!isFatal) await visit(address, all[number % all.length]!, `127.0.1.${(number % 200) + 1 + (i % 50)}`);
          if (number === Math.floor(STRINGS / 2)) settled = process.memoryUsage().rss;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const { connections } = fixture.daemon.status();
      expect(connections, 'remaining connections').to.be.at.most(1);
      const grown = (process.memoryUsage().rss - settled) / 1e6;
      if (STRINGS > 300) console.log(`      memory of the second half: ${grown.toFixed(1)} MB more`);
      expect(grown, 'MB used by the second half').to.be.at.most(60);
    });
  }

  it('change no data', async () => {
    const forum = await ForumClient.signedIn(fixture, 'hans');
    expect(await forum.ask('ATU')).to.match(/^Currently no other user is in active\./);
    const gold = await GoldClient.open(fixture);
    expect(await gold.ask('hello')).to.equal('I do not understand (may be you have not logged in)');
    const share = await ShareClient.connect(placeOf(fixture, 'share'));
    expect(await share.login('nobody', 'secret')).to.equal('401');
    share.close();
    const market = await MarketClient.open(fixture);
    expect(await market.ask('hello')).to.equal('{"status":"OK","data":"Invalid request"}');
    const sum = await OldClient.open(placeOf(fixture, 'sum'), 1024);
    expect(await sum.ask('{"client_name": "x", "client_number": 25}')).to.match(/^\{"server_name": /);
  });
});
