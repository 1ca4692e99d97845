import { expect } from 'chai';
import stringWidth from 'string-width';
import { AppError } from '../../src/domain/app-error.ts';
import { formatPercent, formatPrice } from '../../src/domain/number-format.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import {
  conversationLines,
  conversationsTable,
  directMessageLines,
  directMessageNotice,
  noPostsLines,
  postLines,
  postListLines,
  postNotice,
  revisionLines,
  searchResultLines,
  topicsTable,
} from '../../src/repl/forum-format.ts';
import { membersTable, onlineMemberLines } from '../../src/repl/member-format.ts';
import { detectOutputFormat, isUtf8Locale, type OutputFormat, PLAIN_STYLE } from '../../src/repl/output-format.ts';
import {
  historyTable,
  type ListedQuote,
  lookupLines,
  noRatesLines,
  providersTable,
  quoteEventLine,
  ratesTable,
} from '../../src/repl/rate-format.ts';
import { errorLines, helpLines } from '../../src/repl/shell-format.ts';
import { sumLines } from '../../src/repl/sum.ts';
import { formatTable, truncate } from '../../src/repl/table.ts';

const NOW = Date.UTC(2026, 6, 20, 5);
const HOUR = 3_600_000;
const paper: OutputFormat = { width: 100, unicode: true, style: PLAIN_STYLE, now: NOW };
const quote = (changes: Partial<ListedQuote> = {}): ListedQuote => ({
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
    expect(formatPercent(100, 101.25)).to.equal('+1.25%');
    expect(formatPercent(100, 99)).to.equal('-1.00%');
    expect(formatPercent(100, 100)).to.equal('0.00%');
    expect(formatPercent(0, 1)).to.equal('-');
  });
});

describe('table', () => {
  it('pads by what the screen shows, not by length', () => {
    const lines = formatTable(
      [{ title: 'a' }, { title: 'b', align: 'right' }],
      [
        [sanitizeText('金条'), sanitizeText('1')],
        [sanitizeText('Hồ'), sanitizeText('22')],
        [sanitizeText('x'), sanitizeText('333')],
      ],
      paper,
    );
    expect(new Set(lines.map((line) => stringWidth(line))).size).to.equal(1);
  });

  it('cuts between characters, never inside', () => {
    expect(truncate('金条金条', 5)).to.equal('金条…');
    expect(truncate('abcdef', 4, false)).to.equal('abc~');
    expect(truncate('e\u0301e\u0301e\u0301', 2)).to.equal('e\u0301…');
    expect(truncate('abc', 3)).to.equal('abc');
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

  it('shows by how much a watched price changed', () => {
    expect(quoteEventLine({ seq: 1, quote: quote() }, paper, 150_000_000)).to.match(/ \+0\.87%$/);
    expect(quoteEventLine({ seq: 1, quote: quote() }, paper, undefined)).to.not.include('%');
  });

  it('colours a terminal only, and only without NO_COLOR', () => {
    const terminal = { isTTY: true, columns: 80 };
    const shown = (env: NodeJS.ProcessEnv, output: object) =>
      ratesTable([quote({ stale: true })], detectOutputFormat(output, env, NOW)).join('\n');
    expect(shown({ TERM: 'xterm' }, terminal)).to.include('\x1b[33m');
    expect(shown({ TERM: 'xterm', NO_COLOR: '1' }, terminal)).to.not.include('\x1b');
    expect(shown({ TERM: 'dumb' }, terminal)).to.not.include('\x1b');
    expect(shown({}, {})).to.not.include('\x1b');
  });

  it('asks the locale whether it speaks UTF-8', () => {
    expect(isUtf8Locale({ LANG: 'vi_VN.UTF-8' })).to.equal(true);
    expect(isUtf8Locale({ LANG: 'vi_VN.UTF-8', LC_ALL: 'C' })).to.equal(false);
    expect(isUtf8Locale({}, 'linux')).to.equal(false);
    expect(isUtf8Locale({}, 'win32')).to.equal(true);
  });

  it('shows the quotes of a date as a table, with the time since when each is valid', () => {
    const spot = quote({ instrument: 'XAU', buy: 1805, sell: 1806, currency: 'USD', unit: 'ozt' });
    const lines = lookupLines({ quotes: [quote(), spot] }, '2021-12-27', 'SJC', paper);
    expect(lines[0]).to.equal('2 results');
    expect(lines[1]).to.match(/^Instrument +Buy +Sell +Unit +Since +Provider +Brand +ID$/);
    expect(lines[2]).to.match(/^SJC +148,800,000 +151,300,000 +VND\/tael +2026-07-20 07:00 +sjc +Hồ Chí Minh +\S+$/);
    expect(lines[3]).to.match(/^XAU +1,805\.00 +1,806\.00 +USD\/ozt /);
    expect(lookupLines({ quotes: [spot] }, '2021-12-27', 'XAU', paper)[0]).to.equal('1 result');
  });

  it('says what to do when nothing was found', () => {
    const lines = lookupLines({ quotes: [] }, '2021-12-27', 'SJC', paper);
    expect(lines[0]).to.equal('No quotes for SJC on 2021-12-27 (Vietnam time).');
    expect(lines.join('\n'))
      .to.include('goldctl rates history SJC')
      .and.to.include('goldctl rates import FILE')
      .and.to.not.match(/MARKET|CHART/);
    const inShell = lookupLines({ quotes: [] }, '2021-12-27', 'SJC', { ...paper, advice: 'verbs' }).join('\n');
    expect(inShell)
      .to.include('MARKET SJC')
      .and.to.include('CHART SJC all')
      .and.to.not.match(/goldctl rates (?:show|history)/);
  });

  it('offers the last price known before a day without an observation', () => {
    const text = lookupLines({ quotes: [], before: [quote()] }, '2021-12-27', 'SJC', paper).join('\n');
    expect(text).to.match(/The last price before that date:\nInstrument .*\nSJC /);
  });

  it('says of an empty table whom it could not reach and when it tries again', () => {
    const text = noRatesLines(
      [
        { id: 'sjc', state: 'error', lastOk: null, lastError: 'sjc.com.vn answered 403', nextAt: NOW + 90_000 },
        { id: 'kraken', state: 'ok', lastOk: null, lastError: null, nextAt: NOW + 5000 },
        { id: 'doji', state: 'off', lastOk: null, lastError: 'needs a key', nextAt: null },
      ],
      paper,
    ).join('\n');
    expect(text).to.include('sjc: sjc.com.vn answered 403 (next attempt in 2 min)');
    expect(text).to.include('kraken (next fetch in 5 s)');
    expect(text).to.not.include('doji');
    expect(text).to.include('goldctl rates import FILE');
    expect(text).to.not.match(/\d,\d{3}/);
  });

  it('says a reason once, however many providers fail for it', () => {
    const failed = (id: string, nextAt: number) => ({
      id,
      state: 'error' as const,
      lastOk: null,
      lastError: 'There is no network.',
      nextAt,
    });
    const ids = ['sjc', 'pnj', 'btmc', 'doji', 'kraken', 'coinbase'];
    const lines = noRatesLines(
      ids.map((id, i) => failed(id, NOW + (i + 1) * 10_000)),
      paper,
    );
    expect(lines.slice(1, 3)).to.deep.equal([
      'These providers could not be reached:',
      '  sjc, pnj, btmc, doji and 2 more: There is no network. (next attempt in 10 s)',
    ]);
  });

  it('shows how providers do', () => {
    const lines = providersTable(
      [{ id: 'sjc', state: 'stale', lastOk: NOW - 3 * HOUR, lastError: 'time-out', nextAt: NOW - 1 }],
      paper,
    );
    expect(lines[1]!.split(/ {2,}/)).to.deep.equal(['sjc', 'stale', '3 h ago', '-', 'now', 'time-out']);
    const fresh = { id: 'pnj', state: 'stale', lastOk: null, lastError: null, nextAt: NOW + 5000 } as const;
    expect(providersTable([fresh], paper)[1]!.split(/ {2,}/)).to.deep.equal([
      'pnj',
      'not yet queried',
      '-',
      '-',
      'in 5 s',
    ]);
  });

  it('shows history, or says that there is none', () => {
    const candle = { at: NOW, open: 1, high: 2, low: 0.5, close: 1.5, count: 1234 };
    const lines = historyTable('BTC', { candles: [candle], currency: 'USD', unit: 'coin', next: null }, paper);
    expect(lines[0]).to.equal('BTC, USD/coin');
    expect(lines[2]!.split(/ {2,}/)).to.deep.equal(['2026-07-20 12:00', '1.00', '2.00', '0.5', '1.50', '1,234']);
    expect(historyTable('BTC', { candles: [], currency: 'USD', unit: 'coin', next: null }, paper)[0]).to.match(
      /^No prices for BTC/,
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

  it('shows messages with number, time, member and the lines of the text', () => {
    expect(postLines(post, paper)).to.deep.equal(['#1 15:00 Hans: hello']);
    expect(postLines({ ...post, text: 'one\n  two\n\nthree', topic: 'gold', replyTo: 7 }, paper)).to.deep.equal([
      '#1 15:00 Hans #gold re #7: one',
      '    two',
      '  ',
      '  three',
    ]);
    expect(postLines({ ...post, editedAt: post.at + HOUR }, paper)).to.deep.equal([
      '#1 15:00 Hans: hello (edited 16:00)',
    ]);
    expect(postLines({ ...post, text: null, deletedAt: post.at, deletedBy: 'Yoda' }, paper)).to.deep.equal([
      '#1 15:00 Hans: (deleted by Yoda 2021-02-23 15:00)',
    ]);
    expect(postNotice({ ...post, text: 'one\n  two' }, paper)).to.equal('#1 15:00 Hans: one two');
  });

  it('breaks messages at blanks on a terminal, and not in a file', () => {
    const text = 'gold is up and https://example.org/a-long-address-that-stays-whole is why';
    expect(postLines({ ...post, text }, { ...paper, fitWidth: 40 })).to.deep.equal([
      '#1 15:00 Hans: gold is up and',
      '  https://example.org/a-long-address-that-stays-whole',
      '  is why',
    ]);
    expect(postLines({ ...post, text }, paper)).to.have.length(1);
  });

  it('puts the date above the messages of a day', () => {
    const next = { ...post, number: 2, at: post.at + 24 * HOUR };
    expect(postListLines([post, { ...post, number: 2 }, { ...next, number: 3 }], paper)).to.deep.equal([
      '2021-02-23',
      '#1 15:00 Hans: hello',
      '#2 15:00 Hans: hello',
      '2021-02-24',
      '#3 15:00 Hans: hello',
    ]);
  });

  it('says of an empty result what was looked for, and what is the newest', () => {
    expect(noPostsLines({}, undefined, paper)).to.deep.equal([
      'There are no messages yet. To write the first one: goldctl forum post "Hello"',
    ]);
    expect(noPostsLines({}, undefined, { ...paper, advice: 'verbs' })[0]).to.match(/: MSG Hello$/);
    expect(noPostsLines({ text: 'gia', topic: 'gold', before: 5 }, undefined, paper)).to.deep.equal([
      'No messages match "gia" in #gold before #5.',
    ]);
    expect(noPostsLines({ since: post.at }, { ...post, topic: 'gold' }, paper)).to.deep.equal([
      'No messages since 2021-02-23 15:00. The newest is #1 by Hans in #gold, 2021-02-23 15:00.',
    ]);
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
    expect(searchResultLines([{ ...post, number: 2 }, post], true, paper)).to.deep.equal([
      '2 results, the newest of more',
      '2021-02-23',
      '#1 15:00 Hans: hello',
      '#2 15:00 Hans: hello',
    ]);
    expect(searchResultLines([post], false, paper)[0]).to.equal('1 result');
    expect(revisionLines({ post, revisions: [] }, paper).at(-1)).to.equal('It was never edited.');
    const revisions = [{ text: 'helo', mentions: [], at: post.at, seq: 3 }];
    expect(revisionLines({ post: { ...post, editedAt: post.at + 1000 }, revisions }, paper)).to.deep.equal([
      '#1 Hans since 2021-02-23 15:00: helo',
      '2021-02-23',
      '#1 15:00 Hans: hello (edited 15:00)',
    ]);
  });

  it('shows topics, direct messages and who is there', () => {
    const at = paper.now - 120_000;
    const topics = [
      { topic: 'gold', posts: 1200, last: { ...post, at }, unread: 3, mentions: 1 },
      { topic: 'lobby', posts: 1, last: { ...post, at }, unread: 0, mentions: 0 },
    ];
    expect(topicsTable([], paper)[0]).to.include('goldctl forum post');
    expect(topicsTable(topics, paper)).to.deep.equal([
      'Topic   Messages  Unread  Mentions  Last',
      '#gold      1,200       3         1  #1 by Hans, 2 min ago',
      '#lobby         1                    #1 by Hans, 2 min ago',
    ]);
    expect(directMessageLines(message, paper)).to.deep.equal(['#5 15:00 hans to yoda: hello (new)']);
    expect(conversationLines([message], 'hans', paper)).to.deep.equal([
      '2021-02-23',
      '#5 15:00 hans to yoda: hello (new)',
    ]);
    expect(conversationLines([], 'hans', paper)[0]).to.match(
      /no messages with hans\. .*: goldctl forum dm hans "Hello"$/,
    );
    expect(conversationLines([], 'hans', { ...paper, advice: 'verbs' })[0]).to.match(/: DM hans Hello$/);
    expect(conversationsTable([], { ...paper, advice: 'verbs' })[0]).to.include('DM name text');
    expect(conversationsTable([{ with: 'hans', unread: 1, last: { ...message, at } }], paper)).to.deep.equal([
      'With  Unread  Last       Text',
      'hans       1  2 min ago  hello',
    ]);
    expect(membersTable([], paper)).to.deep.equal(['No members are online.']);
    const yoda = { name: 'yoda', address: '127.0.0.1', peerPort: null, activeSince: post.at, idleMs: 120_000 };
    expect(membersTable([yoda], paper)).to.deep.equal([
      'Name  Address    Online since       Idle',
      'yoda  127.0.0.1  2021-02-23 15:00  2 min',
    ]);
  });

  it('shows the others who are there', () => {
    const yoda = { name: 'yoda', address: '127.0.0.1', peerPort: 6667, activeSince: post.at, idleMs: 0 };
    expect(onlineMemberLines([yoda], 'yoda', paper)).to.deep.equal(['No other members are online.']);
    expect(onlineMemberLines([yoda], 'hans', paper)).to.deep.equal([
      'Name  Address    Port  Online since',
      'yoda  127.0.0.1  6667  2021-02-23 15:00',
    ]);
  });

  it('lets nothing from outside command the terminal', () => {
    const evil = 'a\x1b[2J\u202eb\r\n\x07';
    const hostile = quote({ instrument: evil, provider: evil, company: evil, brand: evil, id: evil });
    const lines = [
      ...ratesTable([hostile], paper),
      ...lookupLines({ quotes: [hostile], before: [hostile] }, '2021-12-27', evil, paper),
      ...lookupLines({ quotes: [] }, '2021-12-27', evil, paper),
      ...providersTable([{ id: evil, state: 'error', lastOk: null, lastError: evil, nextAt: null }], paper),
      ...noRatesLines([{ id: evil, state: 'error', lastOk: null, lastError: evil, nextAt: null }], paper, evil),
      ...postLines({ ...post, text: evil, member: evil, topic: evil }, paper),
      ...postLines({ ...post, text: evil, member: evil, topic: evil }, { ...paper, fitWidth: 40 }),
      postNotice({ ...post, text: evil, member: evil, topic: evil }, paper),
      ...noPostsLines({ text: evil, topic: evil }, { ...post, member: evil, topic: evil }, paper),
      ...searchResultLines([{ ...post, text: evil }], false, paper),
      ...revisionLines({ post, revisions: [{ text: evil, mentions: [evil], at: 0, seq: 1 }] }, paper),
      ...topicsTable([{ topic: evil, posts: 1, last: { ...post, member: evil } }], paper),
      ...directMessageLines({ ...message, from: evil, to: evil, text: evil }, paper),
      directMessageNotice({ ...message, from: evil, to: evil, text: evil }, paper),
      ...conversationLines([], evil, paper),
      ...conversationsTable([{ with: evil, unread: 1, last: { ...message, text: evil } }], paper),
      ...membersTable([{ name: evil, address: evil, peerPort: 1, activeSince: 0, idleMs: 1 }], paper),
      ...onlineMemberLines([{ name: evil, address: evil, peerPort: null, activeSince: 0, idleMs: 0 }], null, paper),
      ...sumLines({ name: evil, number: 1, sum: 2 }, evil, 1),
      ...errorLines(new AppError('NOT_FOUND', evil, { data: { suggestions: [evil] } })),
    ];
    for (const line of lines) expect(line).to.not.match(/[\p{Cc}\u202e]/u);
  });

  it('adds to a failure what its sentence leaves out', () => {
    const failure = (message: string, data: AppError['data']) =>
      errorLines(new AppError('LOCKED_OUT', message, { data }));
    expect(failure('Too many wrong passwords.', { retryAfterMs: 10_000 })).to.deep.equal([
      'Too many wrong passwords.',
      'Try again in 10 s.',
    ]);
    expect(failure('Try again in 10 s.', { retryAfterMs: 10_000 })).to.deep.equal(['Try again in 10 s.']);
    expect(failure('No.', { suggestions: ['SJC'] })[1]).to.equal('Did you mean SJC?');
    expect(failure('Wrong.', { attemptsLeft: 2 })[1]).to.equal('2 attempts left.');
  });

  it('lists every verb in its help, in lines of 80 columns', () => {
    const lines = helpLines();
    expect(lines.join('\n')).to.include('MARKET ALL').and.to.include('yyyy-mm-dd instrument');
    for (const line of lines) expect(line.length).to.be.at.most(84);
  });
});
