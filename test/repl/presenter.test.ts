import { expect } from 'chai';
import stringWidth from 'string-width';
import { Failure } from '../../src/domain/failure.ts';
import { formatPercent, formatPrice } from '../../src/domain/figures.ts';
import { plain } from '../../src/domain/fold.ts';
import { type Paper, PLAIN, paperOf, speaksUtf8 } from '../../src/repl/paper.ts';
import {
  activeMembers,
  conversationsTable,
  failureLines,
  helpLines,
  historyTable,
  lookupResults,
  membersTable,
  messageLine,
  messagesRead,
  noRates,
  postLine,
  postRevisions,
  postsFound,
  postsRead,
  providersTable,
  type Quote,
  ratesTable,
  sumLines,
  topicsTable,
} from '../../src/repl/presenter.ts';
import { cut, table } from '../../src/repl/table.ts';

const NOW = Date.UTC(2026, 6, 20, 5);
const HOUR = 3_600_000;
const paper: Paper = { width: 100, unicode: true, style: PLAIN, now: NOW };
const quote = (changes: Partial<Quote> = {}): Quote => ({
  instrument: 'SJC',
  market: 'gold',
  provider: 'sjc',
  company: 'SJC',
  brand: 'Hồ Chí Minh',
  buy: 148_800_000,
  sell: 151_300_000,
  currency: 'VND',
  unit: 'tael',
  at: NOW - 5 * HOUR,
  checkedAt: NOW - 12 * 60_000,
  id: '17118469',
  stale: false,
  ...changes,
});

describe('figures', () => {
  it('groups thousands, and keeps the digits that tell coins apart', () => {
    expect(formatPrice(151_300_000, 'VND')).to.equal('151,300,000');
    expect(formatPrice(26_732.2, 'USD')).to.equal('26,732.20');
    expect(formatPrice(172.354, 'VND')).to.equal('172.354');
    expect(formatPrice(1, 'USD')).to.equal('1.00');
    expect(formatPrice(0.000_012_345_67, 'USD')).to.equal('0.0000123457');
    expect(formatPrice(null, 'VND')).to.equal('-');
  });

  it('counts changes in percent', () => {
    expect(formatPercent(100, 101.25)).to.equal('+1.25 %');
    expect(formatPercent(100, 99)).to.equal('-1.00 %');
    expect(formatPercent(100, 100)).to.equal('0.00 %');
    expect(formatPercent(0, 1)).to.equal('-');
  });
});

describe('table', () => {
  it('pads by what the screen shows, not by length', () => {
    const lines = table(
      [{ title: 'a' }, { title: 'b', align: 'right' }],
      [
        [plain('金条'), plain('1')],
        [plain('Hồ'), plain('22')],
        [plain('x'), plain('333')],
      ],
    );
    expect(new Set(lines.map((line) => stringWidth(line))).size).to.equal(1);
  });

  it('cuts between characters, never inside', () => {
    expect(cut('金条金条', 5)).to.equal('金条…');
    expect(cut('abcdef', 4, false)).to.equal('abc~');
    expect(cut('e\u0301e\u0301e\u0301', 2)).to.equal('e\u0301…');
    expect(cut('abc', 3)).to.equal('abc');
  });
});

describe('presenter', () => {
  it('shows rates with unit, age and source, and leaves empty columns out', () => {
    const [head, line] = ratesTable([quote({ brand: '' })], paper);
    expect(head!.split(/ {2,}/)).to.deep.equal(['Instrument', 'Buy', 'Sell', 'Unit', 'Age', 'Provider']);
    expect(line!.split(/ {2,}/)).to.deep.equal(['SJC', '148,800,000', '151,300,000', 'VND/tael', '12 min', 'sjc']);
  });

  it('marks stale prices, and missing sides', () => {
    const [, line] = ratesTable([quote({ stale: true, checkedAt: NOW - 3 * HOUR, buy: null })], paper);
    expect(line)
      .to.include('STALE 3 h')
      .and.to.match(/SJC +- +151,300,000/);
  });

  it('shows a change where an earlier price is known', () => {
    const lines = ratesTable([quote(), quote({ instrument: 'BTC' })], paper, ({ instrument }) =>
      instrument === 'SJC' ? 150_000_000 : undefined,
    );
    expect(lines[1]).to.include('+0.87 %');
    expect(lines[2]).to.not.include('%');
  });

  it('colours a terminal only, and only without NO_COLOR', () => {
    const terminal = { isTTY: true, columns: 80 };
    const shown = (env: NodeJS.ProcessEnv, output: object) =>
      ratesTable([quote({ stale: true })], paperOf(output, env, NOW)).join('\n');
    expect(shown({ TERM: 'xterm' }, terminal)).to.include('\x1b[33m');
    expect(shown({ TERM: 'xterm', NO_COLOR: '1' }, terminal)).to.not.include('\x1b');
    expect(shown({ TERM: 'dumb' }, terminal)).to.not.include('\x1b');
    expect(shown({}, {})).to.not.include('\x1b');
  });

  it('asks the locale whether it speaks UTF-8', () => {
    expect(speaksUtf8({ LANG: 'vi_VN.UTF-8' })).to.equal(true);
    expect(speaksUtf8({ LANG: 'vi_VN.UTF-8', LC_ALL: 'C' })).to.equal(false);
    expect(speaksUtf8({}, 'linux')).to.equal(false);
    expect(speaksUtf8({}, 'win32')).to.equal(true);
  });

  it('boxes what it looked up, as the gold seed does', () => {
    const lines = lookupResults({ quotes: [quote(), quote()] }, '2021-12-27', 'SJC', paper);
    expect(lines[0]).to.equal('2 results found:');
    const text = lines.join('\n');
    for (const part of [
      'BUY: 148,800,000 VND/tael',
      'SELL: 151,300,000',
      'Company: SJC',
      'Brand: Hồ Chí Minh',
      'ID: 17118469',
      'Provider: sjc',
      'Since: 2026-07-20 07:00',
    ]) {
      expect(text).to.include(part);
    }
    const boxes = lines.filter((line) => line.startsWith('|'));
    expect(new Set(boxes.map((line) => stringWidth(line))).size).to.equal(1);
  });

  it('says of records of several instruments what each is of', () => {
    const spot = quote({ instrument: 'XAU', buy: 1805, sell: 1806, currency: 'USD', unit: 'ozt' });
    const text = lookupResults({ quotes: [quote(), spot] }, '2021-12-27', 'SJC', paper).join('\n');
    expect(text).to.match(/Instrument: SJC +\|\n\|BUY: 148,800,000 VND\/tael/);
    expect(text).to.match(/Instrument: XAU +\|\n\|BUY: 1,805\.00 USD\/ozt/);
    expect(lookupResults({ quotes: [spot] }, '2021-12-27', 'XAU', paper).join('\n')).to.not.include('Instrument:');
  });

  it('says what to do when nothing was found', () => {
    const lines = lookupResults({ quotes: [] }, '2021-12-27', 'SJC', paper);
    expect(lines[0]).to.equal('No quotes for SJC on 2021-12-27 (Vietnam time): nobody observed its price on that day.');
    expect(lines.join('\n')).to.include('CHART SJC all').and.to.include('goldctl rates import FILE');
  });

  it('offers the last price known before a day without an observation', () => {
    const text = lookupResults({ quotes: [], before: [quote()] }, '2021-12-27', 'SJC', paper).join('\n');
    expect(text).to.match(/The last price known before it:\nInstrument .*\nSJC /);
  });

  it('says of an empty table whom it could not reach and when it tries again', () => {
    const text = noRates(
      [
        { id: 'sjc', state: 'error', lastOk: null, lastError: 'sjc.com.vn answered 403', nextAt: NOW + 90_000 },
        { id: 'kraken', state: 'ok', lastOk: null, lastError: null, nextAt: NOW + 5000 },
        { id: 'doji', state: 'off', lastOk: null, lastError: 'needs a key', nextAt: null },
      ],
      paper,
    ).join('\n');
    expect(text).to.include('sjc: sjc.com.vn answered 403 (tried again in 2 min)');
    expect(text).to.include('kraken (asked in 5 s)');
    expect(text).to.not.include('doji');
    expect(text).to.include('goldctl rates import FILE');
    expect(text).to.not.match(/\d,\d{3}/);
  });

  it('shows how providers do', () => {
    const lines = providersTable(
      [{ id: 'sjc', state: 'stale', lastOk: NOW - 3 * HOUR, lastError: 'time-out', nextAt: NOW - 1 }],
      paper,
    );
    expect(lines[1]!.split(/ {2,}/)).to.deep.equal(['sjc', 'stale', '3 h ago', '-', 'now', 'time-out']);
  });

  it('shows history, or says that there is none', () => {
    const candle = { at: NOW, open: 1, high: 2, low: 0.5, close: 1.5, count: 1234 };
    const lines = historyTable('BTC', { candles: [candle], currency: 'USD', unit: 'coin', next: null }, paper);
    expect(lines[0]).to.equal('BTC, USD/coin');
    expect(lines[2]!.split(/ {2,}/)).to.deep.equal(['2026-07-20 12:00', '1.00', '2.00', '0.5', '1.50', '1,234']);
    expect(historyTable('BTC', { candles: [], currency: 'USD', unit: 'coin', next: null }, paper)[0]).to.match(
      /^No price of BTC/,
    );
  });

  const post = {
    number: 1,
    member: 'Hans',
    text: 'hello',
    topic: 'lobby',
    replyTo: null,
    mentions: [],
    at: Date.UTC(2021, 1, 23, 8, 0, 1),
    editedAt: null,
    deletedAt: null,
    deletedBy: null,
    seq: 4,
  };

  it('shows messages in the words of the forum seed', () => {
    expect(postLine(post)).to.equal('#1; Hans: "hello" posted at 23 Feb 2021 15:00:01.');
    expect(postLine({ ...post, editedAt: post.at + 1000, topic: 'gold' })).to.equal(
      '#1; Hans [gold]: "hello" edited at 23 Feb 2021 15:00:02.',
    );
    expect(postLine({ ...post, text: null, deletedAt: post.at, deletedBy: 'Yoda' })).to.equal(
      '#1; Hans: deleted by Yoda at 23 Feb 2021 15:00:01.',
    );
    expect(postsRead([])).to.deep.equal(['Read message failed. There is no new message']);
    expect(postsRead([post])[0]).to.equal('Read message successfully. The new message is:');
  });

  const message = {
    number: 5,
    from: 'hans',
    to: 'yoda',
    text: 'hello',
    at: Date.UTC(2021, 1, 23, 8, 0, 1),
    unread: true,
    seq: 9,
  };

  it('shows what was found, in the order in which it is read', () => {
    expect(postsFound([], false)).to.deep.equal(['Sorry, did not find any results']);
    expect(postsFound([{ ...post, number: 2 }, post], true)).to.deep.equal([
      '2 results found, the newest of more:',
      '#1; Hans: "hello" posted at 23 Feb 2021 15:00:01.',
      '#2; Hans: "hello" posted at 23 Feb 2021 15:00:01.',
    ]);
    expect(postsFound([post], false)[0]).to.equal('1 result found:');
    expect(postRevisions({ post, revisions: [] })[1]).to.equal('It was never changed.');
    const revisions = [{ text: 'helo', mentions: [], at: post.at, seq: 3 }];
    expect(postRevisions({ post: { ...post, editedAt: post.at + 1000 }, revisions })).to.deep.equal([
      '#1; Hans: "helo" since 23 Feb 2021 15:00:01.',
      '#1; Hans: "hello" edited at 23 Feb 2021 15:00:02.',
    ]);
  });

  it('shows topics, direct messages and who is there', () => {
    const at = paper.now - 120_000;
    const topics = [
      { topic: 'gold', posts: 1200, last: { ...post, at }, unread: 3, mentions: 1 },
      { topic: 'lobby', posts: 1, last: { ...post, at }, unread: 0, mentions: 0 },
    ];
    expect(topicsTable([], paper)[0]).to.include('MSG Hello');
    expect(topicsTable(topics, paper)).to.deep.equal([
      'Topic   Messages  Unread  Of you  Last',
      '#gold      1,200       3       1  #1 by Hans, 2 min ago',
      '#lobby         1                  #1 by Hans, 2 min ago',
    ]);
    expect(messageLine(message)).to.equal('#5; hans to yoda: "hello" sent at 23 Feb 2021 15:00:01. (new)');
    expect(messagesRead([])[0]).to.include('DM name text');
    expect(conversationsTable([{ with: 'hans', unread: 1, last: { ...message, at } }], paper)).to.deep.equal([
      'With  Unread  Last       Text',
      'hans       1  2 min ago  hello',
    ]);
    expect(membersTable([], paper)).to.deep.equal(['Nobody is signed in.']);
    const yoda = { name: 'yoda', address: '127.0.0.1', peerPort: null, activeSince: post.at, idleMs: 120_000 };
    expect(membersTable([yoda], paper)).to.deep.equal([
      'Name  Address    Active since           Idle',
      'yoda  127.0.0.1  23 Feb 2021 15:00:01  2 min',
    ]);
  });

  it('shows the others who are there', () => {
    const yoda = { name: 'yoda', address: '127.0.0.1', peerPort: 6667, activeSince: post.at, idleMs: 0 };
    expect(activeMembers([yoda], 'yoda')).to.deep.equal(['Currently no other user is in active.']);
    expect(activeMembers([yoda], 'hans')[1]).to.equal('yoda, 127.0.0.1, 6667, active since 23 Feb 2021 15:00:01');
  });

  it('lets nothing from outside command the terminal', () => {
    const evil = 'a\x1b[2J\u202eb\r\n\x07';
    const hostile = quote({ instrument: evil, provider: evil, company: evil, brand: evil, id: evil });
    const lines = [
      ...ratesTable([hostile], paper),
      ...lookupResults({ quotes: [hostile], before: [hostile] }, '2021-12-27', evil, paper),
      ...lookupResults({ quotes: [] }, '2021-12-27', evil, paper),
      ...providersTable([{ id: evil, state: 'error', lastOk: null, lastError: evil, nextAt: null }], paper),
      ...noRates([{ id: evil, state: 'error', lastOk: null, lastError: evil, nextAt: null }], paper, evil),
      postLine({ ...post, text: evil, member: evil, topic: evil }),
      ...postsFound([{ ...post, text: evil }], false),
      ...postRevisions({ post, revisions: [{ text: evil, mentions: [evil], at: 0, seq: 1 }] }),
      ...topicsTable([{ topic: evil, posts: 1, last: { ...post, member: evil } }], paper),
      messageLine({ ...message, from: evil, to: evil, text: evil }),
      ...conversationsTable([{ with: evil, unread: 1, last: { ...message, text: evil } }], paper),
      ...membersTable([{ name: evil, address: evil, peerPort: 1, activeSince: 0, idleMs: 1 }], paper),
      ...activeMembers([{ name: evil, address: evil, peerPort: null, activeSince: 0, idleMs: 0 }], null),
      ...sumLines({ name: evil, number: 1, sum: 2 }, evil, 1),
      ...failureLines(new Failure('NOT_FOUND', evil, { data: { suggestions: [evil] } })),
    ];
    for (const line of lines) expect(line).to.not.match(/[\p{Cc}\u202e]/u);
  });

  it('adds to a failure what its sentence leaves out', () => {
    const failure = (message: string, data: Failure['data']) =>
      failureLines(new Failure('LOCKED_OUT', message, { data }));
    expect(failure('Too many wrong passwords.', { retryAfterMs: 10_000 })).to.deep.equal([
      'Too many wrong passwords.',
      'Try again in 10 s.',
    ]);
    expect(failure('Try again in 10 s.', { retryAfterMs: 10_000 })).to.deep.equal(['Try again in 10 s.']);
    expect(failure('No.', { suggestions: ['SJC'] })[1]).to.equal('Did you mean SJC?');
    expect(failure('Wrong.', { attemptsLeft: 2 })[1]).to.equal('Left trying time: 2.');
  });

  it('lists every verb in its help, in lines of 80 columns', () => {
    const lines = helpLines();
    expect(lines.join('\n')).to.include('MARKET ALL').and.to.include('yyyy-mm-dd instrument');
    for (const line of lines) expect(line.length).to.be.at.most(84);
  });
});
