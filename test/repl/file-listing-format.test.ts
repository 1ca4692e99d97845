import { expect } from 'chai';
import {
  fileSourcesLines,
  listingsTable,
  publicationNotice,
  readListings,
} from '../../src/repl/file-listing-format.ts';
import { pingLines } from '../../src/repl/member-format.ts';
import { type OutputFormat, PLAIN_STYLE } from '../../src/repl/output-format.ts';

const PAPER: OutputFormat = { width: 100, unicode: true, style: PLAIN_STYLE, now: 0 };
const one = {
  member: 'Yoda',
  name: 'lecture1.mp4',
  size: 12_345_678,
  hash: 'ab'.repeat(32),
  modified: Date.UTC(2021, 1, 23, 8),
  description: 'The first one',
  key: 'cd'.repeat(32),
  at: 0,
  online: true,
};

describe('listings in words', () => {
  it('are a table', () => {
    expect(
      listingsTable([one, { ...one, member: 'Han', online: false, description: '\x1b[31m' }], PAPER),
    ).to.deep.equal([
      'File             Size  Modified          Member  Online  Description',
      'lecture1.mp4  12.3 MB  2021-02-23 15:00  Yoda    yes     The first one',
      'lecture1.mp4  12.3 MB  2021-02-23 15:00  Han     no      [31m',
    ]);
    expect(publicationNotice(one)).to.equal('Yoda publishes lecture1.mp4 (12.3 MB)');
  });

  it('say what to do where there are none', () => {
    expect(listingsTable([], PAPER)).to.deep.equal([
      'No online member publishes a file.',
      'To publish one: goldctl files publish FILE',
    ]);
    expect(listingsTable([], { ...PAPER, advice: 'verbs' })[1]).to.equal('To publish one: PUBLISH file');
    expect(listingsTable([], PAPER, { member: 'han', text: 'x' })[0]).to.equal('han publishes no file matching "x".');
  });

  it('are read page by page, and not without end', async () => {
    const asked: (string | undefined)[] = [];
    const caller = {
      name: null,
      call: async (_: string, { cursor }: { cursor?: string }) => {
        asked.push(cursor);
        const page = Number(cursor ?? 0);
        return { listings: Array(200).fill(one), cursor: String(page + 1) };
      },
    };
    const { listings, more } = await readListings(caller as never, { text: 'l' });
    expect(listings).to.have.length(2000);
    expect(more).to.equal(true);
    expect(asked.slice(0, 3)).to.deep.equal([undefined, '1', '2']);
  });

  it('group the sources of one content', () => {
    const source = { ...one, address: '192.0.2.1', port: 4100 };
    const lines = fileSourcesLines(
      [
        source,
        { ...source, member: 'Han', address: null, port: null, online: false },
        { ...source, member: 'Leia', hash: '00'.repeat(32) },
      ],
      PAPER,
    );
    expect(lines).to.have.length(7);
    expect(lines[0]).to.equal('lecture1.mp4, 12.3 MB, sha256 tree abababababababab');
    expect(lines[2]).to.equal('  Yoda    yes     192.0.2.1:4100  2021-02-23 15:00  The first one');
    expect(lines[3]).to.match(/^ {2}Han {5}no/);
    expect(lines[6]).to.match(/^ {2}Leia/);
  });
});

describe('ping in words', () => {
  it('has a line a request, and statistics', () => {
    const timesMs = [1.234, 12.34, null, 123.4];
    expect(
      pingLines({
        status: 203,
        member: 'yoda',
        sent: 4,
        received: 3,
        minMs: 1.234,
        avgMs: 45.658,
        maxMs: 123.4,
        timesMs,
      }),
    ).to.deep.equal([
      'Pinging yoda with 32 bytes of data:',
      'Reply from yoda: time=1.23ms',
      'Reply from yoda: time=12.34ms',
      'Request timed out.',
      'Reply from yoda: time=123.40ms',
      'Ping statistics for yoda:',
      'Packets: Sent = 4, Received = 3, Lost = 1 (25.0% loss)',
      'Round-trip times:',
      'Minimum = 1.23ms, Maximum = 123.40ms, Average = 45.66ms',
      'yoda is partially online.',
    ]);
    const none = { minMs: null, avgMs: null, maxMs: null, timesMs: [null, null, null, null] };
    expect(pingLines({ status: 203, member: 'yoda', sent: 4, received: 0, ...none }).slice(-4)).to.deep.equal([
      'Request timed out.',
      'Ping statistics for yoda:',
      'Packets: Sent = 4, Received = 0, Lost = 4 (100.0% loss)',
      'yoda is offline.',
    ]);
  });
});
