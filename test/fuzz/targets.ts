import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { readAccounts } from '../../src/cli/account-file.ts';
import type { AnalysisOptions } from '../../src/cli/file-analysis.ts';
import { type ImportInput, openImportInput } from '../../src/cli/import-input.ts';
import { classifyMarks, createNumberReader, NUMBER_FORMATS, parseWrittenPrice } from '../../src/cli/quote-number.ts';
import { DATE_ORDERS, isClock, parseImportTime } from '../../src/cli/quote-time.ts';
import { parseConfig } from '../../src/daemon/config.ts';
import { recordProblem } from '../../src/daemon/record-schemas.ts';
import { closingMessage } from '../../src/dialects/closing-message.ts';
import {
  activeMembersReply,
  decodeForumRequest,
  type ForumRequest,
  messagesReply as forumMessages,
  MAX_FORUM_REPLY_BYTES,
  parseForumCommand,
  safeReply,
  transferReply,
} from '../../src/dialects/forum-wire.ts';
import {
  decodeLine,
  GOLD_HEADER_BYTES,
  GOLD_LINE_BYTES,
  MAX_GOLD_REPLY_BYTES,
  parseGoldCredentials,
  resultsReply,
} from '../../src/dialects/gold-wire.ts';
import { decodeObject } from '../../src/dialects/json-object.ts';
import { truncateUtf8 } from '../../src/dialects/legacy-protocol.ts';
import { parseListenAddress } from '../../src/dialects/listen-address.ts';
import { formatFloat, MAX_MARKET_REPLY_BYTES, textReply } from '../../src/dialects/market-wire.ts';
import {
  decodeShareMessage,
  MAX_SHARE_MESSAGE_BYTES,
  MAX_SHARE_MESSAGE_CHARACTERS,
  parseShareRequest,
} from '../../src/dialects/share-wire.ts';
import { cidrContains, parseCidr } from '../../src/domain/address.ts';
import { AppError, type ErrorCode } from '../../src/domain/app-error.ts';
import { parseBackupHeader, parseBackupRecord, parseBackupTrailer } from '../../src/domain/backup.ts';
import { rateLimitKey } from '../../src/domain/rate-limit-key.ts';
import { maskUrls } from '../../src/domain/secrets.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { FrameDecoder, FrameError } from '../../src/peer/frame.ts';
import { BLOCK_BYTES } from '../../src/peer/hash-tree.ts';
import { parsePeerMessage } from '../../src/peer/peer-message.ts';
import { datagramIdOf, decodeDatagram, encodeDatagram, HELLO_BYTES } from '../../src/protocol/datagram.ts';
import { LineDecoder, parseRpcMessage } from '../../src/protocol/jsonrpc.ts';
import { METHODS } from '../../src/protocol/methods.ts';
import { retryAfterMs } from '../../src/rates/response-headers.ts';
import { completeLine } from '../../src/repl/completion.ts';
import {
  CHART_RANGES,
  CommandSyntaxError,
  MAX_COMMAND_CHARACTERS,
  parseCommandLine,
  SHELL_COMMANDS,
} from '../../src/repl/grammar.ts';
import { ECB, memoryInput, readFile } from '../cli/quote-reader.ts';
import { WORKBOOK_ROWS, workbook } from '../cli/workbook-writer.ts';
import { EXAMPLES as RECORDS } from '../daemon/record-examples.ts';
import { shareMessage } from '../dialects/share-client.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { hostileXml } from '../rates/hostile.ts';
import { HOSTILE_CASES, meetBody, meetHistory } from '../rates/hostile-cases.ts';
import { CONFIGURED_CASES, meetConfigured } from '../rates/hostile-configured.ts';
import { type Target, target } from './target.ts';

/** Runs a parser that may throw only an AppError with one of these codes. */
function refusing<T>(codes: readonly ErrorCode[], call: () => T): T | undefined {
  try {
    return call();
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    expect((thrown as AppError).code).to.be.oneOf(codes);
    return undefined;
  }
}

const text = fc.string({ unit: 'binary' });
const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all));
const cuts = fc.array(fc.nat(), { maxLength: 12 });

function* pieces(whole: Buffer, at: readonly number[]): Generator<Buffer> {
  const places = [...new Set(at.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, whole.length]) {
    yield whole.subarray(from, to);
    from = to;
  }
}

// ---- the wire

const SMALL_LINE = 64;
const wireBytes = fc
  .array(fc.oneof(bytes, fc.constantFrom('\n', '\r\n', '{', 'é', '\u{1f600}', 'x'.repeat(SMALL_LINE)).map(Buffer.from)))
  .map((all) => Buffer.concat(all));

const lines = target('lines', fc.record({ whole: wireBytes, cuts }), ({ whole, cuts }) => {
  const codes = ['TOO_LARGE', 'PARSE_ERROR'] as const;
  const splitter = new LineDecoder(SMALL_LINE);
  const cut: string[] = [];
  const intact = refusing(codes, () => {
    for (const piece of pieces(whole, cuts)) cut.push(...splitter.push(piece));
    return true;
  });
  for (const line of cut) expect(Buffer.byteLength(line)).to.be.at.most(SMALL_LINE);
  if (!intact) return;
  const decoded = whole.toString('utf8').split('\n').slice(0, -1);
  expect(cut).to.deep.equal(decoded.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)));
});

const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'name', 'password', 'instrument', 'rows', 'text'),
  text,
);
const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })));
const nested = fc.nat(30_000).map((depth) => '['.repeat(depth));
const request = fc
  .record({
    jsonrpc: fc.constantFrom('2.0', '1.0', 2, null),
    id: value,
    method: fc.oneof(fc.constantFrom(...Object.keys(METHODS)), text),
    params: value,
  })
  .map((line) => JSON.stringify(line));

const requests = target('requests', fc.oneof({ weight: 3, arbitrary: request }, text, fc.json(), nested), (line) => {
  const read = refusing(['PARSE_ERROR', 'NOT_A_REQUEST'], () => parseRpcMessage(line));
  if (!read) return;
  expect(read.jsonrpc).to.equal('2.0');
  expect(Object.getPrototypeOf(read)).to.equal(Object.prototype);
  expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
});

const checks = Object.entries(METHODS).map(([name, { params }]) => ({
  name,
  validator: Compile(params as TSchema),
  given: EXAMPLES[name as keyof typeof METHODS].params as Record<string, unknown>,
}));
/** Params of a method with fields exchanged, added and missing. */
const params = fc
  .record({
    method: fc.constantFrom(...checks),
    drop: fc.option(fc.nat()),
    add: fc.option(fc.tuple(key, value)),
    exchange: fc.option(fc.tuple(fc.nat(), value)),
  })
  .map(({ method, drop, add, exchange }) => {
    const fields = Object.entries(method.given);
    if (exchange && fields.length > 0) fields[exchange[0] % fields.length]![1] = exchange[1];
    if (drop !== null && fields.length > 0) fields.splice(drop % fields.length, 1);
    if (add) fields.push(add);
    return { name: method.name, params: JSON.parse(JSON.stringify(Object.fromEntries(fields))) as unknown };
  });

const calls = target('params', params, ({ name, params }) => {
  const { validator } = checks.find((each) => each.name === name)!;
  const fits = validator.Check(params);
  expect(typeof fits).to.equal('boolean');
  if (!fits) expect(validator.Errors(params)).to.not.deep.equal([]);
});

const objects = target(
  'objects',
  fc.oneof(
    text,
    fc.json(),
    nested.map((deep) => deep.replaceAll('[', '{').slice(0, 4096)),
    fc.array(fc.constantFrom('{', '}', '"', '\\', '"client_name"', ':', ',', '7', ' ')).map((all) => all.join('')),
    fc.tuple(value, value).map(([name, number]) => JSON.stringify({ client_name: name, client_number: number })),
  ),
  (said) => {
    const bytes = Buffer.from(said);
    const cut = refusing(['PARSE_ERROR'], () => decodeObject(bytes));
    if (!cut) return;
    expect(cut.usedBytes).to.be.within(2, bytes.length);
    expect(JSON.parse(bytes.toString('utf8', 0, cut.usedBytes))).to.deep.equal(cut.request);
    expect(Object.getPrototypeOf(cut.request)).to.equal(Object.prototype);
  },
);

// ---- legacy protocols

const wellFormed = (text: string) => expect(Buffer.from(text).toString()).to.equal(text);

const oldLine = fc.oneof(
  bytes,
  fc
    .constantFrom('', '-signin', 'khtn daihoc tphcm', 'x'.repeat(GOLD_LINE_BYTES + 1), 'é')
    .map((line) => Buffer.from(String(Buffer.byteLength(line)).padEnd(GOLD_HEADER_BYTES) + line)),
  fc
    .constantFrom(
      '9'.repeat(GOLD_HEADER_BYTES),
      ' '.repeat(GOLD_HEADER_BYTES),
      '1e3'.padEnd(GOLD_HEADER_BYTES),
      '-1'.padEnd(GOLD_HEADER_BYTES),
    )
    .map(Buffer.from),
);
const goldLines = target('gold', fc.record({ parts: fc.array(oldLine), cuts }), ({ parts, cuts }) => {
  const whole = Buffer.concat(parts);
  /** Every line of it, as the chunks arrive. */
  const read = (all: Iterable<Buffer>) => {
    const lines: string[] = [];
    let rest: Buffer = Buffer.alloc(0);
    for (const piece of all) {
      rest = Buffer.concat([rest, piece]);
      const intact = refusing(['PARSE_ERROR', 'TOO_LARGE'], () => {
        for (let cut = decodeLine(rest); cut; cut = decodeLine(rest)) {
          expect(cut.usedBytes).to.be.within(GOLD_HEADER_BYTES, GOLD_HEADER_BYTES + GOLD_LINE_BYTES);
          lines.push(cut.request);
          rest = rest.subarray(cut.usedBytes);
        }
        return true;
      });
      if (!intact) return lines;
    }
    return lines;
  };
  const lines = read([whole]);
  expect(read(pieces(whole, cuts))).to.deep.equal(lines);
  for (const line of lines) {
    wellFormed(line);
    const credentials = parseGoldCredentials(line);
    if (credentials) expect(`${credentials.name} ${credentials.password}`).to.equal(line);
  }
});

const shownText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.tuple(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.nat(1000)).map(([text, times]) => text.repeat(times)),
);
const quote = fc.record({
  instrument: fc.constant('SJC'),
  market: fc.constant('gold' as const),
  provider: fc.constant('import'),
  company: shownText,
  brand: shownText,
  buy: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
  sell: fc.double({ noNaN: true, noDefaultInfinity: true }),
  currency: fc.constantFrom('VND', 'USD'),
  unit: fc.constant('tael' as const),
  at: fc.constant(0),
  checkedAt: fc.constant(0),
  id: shownText,
});
const goldRecords = target('gold-records', fc.array(quote, { maxLength: 40 }), (quotes) => {
  const reply = resultsReply(quotes);
  expect(Buffer.byteLength(reply)).to.be.at.most(MAX_GOLD_REPLY_BYTES);
  wellFormed(reply);
});

const forumWord = fc.constantFrom(
  ...[
    'MSG',
    'DLT',
    'EDT',
    'RDM',
    'ATU',
    'OUT',
    'UPD',
    ' ',
    '#1',
    '23 Feb 2021 15:00:01',
    '6667',
    'hans',
    'ầ',
    '😀',
    '\n',
  ],
);
const forumBytes = fc.oneof(
  bytes,
  fc.array(fc.oneof(forumWord, text)).map((all) => Buffer.from(all.join(' '))),
  fc.array(forumWord).map((all) => Buffer.from(all.join(''))),
  forumWord.map((word) => Buffer.from(word.repeat(5000))),
);
const forumRequests = target('forum', fc.tuple(forumBytes, fc.boolean(), fc.boolean()), ([said, quiet, port]) => {
  let cut: { request: ForumRequest; usedBytes: number } | undefined = decodeForumRequest(said, quiet, port);
  if (quiet && said.length > 0) expect(cut).not.to.equal(undefined);
  if (cut && 'port' in cut.request) {
    expect(String(cut.request.port).length).to.be.at.most(5);
    cut = decodeForumRequest(said.subarray(cut.usedBytes), true, false);
  }
  if (!cut || !('line' in cut.request)) return;
  expect(cut.usedBytes).to.be.at.most(said.length);
  const command = parseForumCommand(cut.request.line);
  if (command.verb === 'refused') expect(command.reply).to.match(/^[^FSWT]/);
  if (command.verb === 'UPD') expect(command.file).not.to.match(/\s/);
  if (command.verb === 'DLT' || command.verb === 'EDT') expect(command.number).to.be.within(0, Number.MAX_SAFE_INTEGER);
});

const instant = fc.integer({ min: 0, max: 4_102_444_800_000 });
const aPost = fc.record({
  number: fc.nat(),
  member: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }),
  text: shownText,
  topic: fc.constant('lobby'),
  replyTo: fc.constant(null),
  mentions: fc.constant<string[]>([]),
  at: instant,
  editedAt: fc.option(instant),
  deletedAt: fc.constant(null),
  deletedBy: fc.constant(null),
  seq: fc.nat(),
});
const aMember = fc.record({
  name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }),
  address: fc.constantFrom('127.0.0.1', 'local', '2001:db8::1'),
  peerPort: fc.option(fc.nat(65_535)),
  activeSince: instant,
  idleMs: fc.nat(),
});
const forumReplies = target(
  'forum-replies',
  fc.record({
    posts: fc.array(aPost, { maxLength: 50 }),
    hasMore: fc.boolean(),
    members: fc.array(aMember),
    text: shownText,
  }),
  ({ posts, hasMore, members, text }) => {
    for (const reply of [forumMessages(posts, hasMore).reply, activeMembersReply(members), safeReply(text)]) {
      expect(Buffer.byteLength(reply)).to.be.at.most(MAX_FORUM_REPLY_BYTES);
      expect(reply).to.match(/^[^FSWT]/);
      expect(reply.endsWith('UPD):')).to.equal(true);
      wellFormed(reply);
    }
    for (const { name, address } of members) {
      const reply = transferReply({ name, address, port: 65_535 }, name, 'ầ'.repeat(85));
      expect(Buffer.byteLength(reply)).to.be.at.most(MAX_FORUM_REPLY_BYTES);
      expect(reply).to.match(/^Transfer .*\nEnter one of .*UPD\):$/s);
    }
  },
);

/** Without half surrogate pairs. */
const valid = (text: string) => Buffer.from(text).toString();

const marketReplies = target(
  'market',
  fc.tuple(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(300)),
  ([said, price, most]) => {
    for (const reply of [textReply(said.repeat(20)), closingMessage(said.repeat(20))]) {
      expect(Buffer.byteLength(reply)).to.be.at.most(MAX_MARKET_REPLY_BYTES);
      const { data } = JSON.parse(reply) as { data: string };
      expect(valid(said.repeat(20)).startsWith(data)).to.equal(true);
      wellFormed(data);
    }
    expect(JSON.parse(formatFloat(price))).to.equal(price === 0 ? 0 : price);
    expect(formatFloat(price)).to.match(/[.e]/);
    const short = truncateUtf8(said, most);
    expect(Buffer.byteLength(short)).to.be.at.most(most);
    const place = parseListenAddress(said);
    if (place) expect(place.port).to.be.within(0, 65_535);
  },
);

// ---- input of users

const word = fc.constantFrom(
  ...SHELL_COMMANDS.map((verb) => verb.name),
  ...CHART_RANGES,
  '#1',
  '2021-12-27',
  '23 Feb 2021 15:00:01',
  ',',
);
const typed = fc.oneof(
  text,
  fc.array(fc.oneof(word, fc.string({ unit: 'grapheme' }))).map((parts) => parts.join(' ')),
  fc
    .tuple(word, fc.constantFrom('a', ' ', '#1 ', '1', '\u0301', '"', '\\', '2021-12-27 '))
    .map(([verb, piece]) => `${verb} ${piece.repeat(MAX_COMMAND_CHARACTERS)}`.slice(0, MAX_COMMAND_CHARACTERS + 1)),
);

const grammar = target('grammar', typed, (line) => {
  const read = parseCommandLine(line);
  expect(read instanceof CommandSyntaxError || typeof read.verb === 'string').to.equal(true);
  const [candidates] = completeLine(line, ['SJC', 'PNJ-RING'], { members: ['yoda'], listings: ['a b.mp4'] });
  expect(candidates).to.be.an('array');
});

const csvPiece = fc.oneof(
  fc.constantFrom('"', ',', '\n', '\r\n', ';', '\t', '{', '}', '2021-12-27', '1', ':', '"at"', '""', '\0', '\uFEFF'),
  fc.constantFrom('1e999', '-0', 'NaN', '__proto__', ' ', '9'.repeat(400), '1.234,5', '27/12/2021', 'x'.repeat(70_000)),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const csvFiles = fc.record({
  header: fc.constantFrom(
    ...['at,buy,sell\n', 'at;buy;instrument\n', 'sep=;\nNgày;Mua vào;Bán ra\n', 'date,time,open,high,low,close\r\n'],
    ...['{"at":"2021-12-27","buy":1}\n', '[{"at":"2021-12-27","buy":1},', '[["2021-12-27",1],', 'at,buy,buy\n', ''],
  ),
  rest: fc.oneof(
    fc.array(csvPiece, { maxLength: 40 }).map((all) => Buffer.from(all.join(''))),
    bytes,
  ),
  cut: fc.integer({ min: 1, max: 64 }),
});

/** For any file: each record is a quote or has a reason, once, or the whole file is refused. */
async function meetQuoteFile(input: ImportInput, options: Partial<AnalysisOptions> = {}): Promise<void> {
  try {
    const { lines, rows, bad, table } = await readFile(input, options);
    const places = [...rows.map(({ line }) => line), ...Object.keys(bad).map(Number)];
    expect(places).to.have.length(new Set(places).size).and.to.have.length(lines);
    expect(table.sample.length).to.be.at.most(lines + 1);
    for (const { row } of rows) {
      expect(Number.isSafeInteger(row[0])).to.equal(true);
      for (const price of [row[1], row[2]]) expect(price === null || Number.isFinite(price)).to.equal(true);
    }
    for (const reason of Object.values(bad)) expect(reason.length).to.be.within(1, 400);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    expect(thrown.code).to.be.oneOf(['INVALID_REQUEST', 'USAGE', 'TOO_LARGE']);
  }
}

const csv = target('csv', csvFiles, async ({ header, rest, cut }) => {
  const content = Buffer.concat([Buffer.from(header), rest]);
  await meetQuoteFile(memoryInput(content, Math.max(cut, content.length >> 8)));
});

const written = fc.oneof(
  text,
  fc
    .array(
      fc.constantFrom(
        ...[
          '1',
          '12',
          '31',
          '2021',
          '99',
          '/',
          '-',
          '.',
          ' ',
          ',',
          ':',
          'T',
          'Z',
          '+07:00',
          'AM',
          'CH',
          'tháng ',
          'May',
        ],
        ...['Thứ Hai, ', 'đ', '$', 'tr', ' tỷ', '/chỉ', '000', '1e9', 'h', 'năm ', "'", '9'.repeat(30)],
      ),
      { maxLength: 16 },
    )
    .map((parts) => parts.join('')),
);
const times = target('quote-time', written, (text) => {
  const readings = [undefined, ...DATE_ORDERS].map((order) => parseImportTime(text, order));
  for (const at of readings) expect(at === undefined || Number.isSafeInteger(at)).to.equal(true);
  // A date whose field order was not inferred is unambiguous.
  if (readings[0] !== undefined) expect(new Set(readings).size).to.equal(1);
  isClock(text);
});
const numbers = target('quote-number', written, (text) => {
  const marks = classifyMarks(text);
  for (const format of NUMBER_FORMATS) {
    const value = createNumberReader(format, '1')!(text);
    expect(value === undefined || Number.isFinite(value)).to.equal(true);
    if (marks === 'none' && text.length < 300) expect(value).to.equal(Number(text));
  }
  const price = parseWrittenPrice(text);
  if (price) expect(price.power).to.be.within(0, 9);
});

const ecbFiles = target('ecb', hostileXml(ECB), (body) =>
  meetQuoteFile(memoryInput(body, 50), { format: 'ecb', constants: {} }),
);

const sheetPiece = fc.oneof(
  fc.constantFrom(
    ...[
      '<row>',
      '<row r="2">',
      '</row>',
      '<row r="1048577"/>',
      '<c r="A2" t="s">',
      '<c r="ZZZ1">',
      '<c t="inlineStr">',
    ],
    ...['<c s="1">', '<v>', '44324', '1', '99', '</v>', '</c>', '<is><t>', '</t></is>', '&#10;', '&lt;', '<!--', '-->'],
    ...['<![CDATA[</row>]]>', '<!DOCTYPE a [<!ENTITY b "c">]>', '&b;', '__proto__', ']]>'],
  ),
  text,
);
const workbooks = fc.record({
  rows: fc.oneof(
    fc.array(sheetPiece, { maxLength: 40 }).map((all) => all.join('')),
    fc.constant(WORKBOOK_ROWS),
  ),
  changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
  length: fc.option(fc.nat()),
});
const xlsx = target('xlsx', workbooks, async ({ rows, changes, length }) => {
  const whole = workbook({ sheets: { Prices: rows } });
  for (const [place, value] of changes) whole[place % whole.length] = value;
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
  try {
    const file = join(folder, 'prices.xlsx');
    await writeFile(file, length === null ? whole : whole.subarray(0, length % whole.length));
    const input = await openImportInput(file);
    try {
      await meetQuoteFile(input);
    } finally {
      await input.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

const accounts = target('accounts', fc.record({ text, format: fc.constantFrom('space', 'comma') }), (file) => {
  for (const line of readAccounts(file.text, file.format as 'space')) {
    if ('reason' in line) expect(line.reason).to.not.equal('');
    else {
      expect(line.name).to.not.equal('');
      expect(line.password).to.match(file.format === 'space' ? /^\S/ : /./s);
    }
  }
});

const address = fc.oneof(
  text,
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef:./%') }),
);
const addresses = target('addresses', fc.tuple(address, fc.option(fc.nat(200))), ([address, suffix]) => {
  const source = rateLimitKey(address);
  if (isIP(address) === 0) expect(source.length).to.be.at.most(Math.max(address.length, 64));
  const range = parseCidr(suffix === null ? address : `${address}/${suffix}`);
  if (!range) return;
  expect(parseCidr(range.text)).to.deep.equal(range);
  expect(cidrContains(range, address)).to.equal(true);
});

const shown = target('plain', fc.oneof(text, fc.string({ unit: 'grapheme' })), (text) => {
  expect(sanitizeText(text)).to.not.match(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
});

const settings = fc.oneof(
  text,
  fc.json(),
  nested,
  fc
    .dictionary(
      fc.oneof(
        fc.constantFrom('listen', 'attempts', 'limits', 'rates', 'log', 'sumPort', 'metricsPort', 'serverName'),
        key,
      ),
      fc.oneof(
        value,
        fc.dictionary(fc.constantFrom('host', 'port', 'plain', 'lineBytes', 'providers', 'level', '__proto__'), value),
      ),
    )
    .map((config) => JSON.stringify(config)),
);
const config = target('config', settings, (text) => {
  const read = refusing(['CONFIG_INVALID'], () => parseConfig(text, 'config.json'));
  if (read) expect(read.limits.lineBytes).to.be.at.least(1024);
});

// ---- providers

const providers = HOSTILE_CASES.flatMap((each): Target[] => {
  const { provider, bodies, history } = each;
  return [
    target(`provider:${provider.id}`, bodies, (body) => meetBody(each, body)),
    ...(history ? [target(`history:${provider.id}`, history, (body) => meetHistory(each, body))] : []),
  ];
});

const configured = CONFIGURED_CASES.map(({ format, provider, bodies }) =>
  target(`configured:${format}`, bodies, (body) => meetConfigured(provider, body)),
);

const header = fc.oneof(
  text,
  fc.bigInt().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
);
const retries = target('retry-after', fc.tuple(fc.option(header), fc.option(header)), ([value, date]) => {
  const wait = retryAfterMs(value, date, Date.UTC(2026, 6, 20));
  if (wait !== undefined) expect(Number.isFinite(wait) && wait >= 0).to.equal(true);
});

// ---- peers

const SECRET = 'ab'.repeat(32);
/** Datagrams of a peer that knows the secret, with any body, and of others. */
const datagram = fc.record({
  type: fc.integer({ min: 0, max: 4 }),
  flags: fc.nat(255),
  body: fc.uint8Array({ maxLength: 260 }),
  length: fc.option(fc.nat(300)),
  signed: fc.boolean(),
});

const datagrams = target('datagrams', datagram, ({ type, flags, body, length, signed }) => {
  const own = signed ? SECRET : 'cd'.repeat(32);
  const hello = encodeDatagram(
    { type: 'hello', id: '01'.repeat(16), side: 'a', relay: false, local: [], counter: 1 },
    own,
  );
  const bytes = Buffer.alloc(length ?? (type === 1 ? HELLO_BYTES : 36 + body.length));
  bytes.set(hello.subarray(0, Math.min(36, bytes.length)));
  if (bytes.length > 3) {
    bytes[2] = type;
    bytes[3] = flags;
  }
  if (bytes.length > 36) bytes.set(body.subarray(0, bytes.length - 36), 36);
  if (signed && bytes.length >= 36) {
    bytes.fill(0, 20, 36);
    createHmac('sha256', Buffer.from(SECRET, 'hex')).update(bytes).digest().copy(bytes, 20, 0, 16);
  }
  const before = Buffer.from(bytes);
  datagramIdOf(bytes);
  const read = decodeDatagram(bytes, SECRET);
  expect(bytes.equals(before)).to.equal(true);
  if (!signed) expect(read).to.equal(undefined);
  if (!read || read.type === 'probe') return;
  const places =
    read.type === 'hello' ? read.local : [read.seen, ...(read.other ? [read.other] : []), ...read.otherLocal];
  for (const { address, port } of places) {
    expect(isIP(address), address).to.not.equal(0);
    expect(port).to.be.within(0, 65_535);
  }
});

const framePiece = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((all) => Buffer.from(all)),
  fc
    .tuple(fc.constantFrom(1, 2, 3, 9, 10, 14, 41, 65_537, 65_538, 262_153, 262_154, 2 ** 32 - 1), fc.nat(5))
    .map(([length, type]) => {
      const head = Buffer.alloc(5, type);
      head.writeUInt32BE(length, 0);
      return head;
    }),
  fc.json().map((json) => {
    const head = Buffer.alloc(5, 1);
    head.writeUInt32BE(1 + Buffer.byteLength(json), 0);
    return Buffer.concat([head, Buffer.from(json)]);
  }),
);
const frames = target(
  'frames',
  fc.record({ whole: fc.array(framePiece, { maxLength: 12 }).map((all) => Buffer.concat(all)), cuts }),
  ({ whole, cuts }) => {
    let most = 0;
    const reader = new FrameDecoder((length) => {
      most = Math.max(most, length);
      return Buffer.alloc(length);
    });
    try {
      for (const piece of pieces(whole, cuts)) {
        reader.push(piece, (frame) => {
          if (frame.type === 'control') parsePeerMessage(frame.value);
        });
      }
    } catch (error) {
      expect(error).to.be.instanceOf(FrameError);
    }
    expect(most).to.be.at.most(BLOCK_BYTES);
  },
);

const field = fc.oneof(text, fc.nat(), fc.double(), fc.boolean(), fc.constant(null), fc.array(fc.jsonValue()), value);
const said = fc
  .tuple(
    fc.constantFrom(
      ...['want', 'found', 'offer', 'files', 'accept', 'refuse', 'ready', 'queued', 'go', 'leaves', 'pull', 'drop'],
      ...['ack', 'askRoots', 'roots', 'done', '__proto__'],
    ),
    fc.dictionary(
      fc.constantFrom(
        ...['name', 'hash', 'size', 'files', 'file', 'from', 'count', 'bytes', 'done', 'place', 'id', 'roots', 'code'],
        ...['reason', 'declined', 'folder', '__proto__'],
      ),
      field,
    ),
  )
  .map(([type, fields]) => ({ ...fields, type }));
const messages = target('messages', fc.oneof(said, fc.anything()), (value) => {
  try {
    expect(parsePeerMessage(value).type).to.be.a('string');
  } catch (error) {
    expect(error).to.be.instanceOf(FrameError);
  }
});

// ---- legacy clients

const shareWord = fc.oneof(
  fc.constantFrom('login', 'register', 'publish', 'fetch', 'ping', '', '127.0.0.1', '5001', '15', '15B', '_', '..'),
  fc.constantFrom('10:20:30-01/02/2024', '25:00:00-31/02/2024', '9'.repeat(20), 'x'.repeat(3000), ' '.repeat(2000)),
  text,
);
const shareMessages = fc.array(
  fc.oneof(
    fc
      .array(shareWord, { maxLength: 7 })
      .map((all) => shareMessage(all.join(' ').slice(0, MAX_SHARE_MESSAGE_CHARACTERS + 1))),
    bytes,
    fc.nat(2 ** 32 - 1).map((length) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(length);
      return head;
    }),
  ),
  { maxLength: 5 },
);
const share = target('share', shareMessages, (all) => {
  let rest = Buffer.concat(all);
  while (true) {
    const cut = refusing(['TOO_LARGE', 'INVALID_REQUEST'], () => decodeShareMessage(rest));
    if (!cut) break;
    expect(cut.usedBytes).to.be.within(4, Math.min(rest.length, MAX_SHARE_MESSAGE_BYTES));
    expect([...cut.request]).to.have.length(rest.readUInt32BE(0));
    rest = rest.subarray(cut.usedBytes);
    const request = parseShareRequest(cut.request);
    if (request?.verb === 'publish') expect(Number.isSafeInteger(request.size)).to.equal(true);
    if (request?.verb === 'login') expect(request.port).to.be.within(1, 65_535);
  }
});

// ---- backups

const backupHeader = { backup: 'goldctl', format: 1, seq: 2, server: 'goldctl/0.1.0', madeAt: 1 };
const record = fc.dictionary(
  fc.constantFrom(
    'seq',
    'kind',
    'at',
    'name',
    'member',
    'text',
    'number',
    'password',
    'provider',
    'quotes',
    '__proto__',
  ),
  fc.oneof({ weight: 2, arbitrary: value }, fc.constantFrom(1, 2, 'forum.posted', 'account.created', 'rates.received')),
);
const backupLine = fc.oneof(
  text,
  fc.json(),
  nested,
  fc
    .record({ drop: fc.option(fc.constantFrom(...Object.keys(backupHeader))), add: fc.dictionary(key, value) })
    .map((one) => {
      const { [one.drop as 'seq']: _, ...rest } = backupHeader;
      return JSON.stringify({ ...rest, ...one.add });
    }),
  record.map((one) => JSON.stringify(one)),
);
/** A valid backupHeader, and what may follow it. */
const backups = target('backup', fc.tuple(fc.boolean(), fc.array(backupLine, { maxLength: 4 })), ([fits, lines]) => {
  const all = fits ? [JSON.stringify(backupHeader), ...lines] : lines;
  for (const [i, line] of all.entries()) {
    if (i === 0) {
      const read = refusing(['BACKUP_DAMAGED', 'DATA_NEWER'], () => parseBackupHeader(line));
      if (!read) return;
      expect(read.seq).to.be.at.least(0);
    } else {
      const one = refusing(['BACKUP_DAMAGED'], () => parseBackupRecord(line, i));
      if (one) expect(one).to.include({ seq: i });
      const trailer = refusing(['BACKUP_DAMAGED'], () => parseBackupTrailer(line));
      if (trailer) expect(trailer.records).to.be.at.least(0);
    }
  }
});

const recordField = fc.constantFrom(
  ...Object.entries(RECORDS).flatMap(([kind, fields]) => Object.keys(fields).map((field) => [kind, field] as const)),
);
/** A record that is valid except for one field, or one of any form. */
const records = target(
  'records',
  fc.tuple(recordField, fc.oneof(value, text), fc.boolean()),
  ([[kind, field], given, any]) => {
    const example = any ? {} : RECORDS[kind as keyof typeof RECORDS];
    const problem = recordProblem({ seq: 1, at: 0, ...example, [field]: given, kind });
    if (problem !== undefined)
      expect(problem)
        .to.have.length.within(1, 1000)
        .and.to.not.match(/[\p{Cc}\p{Bidi_Control}]/u);
  },
);

const urlPiece = fc.constantFrom(
  'a'.repeat(20_000),
  'https',
  '://',
  '@',
  ':',
  '/',
  '?',
  '&',
  ';',
  '=',
  '#',
  ' ',
  '{key}',
  '[::1]',
);
const urls = target('urls', fc.array(fc.oneof(urlPiece, text), { maxLength: 20 }), (pieces) => {
  const shown = maskUrls(pieces.join(''));
  expect(maskUrls(shown)).to.equal(shown);
  expect(maskUrls(`${pieces.join('')} https://h.example/?x=Planted-1 `)).to.not.include('Planted-1');
});

/** Every parser of untrusted bytes. A new one needs a row here. */
export const TARGETS: readonly Target[] = [
  lines,
  requests,
  calls,
  objects,
  goldLines,
  goldRecords,
  forumRequests,
  forumReplies,
  marketReplies,
  grammar,
  csv,
  times,
  numbers,
  ecbFiles,
  xlsx,
  accounts,
  addresses,
  shown,
  config,
  ...providers,
  ...configured,
  retries,
  datagrams,
  frames,
  messages,
  share,
  backups,
  records,
  urls,
];
