import { expect } from 'chai';
import fc from 'fast-check';
import { isInstrumentId } from '../../../src/domain/instrument.ts';
import { type QuoteDraft, seriesId } from '../../../src/domain/quote.ts';
import { BodyError, type Provider, type ProviderContext } from '../../../src/rates/provider.ts';
import { btmc } from '../../../src/rates/providers/btmc.ts';
import { doji } from '../../../src/rates/providers/doji.ts';
import { mihong } from '../../../src/rates/providers/mihong.ts';
import { pnj } from '../../../src/rates/providers/pnj.ts';
import { pnjHistory } from '../../../src/rates/providers/pnj-history.ts';
import { sjc } from '../../../src/rates/providers/sjc.ts';
import { sjcXml } from '../../../src/rates/providers/sjc-xml.ts';
import { tygia } from '../../../src/rates/providers/tygia.ts';
import { vangToday } from '../../../src/rates/providers/vang-today.ts';
import { vnappmob } from '../../../src/rates/providers/vnappmob.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { hostileBody } from '../hostile.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 6, 20, 13);

function contextOf(body: string, now = NOW): ProviderContext {
  return { url: 'http://127.0.0.1', key: 'a', now, fetch: async () => body };
}

const STRANGE = ['', '-', '0', '1e999', '-1', '&lt;', '&#0;', '\u202e1', '9'.repeat(60), '__proto__', 'NaN', '1,2,3'];
const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'Row', 'LED', 'GoldList', 'city', 'item', 'a'];

/** Good XML with one attribute exchanged, one name exchanged, a piece missing, or a piece of XML put in. */
function hostileXml(good: string): fc.Arbitrary<string> {
  const strange = fc.oneof(fc.constantFrom(...STRANGE), fc.string({ unit: 'binary' }));
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('<', '>', '/', '"', "'", '=', ' ', '!', '--', '[CDATA[', ']]', '?', '&', 'a', ';'), {
        maxLength: 60,
      })
      .map((parts) => parts.join('')),
    fc.tuple(fc.nat(), strange).map(([place, value]) => {
      const values = [...good.matchAll(/(["'])[^"']*\1/g)];
      const { index, 0: old } = values[place % values.length]!;
      return `${good.slice(0, index)}"${value.replaceAll('"', '')}"${good.slice(index + old.length)}`;
    }),
    fc
      .tuple(fc.constantFrom(...(good.match(/\w+(?==|>|\s)/g) ?? [])), fc.constantFrom(...NAMES))
      .map(([from, to]) => good.replaceAll(from, to)),
    fc.tuple(fc.nat(good.length), fc.nat(good.length)).map(([from, to]) => good.slice(0, from) + good.slice(to)),
    fc
      .tuple(fc.nat(good.length), fc.constantFrom(...NAMES), strange)
      .map(
        ([at, name, value]) => `${good.slice(0, at)}<${name} ${name}="${value}">${value}</${name}>${good.slice(at)}`,
      ),
  );
}

/** JSON whose objects have the names that JavaScript's own have, in place of one that is expected. */
function renamed(good: string): fc.Arbitrary<string> {
  const names = [...new Set(good.match(/"[^"]+"(?=:)/g))];
  return fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...NAMES))
    .map(([from, to]) => good.replaceAll(from, JSON.stringify(to)));
}

function expectSound(quotes: readonly QuoteDraft[]): void {
  for (const quote of quotes) {
    const { instrument, company, brand, buy, sell, at, currency, unit } = quote;
    expect(buy ?? sell).to.not.equal(null);
    for (const price of [buy, sell]) expect(price === null || (price > 0 && Number.isFinite(price))).to.equal(true);
    expect(Number.isNaN(new Date(at).getTime())).to.equal(false);
    expect(at).to.be.most(NOW + 10 * 60_000);
    expect(isInstrumentId(instrument), instrument).to.equal(true);
    expect(`${company}${brand}`).to.not.match(/\p{Cc}|\u202e/u);
    expect([currency, unit]).to.deep.equal(instrument === 'XAU' ? ['USD', 'ozt'] : ['VND', 'tael']);
  }
}

type Case = readonly [provider: Provider, bodies: fc.Arbitrary<string>, history?: fc.Arbitrary<string>, now?: number];

function ofJson(body: string): fc.Arbitrary<string> {
  const good = body.replace(/^\s+/, '');
  return fc.oneof({ weight: 3, arbitrary: hostileBody(good) }, { weight: 1, arbitrary: renamed(good) });
}

const CASES: readonly Case[] = [
  [sjc, ofJson(GOLD_BODIES.sjc), ofJson(GOLD_BODIES.sjcHistory), Date.parse('2025-03-02T22:00:00+07:00')],
  [sjcXml, hostileXml(GOLD_BODIES.sjcXml)],
  [pnj, ofJson(GOLD_BODIES.pnj)],
  [pnjHistory, ofJson(GOLD_BODIES.pnjHistory), ofJson(GOLD_BODIES.pnjHistory), Date.parse('2022-10-03T22:00:00+07:00')],
  [doji, hostileXml(GOLD_BODIES.doji)],
  [
    btmc,
    fc.oneof(
      ofJson(GOLD_BODIES.btmc),
      hostileXml('<DataList><Data row="1" n_1="VÀNG" h_1="9" pb_1="1" ps_1="2" d_1=""/></DataList>'),
    ),
  ],
  [mihong, ofJson(GOLD_BODIES.mihong), ofJson(GOLD_BODIES.mihong), Date.parse('2026-03-25T22:00:00+07:00')],
  [
    vangToday,
    ofJson(GOLD_BODIES.vangToday),
    ofJson(GOLD_BODIES.vangTodayHistory),
    Date.parse('2026-03-16T22:00:00+07:00'),
  ],
  [vnappmob, ofJson(GOLD_BODIES.vnappmob), ofJson(GOLD_BODIES.vnappmob), Date.parse('2025-04-11T22:00:00+07:00')],
  [tygia, ofJson(GOLD_BODIES.tygia), ofJson(GOLD_BODIES.tygia), Date.parse('2021-12-29T22:00:00+07:00')],
];

describe('a body of gold of whatever kind gives positive prices or a BodyError', () => {
  for (const [provider, bodies, history, now = NOW] of CASES) {
    it(provider.id, () => {
      fc.assert(
        fc.property(bodies, (body) => {
          try {
            const quotes = provider.parse(body, contextOf(body), 0);
            expectSound(quotes);
            expect(new Set(quotes.map(seriesId)).size).to.equal(quotes.length);
          } catch (error) {
            if (!(error instanceof BodyError)) throw error;
          }
        }),
        { numRuns: 500 },
      );
    });

    if (!history) continue;
    it(`${provider.id}, as history within the range, oldest first`, async () => {
      const from = now - 3 * DAY;
      await fc.assert(
        fc.asyncProperty(history, async (body) => {
          let last = from;
          try {
            for await (const quotes of provider.backfill!(contextOf(body, now), from, now)) {
              expectSound(quotes);
              for (const { at } of quotes) {
                expect(at).to.be.within(last, now - 1);
                last = at;
              }
            }
          } catch (error) {
            if (!(error instanceof BodyError)) throw error;
          }
        }),
        { numRuns: 100 },
      );
    });
  }

  it('large bodies take no more than their share of time', () => {
    const large = [
      '<'.repeat(500_000),
      '<a x="'.repeat(300_000),
      `<a>${'&'.repeat(1_000_000)}</a>`,
      `<GoldList>${'<DGPlist>'.repeat(100_000)}`,
      `<root><ratelist updated="${' '.repeat(1_000_000)}x"><city name=""><item type="${'9'.repeat(1_000_000)}"/></city></ratelist></root>`,
      '['.repeat(1_000_000),
      JSON.stringify({ success: true, latestDate: '1'.repeat(1_000_000), data: [{ TypeName: 'sjc'.repeat(300_000) }] }),
      JSON.stringify({
        golds: [{ value: [{ company: 'x', brand: '-'.repeat(1_000_000), type: ' '.repeat(1_000_000) }] }],
      }),
    ];
    for (const [provider] of CASES) {
      for (const body of large) {
        const start = performance.now();
        try {
          provider.parse(body, contextOf(body), 0);
        } catch (error) {
          expect(error).to.be.instanceOf(BodyError);
        }
        expect(performance.now() - start).to.be.below(5000);
      }
    }
  });
});
