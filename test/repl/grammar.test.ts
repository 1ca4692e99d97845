import { expect } from 'chai';
import fc from 'fast-check';
import { commandHelpLines, EXAMPLES_BY_COMMAND } from '../../src/repl/command-help.ts';
import { completeLine } from '../../src/repl/completion.ts';
import {
  CHART_RANGES,
  CommandSyntaxError,
  MAX_COMMAND_CHARACTERS,
  type ParsedCommand,
  parseCommandLine,
  SHELL_COMMANDS,
} from '../../src/repl/grammar.ts';

describe('grammar', () => {
  const read: [line: string, action: object][] = [
    ['', { verb: 'nothing' }],
    ['  \t ', { verb: 'nothing' }],
    ['-SignUp', { verb: 'signUp' }],
    ['-signin', { verb: 'signIn' }],
    ['-quit', { verb: 'quit' }],
    ['exit', { verb: 'quit' }],
    ['Quit', { verb: 'quit' }],
    ['-help', { verb: 'help' }],
    ['HELP msg', { verb: 'help', command: 'MSG' }],
    ['-help exit', { verb: 'help', command: '-quit' }],
    ['RDM 2021-02-23 15:00', { verb: 'read', since: Date.UTC(2021, 1, 23, 8) }],
    ['help', { verb: 'help' }],
    ['2021-12-27 SJC', { verb: 'lookup', date: '2021-12-27', instrument: 'SJC' }],
    [
      '  2021-12-27   Vàng miếng SJC 999.9 ',
      { verb: 'lookup', date: '2021-12-27', instrument: 'Vàng miếng SJC 999.9' },
    ],
    ['market all', { verb: 'market', instrument: 'ALL' }],
    ['MARKET btc', { verb: 'market', instrument: 'btc' }],
    ['Market spot gold', { verb: 'market', instrument: 'spot gold' }],
    ['providers', { verb: 'providers' }],
    ['CHART SJC 1Y', { verb: 'chart', instrument: 'SJC', range: '1y' }],
    ['CHART vàng sjc', { verb: 'chart', instrument: 'vàng sjc', range: '1y' }],
    ['CHART SJC XAU', { verb: 'chart', instrument: 'SJC', versus: 'XAU', range: '1y' }],
    ['CHART vàng sjc bitcoin 5y', { verb: 'chart', instrument: 'vàng sjc', versus: 'bitcoin', range: '5y' }],
    ['CHART my gold vs other gold 1m', { verb: 'chart', instrument: 'my gold', versus: 'other gold', range: '1m' }],
    ['CHART sjc 1l all', { verb: 'chart', instrument: 'sjc 1l', range: 'all' }],
    ['WATCH SJC BTC', { verb: 'watch', instruments: ['SJC', 'BTC'] }],
    ['WATCH vàng sjc, BTC,', { verb: 'watch', instruments: ['vàng sjc', 'BTC'] }],
    ['watch ALL', { verb: 'watch', instruments: 'all' }],
    ['watch off', { verb: 'watch', instruments: 'off' }],
    ['MSG Hello;  "there" ', { verb: 'post', text: 'Hello;  "there"' }],
    ['MSG #Gold it  is up', { verb: 'post', text: 'it  is up', topic: 'Gold' }],
    ['MSG #giá_vàng lên', { verb: 'post', text: 'lên', topic: 'giá_vàng' }],
    ['MSG #1 is right', { verb: 'post', text: '#1 is right' }],
    ['MSG #9', { verb: 'post', text: '#9' }],
    ['MSG #1, but later', { verb: 'post', text: '#1, but later' }],
    ['MSG # of taels', { verb: 'post', text: '# of taels' }],
    ['MSG #\ufe0f\u20e3 first', { verb: 'post', text: '#\ufe0f\u20e3 first' }],
    [`MSG #${'x'.repeat(32)} up`, { verb: 'post', text: 'up', topic: 'x'.repeat(32) }],
    ['MSG @hans hello', { verb: 'post', text: '@hans hello' }],
    ['FIND  giá vàng ', { verb: 'find', text: 'giá vàng' }],
    ['topics', { verb: 'topics' }],
    ['DM hans  hello  there', { verb: 'message', to: 'hans', text: 'hello  there' }],
    ['dm @hans hello', { verb: 'message', to: 'hans', text: 'hello' }],
    ['DM hans', { verb: 'messages', with: 'hans' }],
    ['DM', { verb: 'messages' }],
    ['EDT #2 new text', { verb: 'edit', number: 2, text: 'new text' }],
    [
      'edt 2 23 Feb 2021 15:00:01 new text',
      { verb: 'edit', number: 2, at: Date.UTC(2021, 1, 23, 8, 0, 1), text: 'new text' },
    ],
    ['DLT #7', { verb: 'delete', number: 7 }],
    ['DLT #7 23 feb 2021 15:00:01', { verb: 'delete', number: 7, at: Date.UTC(2021, 1, 23, 8, 0, 1) }],
    ['RDM 23 Feb 2021 15:00:00', { verb: 'read', since: Date.UTC(2021, 1, 23, 8) }],
    ['RDM 2021-02-23', { verb: 'read', since: Date.UTC(2021, 1, 22, 17) }],
    ['RDM', { verb: 'read' }],
    ['ATU', { verb: 'active' }],
    ['UPD yoda lecture1.mp4', { verb: 'send', to: 'yoda', file: 'lecture1.mp4' }],
    ['upd @Obi-wan  my lecture 1.mp4 ', { verb: 'send', to: 'Obi-wan', file: 'my lecture 1.mp4' }],
    ['UPD yoda "C:\\my files\\a.txt"', { verb: 'send', to: 'yoda', file: 'C:\\my files\\a.txt' }],
    ['PUBLISH lecture1.mp4', { verb: 'publish', file: 'lecture1.mp4' }],
    ['PUBLISH "my lecture.mp4" lecture1.mp4', { verb: 'publish', file: 'my lecture.mp4', name: 'lecture1.mp4' }],
    ['UNPUBLISH my lecture.mp4', { verb: 'unpublish', name: 'my lecture.mp4' }],
    ['MARKET SJC IN USD/ozt', { verb: 'market', instrument: 'SJC', in: 'USD/ozt' }],
    ['market vàng sjc in chỉ', { verb: 'market', instrument: 'vàng sjc', in: 'chỉ' }],
    ['MARKET all in troy ounce', { verb: 'market', instrument: 'ALL', in: 'troy ounce' }],
    ['MARKET IN', { verb: 'market', instrument: 'IN' }],
    ['2021-12-27 SJC in USD / lượng', { verb: 'lookup', date: '2021-12-27', instrument: 'SJC', in: 'USD / lượng' }],
    ['DISCOVER @yoda', { verb: 'discover', member: 'yoda' }],
    ['LIST', { verb: 'discover' }],
    ['list bài giảng', { verb: 'discover', text: 'bài giảng' }],
    ['FETCH lecture 1.mp4', { verb: 'fetch', name: 'lecture 1.mp4', from: [] }],
    ['FETCH lecture1.mp4 @yoda @han', { verb: 'fetch', name: 'lecture1.mp4', from: ['yoda', 'han'] }],
    ["FETCH 'to @han'", { verb: 'fetch', name: 'to @han', from: [] }],
    ['NOTIFY', { verb: 'notify' }],
    ['PING yoda', { verb: 'ping', member: 'yoda' }],
    ['ACCEPT 3', { verb: 'accept', id: 3 }],
    ['accept #3 always', { verb: 'accept', id: 3, always: Number.MAX_SAFE_INTEGER }],
    ['ACCEPT 3 ALWAYS 500 MB', { verb: 'accept', id: 3, always: 500_000_000 }],
    ['DECLINE 3', { verb: 'decline', id: 3 }],
    ['DECLINE 3 too large', { verb: 'decline', id: 3, reason: 'too large' }],
    ['CANCEL #12', { verb: 'cancel', id: 12 }],
    ['OUT', { verb: 'signOut' }],
    ['SUM 25', { verb: 'sum', number: 25 }],
    ['sum -3', { verb: 'sum', number: -3 }],
  ];
  for (const [line, action] of read) {
    it(`reads "${line}"`, () => expect(parseCommandLine(line)).to.deep.equal(action));
  }

  const refused: [line: string, nearest: string | undefined, message: RegExp][] = [
    ['MARKT ALL', 'MARKET', /^Invalid command\. Please retry\. Did you mean MARKET\?$/],
    ['signin', '-signin', /Did you mean -signin\?/],
    ['SJC', 'MARKET SJC', /^Invalid command\. Please retry\. Did you mean MARKET SJC\?$/],
    ['whatsthedate', 'HELP', /^Invalid command\. Please retry\. Type HELP/],
    ['-signin khtn secret', '-signin', /no arguments/],
    ['OUT now', 'OUT', /takes no arguments/],
    ['exit the trade', '-quit', /Did you mean -quit\?/],
    ['HELP MGS', 'HELP MSG', /^There is no command MGS\. Did you mean HELP MSG\?$/],
    ['HELP whatsthedate', 'HELP', /^There is no command whatsthedate\. Type HELP/],
    ['MARKET', 'MARKET', /MARKET ALL/],
    ['MARKET SJC IN pounds', undefined, /^"pounds" is neither a currency nor a unit\. Examples: MARKET SJC IN USD/],
    ['2021-12-27 SJC IN a/b/c', undefined, /"a\/b\/c" is neither a currency nor a unit/],
    ['CHART 1y', 'CHART', /CHART SJC 1y/],
    [
      'CHART SJC 2y',
      'CHART',
      /^"2y" is not a range of a chart\. Ranges: 1d 1w 1m 3m 1y 5y all\. Example: CHART SJC 1y$/,
    ],
    ['CHART 6months', 'CHART', /"6months" is not a range of a chart/],
    ['MSG', 'MSG', /MSG Hello/],
    ['MSG #gold', 'MSG', /MSG #gold It is up/],
    ['MSG #a,b c', 'MSG', /^Nothing was posted\. "#a,b" is not a topic: A topic must be 1-32 letters/],
    ['MSG ##gold up', 'MSG', /"##gold" is not a topic/],
    [`MSG #${'x'.repeat(33)} up`, 'MSG', /^Nothing was posted\. "#x{33}" is not a topic/],
    [`MSG #${'x'.repeat(4000)} up`, 'MSG', /^Nothing was posted\. "#x{40}…" is not a topic/],
    ['IGNORE hans', 'HELP', /^Invalid command\. Please retry\. Type HELP for the list/],
    ['BOGUS', 'HELP', /Type HELP/],
    ['DELTA', 'HELP', /Type HELP/],
    ['BUT it rises', 'HELP', /Type HELP/],
    ['DLTT #1', 'DLT', /Did you mean DLT\?/],
    ['logout', 'OUT', /Did you mean OUT\?/],
    ['FIND', 'FIND', /FIND vang/],
    ['search vang', 'FIND', /Did you mean FIND\?/],
    ['TOPICS gold', 'TOPICS', /no arguments/],
    ['EDT #1', 'EDT', /EDT #1/],
    ['EDT #0 text', 'EDT', /EDT #1/],
    ['EDT #1 31 Feb 2021 10:00:00 text', undefined, /"31 Feb 2021 10:00:00" is not a valid time/],
    ['DLT #1 please', 'DLT', /DLT #1/],
    ['RDM yesterday', undefined, /Invalid date and time/],
    ['UPD yoda', 'UPD', /for example: UPD /],
    ['PUBLISH', 'PUBLISH', /for example: PUBLISH /],
    ['PUBLISH my lecture one.mp4', 'PUBLISH', /for example: PUBLISH /],
    ['PUBLISH "my lecture', 'PUBLISH', /for example: PUBLISH /],
    ['FETCH "lecture', 'FETCH', /FETCH lecture1\.mp4/],
    ['FETCH', 'FETCH', /FETCH lecture1\.mp4/],
    ['ACCEPT', 'ACCEPT', /for example: ACCEPT /],
    ['ACCEPT all', 'ACCEPT', /for example: ACCEPT /],
    ['ACCEPT 3 ALWAYS much', 'ACCEPT', /for example: ACCEPT /],
    ['DECLINE yoda', 'DECLINE', /for example: DECLINE /],
    ['CANCEL 0x1', 'CANCEL', /for example: CANCEL /],
    ['DISCOVER', 'DISCOVER', /for example: DISCOVER /],
    ['PING', 'PING', /for example: PING /],
    ['NOTIFY me', 'NOTIFY', /no arguments/],
    ['download lecture1.mp4', 'FETCH', /Did you mean FETCH\?/],
    ['send yoda lecture1.mp4', 'UPD', /Did you mean UPD\?/],
    ['SUM many', 'SUM', /SUM 25/],
    ['SUM 1.5', 'SUM', /SUM 25/],
    ['2021-02-30 SJC', undefined, /"2021-02-30" is not a valid date/],
    ['27/12/2021 SJC', undefined, /2021-12-27 SJC/],
    ['2021-12-27', undefined, /2021-12-27 SJC/],
  ];
  for (const [line, nearest, message] of refused) {
    it(`refuses "${line}"`, () => {
      const error = parseCommandLine(line);
      expect(error).to.be.instanceOf(CommandSyntaxError);
      expect((error as CommandSyntaxError).suggestion).to.equal(nearest);
      expect((error as CommandSyntaxError).message).to.match(message);
    });
  }

  it('says no password back', () => {
    expect((parseCommandLine('-signin khtn s3cret word') as CommandSyntaxError).message).to.not.include('s3cret');
  });

  it('reads any text, and at once', () => {
    const word = fc.constantFrom(
      ...SHELL_COMMANDS.map((verb) => verb.name),
      ...CHART_RANGES,
      '#1',
      '2021-12-27',
      '23 Feb 2021 15:00:01',
      ',',
    );
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(word, fc.string({ unit: 'grapheme' }))).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(line, (text) => {
        const read = parseCommandLine(text);
        expect(read instanceof CommandSyntaxError || typeof read.verb === 'string').to.equal(true);
        completeLine(text, ['SJC']);
      }),
    );
    const started = performance.now();
    for (const piece of ['a', ' ', 'MSG ', '#1 ', '1', '\u0301', '2021-12-27 ']) {
      const long = piece.repeat(Math.ceil(MAX_COMMAND_CHARACTERS / piece.length));
      for (const verb of ['', ...SHELL_COMMANDS.map(({ name }) => `${name} `)]) {
        parseCommandLine((verb + long).slice(0, MAX_COMMAND_CHARACTERS));
        completeLine(`${verb}${long} `, ['SJC']);
      }
    }
    expect(performance.now() - started).to.be.below(5000); // hundreds of lines of the greatest length
    expect(parseCommandLine('x'.repeat(MAX_COMMAND_CHARACTERS + 1))).to.be.instanceOf(CommandSyntaxError);
  });

  it('completes verbs, instruments and ranges', () => {
    expect(completeLine('ma', [])).to.deep.equal([['MARKET '], 'ma']);
    expect(completeLine('-sign', [])[0]).to.deep.equal(['-signup', '-signin']);
    expect(completeLine('MARKET s', ['SJC', 'BTC'])).to.deep.equal([['SJC'], 's']);
    expect(completeLine('market ', ['SJC'])).to.deep.equal([['ALL', 'SJC'], '']);
    expect(completeLine('MARKET SJC B', ['BTC'])).to.deep.equal([[], 'B']);
    expect(completeLine('CHART SJC X', ['SJC', 'XAU'])).to.deep.equal([['XAU'], 'X']);
    expect(completeLine('chart SJC 1', [])).to.deep.equal([['1d', '1w', '1m', '1y'], '1']);
    expect(completeLine('watch SJC b', ['BTC'])).to.deep.equal([['BTC'], 'b']);
    expect(completeLine('2021-12-27 S', ['SJC', 'BTC'])).to.deep.equal([['SJC'], 'S']);
    expect(completeLine('MSG S', ['SJC'])).to.deep.equal([[], 'S']);
    expect(completeLine('MARKET SJC i', ['SJC'])).to.deep.equal([['IN '], 'i']);
    expect(completeLine('MARKET SJC IN USD', ['SJC'])).to.deep.equal([['USD/ozt', 'USD'], 'USD']);
    expect(completeLine('2021-12-27 SJC IN c', ['SJC'])).to.deep.equal([['chi'], 'c']);
    expect(completeLine('HELP m', [])).to.deep.equal([['MARKET', 'MSG'], 'm']);
  });

  it('explains each command with examples that it accepts', () => {
    for (const { name, parseArgs } of SHELL_COMMANDS) {
      const examples = EXAMPLES_BY_COMMAND.get(name);
      expect(examples, name).to.not.equal(undefined);
      for (const example of examples!) {
        const read = parseCommandLine(example);
        expect(read, example).to.not.be.instanceOf(CommandSyntaxError);
        const [, rest = ''] = /^\S+\s*(.*)$/.exec(example)!;
        // A duration such as 2h is relative to now.
        expect((read as ParsedCommand).verb, example).to.equal((parseArgs(rest) as ParsedCommand).verb);
      }
      const lines = commandHelpLines(name);
      expect(lines[0]).to.match(/^\S+/);
      expect(lines[1], name).to.match(/^ {2}[A-Z][^:]*\.$/);
      for (const line of lines) expect(line.length, line).to.be.at.most(120);
    }
    expect([...EXAMPLES_BY_COMMAND.keys()]).to.have.members(SHELL_COMMANDS.map(({ name }) => name));
    expect(commandHelpLines('msg')).to.include('  MSG #gold It is up');
  });

  it('completes members, files, offers and transfers', () => {
    const known = {
      members: ['yoda', 'han'],
      listings: ['lecture 1.mp4', 'notes.pdf'],
      topics: ['gold', 'lobby'],
      posts: [7, 6],
      offers: [3, 12],
      transfers: [1],
      completePath: (start: string) => [`${start}1.mp4`],
    };
    expect(completeLine('PING y', [], known)).to.deep.equal([['yoda'], 'y']);
    expect(completeLine('DISCOVER ', [], known)).to.deep.equal([['yoda', 'han'], '']);
    expect(completeLine('UPD ', [], known)).to.deep.equal([['yoda ', 'han '], '']);
    expect(completeLine('UPD yoda my lec', [], known)).to.deep.equal([['my lec1.mp4'], 'my lec']);
    expect(completeLine('PUBLISH lec', [], known)).to.deep.equal([['lec1.mp4'], 'lec']);
    expect(completeLine('FETCH lecture 1', [], known)).to.deep.equal([['lecture 1.mp4'], 'lecture 1']);
    expect(completeLine('ACCEPT 1', [], known)).to.deep.equal([['12'], '1']);
    expect(completeLine('CANCEL ', [], known)).to.deep.equal([['1'], '']);
    expect(completeLine('ACCEPT 12 a', [], known)).to.deep.equal([['ALWAYS '], 'a']);
    expect(completeLine('DM h', [], known)).to.deep.equal([['han '], 'h']);
    expect(completeLine('DM @h', [], known)).to.deep.equal([['@han '], '@h']);
    expect(completeLine('DM han h', [], known)).to.deep.equal([[], 'h']);
    expect(completeLine('MSG @h', [], known)).to.deep.equal([['@han '], '@h']);
    expect(completeLine('MSG well, @y', [], known)).to.deep.equal([['@yoda '], '@y']);
    expect(completeLine('MSG #g', [], known)).to.deep.equal([['#gold '], '#g']);
    expect(completeLine('MSG a #g', [], known)).to.deep.equal([[], '#g']);
    expect(completeLine('FIND @', [], known)).to.deep.equal([['@yoda ', '@han '], '@']);
    expect(completeLine('EDT ', [], known)).to.deep.equal([['#7', '#6'], '']);
    expect(completeLine('dlt 7', [], known)).to.deep.equal([['7'], '7']);
    expect(completeLine('LIST no', [], known)).to.deep.equal([['notes.pdf'], 'no']);
    expect(completeLine('FETCH lecture 1.mp4 @h', [], known)).to.deep.equal([['@han '], '@h']);
    expect(completeLine('UPD yoda x', ['SJC'])).to.deep.equal([[], 'x']);
  });
});
