import { expect } from 'chai';
import fc from 'fast-check';
import type { QuoteDraft } from '../../../src/domain/quote.ts';
import { BodyError, type Provider, type ProviderContext } from '../../../src/rates/provider.ts';
import { binance } from '../../../src/rates/providers/binance.ts';
import { coinbase } from '../../../src/rates/providers/coinbase.ts';
import { coingecko } from '../../../src/rates/providers/coingecko.ts';
import { erApi } from '../../../src/rates/providers/er-api.ts';
import { frankfurter } from '../../../src/rates/providers/frankfurter.ts';
import { goldApi } from '../../../src/rates/providers/gold-api.ts';
import { kraken } from '../../../src/rates/providers/kraken.ts';
import { vietcombank } from '../../../src/rates/providers/vietcombank.ts';
import { BODIES } from '../bodies.ts';
import { hostileBody } from '../hostile.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 6, 20, 13);

function contextOf(body: string): ProviderContext {
  return { url: 'http://127.0.0.1', key: undefined, now: NOW, fetch: async () => body };
}

function expectSound(quotes: readonly QuoteDraft[]): void {
  for (const { buy, sell, at } of quotes) {
    expect(buy ?? sell).to.not.equal(null);
    for (const price of [buy, sell]) expect(price === null || (price > 0 && Number.isFinite(price))).to.equal(true);
    expect(Number.isNaN(new Date(at).getTime())).to.equal(false);
  }
}

const CASES: readonly (readonly [provider: Provider, body: string, history?: string])[] = [
  [goldApi, BODIES.goldApi],
  [coingecko, BODIES.coingecko, BODIES.coingeckoChart],
  [binance, `[${BODIES.binance}]`, BODIES.binanceKlines],
  [kraken, BODIES.kraken, BODIES.kraken],
  [coinbase, BODIES.coinbase, BODIES.coinbase],
  [vietcombank, BODIES.vietcombank, BODIES.vietcombank],
  [erApi, BODIES.erApi],
  [frankfurter, BODIES.frankfurter],
];

describe('a body of whatever kind gives positive prices or a BodyError', () => {
  for (const [provider, body, history] of CASES) {
    it(provider.id, () => {
      fc.assert(
        fc.property(hostileBody(body), (body) => {
          try {
            expectSound(provider.parse(body, contextOf(body), 0));
          } catch (error) {
            if (!(error instanceof BodyError)) throw error;
          }
        }),
        { numRuns: 400 },
      );
    });

    if (history === undefined) continue;
    it(`${provider.id}, as history within the range`, async () => {
      const from = NOW - 3 * DAY;
      await fc.assert(
        fc.asyncProperty(hostileBody(history), async (body) => {
          try {
            for await (const quotes of provider.backfill!(contextOf(body), from, NOW)) {
              expectSound(quotes);
              for (const { at } of quotes) expect(at).to.be.within(from, NOW);
            }
          } catch (error) {
            if (!(error instanceof BodyError)) throw error;
          }
        }),
        { numRuns: 100 },
      );
    });
  }
});
