import { expect } from 'chai';
import fc from 'fast-check';
import { parseRpcMessage } from '../../src/protocol/jsonrpc.ts';
import { ParsedCallCache } from '../../src/server/parsed-call-cache.ts';

const line = (id: string, rest = '"method":"rates.get","params":{"instrument":"BTC"}') =>
  `{"jsonrpc":"2.0","id":${id},${rest}}`;

/** Caches a line like a session does, with the result of the parser. */
function keep(calls: ParsedCallCache<string>, text: string): void {
  const { method, params } = parseRpcMessage(text);
  calls.add(text, { method: method!, compiled: 'checked', params });
}

describe('ParsedCallCache', () => {
  it('finds a call with another id', () => {
    const calls = new ParsedCallCache<string>();
    keep(calls, line('1'));
    const { id, call } = calls.find(line('4711'))!;
    expect(id).to.equal(4711);
    expect(call).to.deep.equal({ method: 'rates.get', compiled: 'checked', params: { instrument: 'BTC' } });
  });

  it('distinguishes calls that differ in anything else', () => {
    const calls = new ParsedCallCache<string>();
    keep(calls, line('1'));
    expect(calls.find(line('1', '"method":"rates.get","params":{"instrument":"ETH"}'))).to.equal(undefined);
    expect(calls.find(line('1', '"method":"rates.get","params":{"instrument":"BTC"} '))).to.equal(undefined);
  });

  it('leaves every id that is not a plain integer to the parser', () => {
    const calls = new ParsedCallCache<string>();
    keep(calls, line('1'));
    for (const id of ['"1"', '-1', '1.5', '1e3', '01', '0', 'null', '', ' 1', '1 ', '9'.repeat(16)]) {
      expect(calls.find(line(id)), id).to.equal(undefined);
    }
  });

  it('does not cache a line with a second id, in any spelling', () => {
    for (const second of ['"id":2', '"id" : 2', '"\\u0069d":2']) {
      const calls = new ParsedCallCache<string>();
      const rest = `${second},"method":"rates.list"`;
      keep(calls, line('2', rest));
      expect(calls.find(line('3', rest)), second).to.equal(undefined);
    }
  });

  it('does not cache a long line', () => {
    const calls = new ParsedCallCache<string>();
    const rest = `"method":"rates.get","params":{"instrument":"${'B'.repeat(250)}"}`;
    keep(calls, line('1', rest));
    expect(calls.find(line('2', rest))).to.equal(undefined);
  });

  it('shares frozen params', () => {
    const calls = new ParsedCallCache<string>();
    keep(calls, line('1'));
    expect(calls.find(line('2'))!.call.params).to.be.frozen;
  });

  it('always agrees with the parser', () => {
    const key = fc.constantFrom('id', 'method', 'params', 'jsonrpc', 'x');
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('2.0', 'rates.get'));
    const rest = fc
      .array(fc.tuple(key, value), { minLength: 1, maxLength: 5 })
      .map((pairs) => pairs.map(([name, of]) => `${JSON.stringify(name)}:${JSON.stringify(of)}`).join(','));
    fc.assert(
      fc.property(rest, fc.nat(), fc.nat(), (text, first, second) => {
        const calls = new ParsedCallCache<string>();
        try {
          const { method, params } = parseRpcMessage(line(String(first), text));
          if (method === undefined) return;
          calls.add(line(String(first), text), { method, compiled: '', params });
        } catch {
          return; // refused: not cached
        }
        const found = calls.find(line(String(second), text));
        if (!found) return;
        const parsed = parseRpcMessage(line(String(second), text));
        expect(found.id).to.equal(parsed.id);
        expect(found.call.method).to.equal(parsed.method);
        expect(found.call.params).to.deep.equal(parsed.params);
      }),
    );
  });
});
