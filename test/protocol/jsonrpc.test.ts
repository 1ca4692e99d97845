import { isUtf8 } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/domain/app-error.ts';
import {
  encodeError,
  encodeNotification,
  encodeRequest,
  encodeResult,
  LineDecoder,
  MAX_LINE_BYTES,
  parseRpcMessage,
} from '../../src/protocol/jsonrpc.ts';

const LIMIT = 24;

/** What a decoder makes of chunks: its lines, and its failure if there is one. */
function split(chunks: readonly Uint8Array[], limit = LIMIT): { lines: string[]; failure?: string } {
  const splitter = new LineDecoder(limit);
  const lines: string[] = [];
  try {
    for (const chunk of chunks) lines.push(...splitter.push(Buffer.from(chunk)));
  } catch (thrown) {
    return { lines, failure: (thrown as AppError).code };
  }
  return { lines };
}

/** The same by definition: cut at newlines, each at most `limit` bytes of UTF-8. */
function cut(bytes: Buffer, limit = LIMIT): { lines: string[]; failure?: string } {
  const lines: string[] = [];
  for (let from = 0; ; ) {
    const end = bytes.indexOf(0x0a, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    if (line.length > limit) return { lines, failure: 'TOO_LARGE' };
    if (end < 0) return { lines };
    if (!isUtf8(line)) return { lines, failure: 'PARSE_ERROR' };
    lines.push(line.toString('utf8').replace(/\r$/, ''));
    from = end + 1;
  }
}

function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}

function refusal(text: string): AppError {
  try {
    parseRpcMessage(text);
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error(`${text.slice(0, 80)} was accepted`);
}

/** Bytes with many newlines, carriage returns, multi-byte characters and invalid ones. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom('\n', '\n', '\r\n', 'đ', 'vàng', '金', '🥇', 'abcdefgh').map((text) => Buffer.from(text)),
    ),
    { maxLength: 24 },
  )
  .map((pieces) => Buffer.concat(pieces));
const goodText = fc
  .array(fc.constantFrom('\n', '\r\n', 'a', 'đ', '金', '🥇', '{"x":1}', ' '))
  .map((all) => all.join(''));
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('LineDecoder', () => {
  it('returns the lines of any UTF-8 text, split into any chunks', () => {
    fc.assert(
      fc.property(goodText, cuts, (text, at) => {
        const bytes = Buffer.from(text);
        expect(split(chunked(bytes, at), 1 << 20)).to.deep.equal(cut(bytes, 1 << 20));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts any bytes in any chunks: it returns only valid lines, and fails exactly where the input is invalid', () => {
    fc.assert(
      fc.property(anyBytes, cuts, (bytes, at) => {
        const found = split(chunked(bytes, at));
        const wanted = cut(bytes);
        // Which of two failures in one chunk is reported, and after how many of its valid lines, is unspecified.
        expect(found.failure === undefined).to.equal(wanted.failure === undefined);
        if (wanted.failure === undefined) expect(found.lines).to.deep.equal(wanted.lines);
        else expect(wanted.lines.slice(0, found.lines.length)).to.deep.equal(found.lines);
      }),
      { numRuns: 1000 },
    );
  });

  it('returns the same for single bytes as for the whole', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const single = split(chunked(bytes, [...bytes.keys()]));
        expect(single).to.deep.equal(cut(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts a line of exactly the limit and refuses one byte more, with its newline or without', () => {
    for (const letter of ['a', 'đ', '金', '🥇']) {
      const size = Buffer.byteLength(letter);
      const line = letter.repeat(Math.floor(LIMIT / size)) + 'a'.repeat(LIMIT % size);
      expect(split([Buffer.from(`${line}\n`)])).to.deep.equal({ lines: [line] });
      expect(split([Buffer.from(`${line}a\n`)])).to.deep.equal({ lines: [], failure: 'TOO_LARGE' });
      expect(split([Buffer.from(line), Buffer.from('a')])).to.deep.equal({ lines: [], failure: 'TOO_LARGE' });
    }
  });

  it('never buffers more than the limit: a million bytes without a newline are refused at the limit', () => {
    const splitter = new LineDecoder(MAX_LINE_BYTES);
    const chunk = Buffer.alloc(4096, 0x61);
    let taken = 0;
    const feed = () => {
      for (; taken < 1_000_000; taken += chunk.length) splitter.push(chunk);
    };
    expect(feed).to.throw(AppError).with.property('code', 'TOO_LARGE');
    expect(taken).to.equal(MAX_LINE_BYTES);
  });

  it('refuses a line of a megabyte in one chunk, and names the limit', () => {
    const line = Buffer.concat([Buffer.alloc(1024 * 1024, 0x61), Buffer.from('\n')]);
    expect(() => new LineDecoder(MAX_LINE_BYTES).push(line))
      .to.throw(AppError)
      .that.deep.includes({ code: 'TOO_LARGE', data: { limitBytes: MAX_LINE_BYTES } });
  });

  it('refuses bytes that are not UTF-8, including overlong forms and surrogates', () => {
    for (const hex of ['ff', 'c0af', 'eda080', 'f4908080', 'e28c']) {
      expect(split([Buffer.from(hex, 'hex'), Buffer.from('\n')]).failure).to.equal('PARSE_ERROR');
    }
  });

  it('does not retain the chunk in which a line began', () => {
    const chunk = Buffer.from('ab');
    const splitter = new LineDecoder(LIMIT);
    splitter.push(chunk);
    chunk.fill(0x78);
    expect(splitter.push(Buffer.from('c\n'))).to.deep.equal(['abc']);
  });
});

describe('parseRpcMessage', () => {
  it('parses a request, a notification, a result and an error', () => {
    const request = { jsonrpc: '2.0', id: 1, method: 'hello', params: { protocol: 1 } };
    const error = { code: 401, message: 'No.', data: { reason: 'NO_SUCH_ACCOUNT' } };
    for (const line of [
      request,
      { ...request, id: 'a' },
      { ...request, id: null },
      { jsonrpc: '2.0', method: 'quote', params: [] },
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: null, error },
    ]) {
      expect(parseRpcMessage(JSON.stringify(line))).to.deep.equal(line);
    }
  });

  it('throws only its two errors', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(line, (text) => {
        try {
          parseRpcMessage(text);
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(AppError);
          expect((thrown as AppError).code).to.be.oneOf(['PARSE_ERROR', 'NOT_A_REQUEST']);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses invalid JSON', () => {
    for (const text of ['', ' ', '{', 'hello', '{"jsonrpc":"2.0"', "{'jsonrpc':'2.0'}", '\u0000', '[1,]', '01']) {
      expect(refusal(text)).to.include({ code: 'PARSE_ERROR', status: -32700 });
    }
  });

  it('refuses anything but a request object: batches, other versions, other types', () => {
    for (const text of [
      'null',
      '1',
      '"x"',
      '[]',
      '[{"jsonrpc":"2.0","id":1,"method":"hello"}]',
      '{}',
      '{"jsonrpc":2}',
      '{"jsonrpc":"1.0","method":"x"}',
      '{"jsonrpc":"2.0","method":5}',
      '{"jsonrpc":"2.0","method":null}',
      '{"jsonrpc":"2.0","id":true,"method":"x"}',
      '{"jsonrpc":"2.0","id":[1],"method":"x"}',
      '{"jsonrpc":"2.0","id":{},"method":"x"}',
    ]) {
      expect(refusal(text)).to.include({ code: 'NOT_A_REQUEST', status: -32600 });
    }
  });

  it('refuses an id that JSON cannot represent: 1e999 is infinite', () => {
    for (const id of ['1e999', '-1e999', `${'9'.repeat(400)}`]) {
      const failure = refusal(`{"jsonrpc":"2.0","id":${id},"method":"hello"}`);
      expect(failure.code).to.equal('NOT_A_REQUEST');
      expect(failure.data).to.deep.equal({ field: 'id' });
    }
    expect(parseRpcMessage('{"jsonrpc":"2.0","id":-0.5,"method":"x"}').id).to.equal(-0.5);
  });

  it('accepts deep nesting up to the longest line', () => {
    const depth = Math.floor(MAX_LINE_BYTES / 2) - 64;
    const nested = `{"jsonrpc":"2.0","id":1,"method":"x","params":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(Buffer.byteLength(nested)).to.be.at.most(MAX_LINE_BYTES);
    expect(parseRpcMessage(nested).method).to.equal('x');
    expect(refusal(nested.slice(0, -2)).code).to.equal('PARSE_ERROR');
  });

  it('ignores prototypes', () => {
    const line = parseRpcMessage(
      '{"jsonrpc":"2.0","id":1,"method":"constructor","__proto__":{"method":"x"},"params":{"__proto__":{"polluted":1}}}',
    );
    expect(line.method).to.equal('constructor');
    expect(Object.getPrototypeOf(line)).to.equal(Object.prototype);
    expect(({} as { polluted?: number }).polluted).to.equal(undefined);
    // A prototype must not replace a missing field.
    expect(refusal('{"__proto__":{"jsonrpc":"2.0","method":"hello"}}').code).to.equal('NOT_A_REQUEST');
  });
});

describe('encode', () => {
  const ids = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((id) => (Object.is(id, -0) ? 0 : id)),
    fc.string({ unit: 'binary' }),
    fc.constant(null),
  );
  const values = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

  /** An encoded line decodes to the same line. */
  function back(text: string): unknown {
    const lines = new LineDecoder(MAX_LINE_BYTES * 16).push(Buffer.from(text));
    expect(lines).to.have.length(1);
    return parseRpcMessage(lines[0]!);
  }

  it('returns one line each, which decodes to the input', () => {
    fc.assert(
      fc.property(ids, values, (id, value) => {
        expect(back(encodeResult(id, JSON.stringify(value)))).to.deep.equal({ jsonrpc: '2.0', id, result: value });
        expect(back(encodeNotification('post', value))).to.deep.equal({
          jsonrpc: '2.0',
          method: 'post',
          params: value,
        });
        expect(back(encodeRequest(id, 'forum.post', value))).to.deep.equal({
          jsonrpc: '2.0',
          id,
          method: 'forum.post',
          params: value ?? {},
        });
      }),
      { numRuns: 500 },
    );
  });

  it('sends only the public part of an error, and nothing of its cause', () => {
    const failure = new AppError('WRONG_PASSWORD', 'No,\nnot "that".', {
      cause: new Error('secret'),
      data: { attemptsLeft: 2, reason: 'overridden' },
    });
    const text = encodeError('7', failure);
    expect(text).to.not.include('secret');
    expect(back(text)).to.deep.equal({
      jsonrpc: '2.0',
      id: '7',
      error: { code: 402, message: 'No,\nnot "that".', data: { attemptsLeft: 2, reason: 'WRONG_PASSWORD' } },
    });
  });
});
