import { expect } from 'chai';
import fc from 'fast-check';
import { seriesId } from '../../src/domain/quote.ts';
import { epochMsOfKey, keys, prefixRange, seqOfRecordKey } from '../../src/store/keys.ts';

const bytes = (text: string) => Buffer.from(text);
const sorts = (a: string, b: string) => Buffer.compare(bytes(a), bytes(b)) < 0;
const instants = fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 });
const series = (brand: string) => seriesId({ instrument: 'SJC', provider: 'sjc', company: 'SJC', brand });

describe('keys', () => {
  it('sort records by seq, and can be decoded', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 53 - 1), fc.nat(2 ** 53 - 1), (a, b) => {
        expect(sorts(keys.record(a), keys.record(b))).to.equal(a < b);
        expect(seqOfRecordKey(keys.record(a))).to.equal(a);
        expect(seqOfRecordKey(keys.change(a))).to.equal(a);
      }),
    );
  });

  it('sort quotes and candles by time, also before 1970, and can be decoded', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        for (const key of [(at: number) => keys.quote('s', at), (at: number) => keys.candle('SJC', '1d', at)]) {
          expect(sorts(key(a), key(b))).to.equal(a < b);
          expect(epochMsOfKey(key(a))).to.equal(a);
        }
        expect(keys.quotesOf('s')(a)).to.equal(keys.quote('s', a));
      }),
    );
  });

  it('separate series, for any brands', () => {
    const hostile = fc.constantFrom('', '/', '08', '/08', 'MIENG', 'MIENG/08', 'MIENG/08640', '~', '\u{10ffff}');
    fc.assert(
      fc.property(hostile, hostile, instants, instants, (one, other, from, at) => {
        fc.pre(one !== other);
        const key = keys.quote(series(other), at);
        const inside = !sorts(key, keys.quote(series(one), from)) && sorts(key, keys.quote(series(one), 8.64e12));
        expect(inside).to.equal(false);
      }),
    );
  });

  it('separate the listings of one member, and of one folded name, from others', () => {
    const name = fc.constantFrom('a', 'a.', 'a0', 'ab', 'A', '講', '\u{10ffff}', ' ');
    const inside = (key: string, { gte, lt }: { gte: string; lt: string }) => !sorts(key, gte) && sorts(key, lt);
    fc.assert(
      fc.property(name, name, name, name, (one, other, member, file) => {
        expect(inside(keys.listing(one, file), prefixRange(keys.listings(other)))).to.equal(one === other);
        expect(inside(keys.listingName(one, member, file), prefixRange(keys.listingNames(other)))).to.equal(
          one === other,
        );
        expect(inside(keys.listing(one, file), prefixRange('l/'))).to.equal(false);
      }),
    );
  });

  it('select everything with a prefix and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        for (const prefix of ['a/', 'q/SJC\x1f']) {
          const { gte, lt } = prefixRange(prefix);
          const key = prefix + name;
          expect(!sorts(key, gte) && sorts(key, lt)).to.equal(true);
        }
        expect(sorts('b/', prefixRange('a/').lt)).to.equal(false);
      }),
    );
    const { gte, lt } = prefixRange('a/');
    expect(sorts(keys.account('𠮷野'), lt) && sorts(gte, keys.account('𠮷野'))).to.equal(true);
  });

  it('of different kinds do not overlap', () => {
    const some = [
      keys.schemaVersion,
      keys.record(1),
      keys.subject('a'),
      keys.account('a'),
      keys.token('a'),
      keys.instrument('A'),
      keys.latest('a'),
      keys.series('a'),
      keys.quote('a', 1),
      keys.candle('A', '1h', 1),
      keys.post(1),
      keys.change(1),
      keys.revision(1, 1),
      keys.clientPost('a', 'a'),
    ];
    expect(new Set(some.map((key) => key.slice(0, 2))).size).to.equal(some.length);
  });
});
