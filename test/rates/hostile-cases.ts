import { expect } from 'chai';
import fc from 'fast-check';
import { isInstrumentId } from '../../src/domain/instrument.ts';
import { type NewQuote, seriesId } from '../../src/domain/quote.ts';
import { type Provider, type ProviderContext, ResponseFormatError } from '../../src/rates/provider.ts';
import { binance } from '../../src/rates/providers/binance.ts';
import { btmc } from '../../src/rates/providers/btmc.ts';
import { coinbase } from '../../src/rates/providers/coinbase.ts';
import { coingecko } from '../../src/rates/providers/coingecko.ts';
import { doji } from '../../src/rates/providers/doji.ts';
import { erApi } from '../../src/rates/providers/er-api.ts';
import { frankfurter } from '../../src/rates/providers/frankfurter.ts';
import { goldApi } from '../../src/rates/providers/gold-api.ts';
import { kraken } from '../../src/rates/providers/kraken.ts';
import { mihong } from '../../src/rates/providers/mihong.ts';
import { pnj } from '../../src/rates/providers/pnj.ts';
import { pnjHistory } from '../../src/rates/providers/pnj-history.ts';
import { sjc } from '../../src/rates/providers/sjc.ts';
import { sjcXml } from '../../src/rates/providers/sjc-xml.ts';
import { tygia } from '../../src/rates/providers/tygia.ts';
import { vangToday } from '../../src/rates/providers/vang-today.ts';
import { vietcombank } from '../../src/rates/providers/vietcombank.ts';
import { vnappmob } from '../../src/rates/providers/vnappmob.ts';
import { BODIES } from './bodies.ts';
import { contextAt } from './context.ts';
import { GOLD_BODIES } from './gold-bodies.ts';
import { hostileBody, hostileXml, ofJson } from './hostile.ts';

/** A provider, and what its server may send in place of the expected body. */
export interface HostileCase {
  readonly provider: Provider;
  readonly bodies: fc.Arbitrary<string>;
  readonly history?: fc.Arbitrary<string>;
  /** The start of the requested history. */
  readonly now: number;
}

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 6, 20, 13);
const HISTORY_DAYS = 3;
/** Unset dates are earlier. */
const EARLIEST = Date.UTC(2000, 0, 1);

function of(provider: Provider, bodies: fc.Arbitrary<string>, history?: fc.Arbitrary<string>, now = NOW): HostileCase {
  return { provider, bodies, ...(history ? { history } : {}), now };
}

const GOLD: readonly HostileCase[] = [
  of(sjc, ofJson(GOLD_BODIES.sjc), ofJson(GOLD_BODIES.sjcHistory), Date.parse('2025-03-02T22:00:00+07:00')),
  of(sjcXml, hostileXml(GOLD_BODIES.sjcXml)),
  of(pnj, ofJson(GOLD_BODIES.pnj)),
  of(
    pnjHistory,
    ofJson(GOLD_BODIES.pnjHistory),
    ofJson(GOLD_BODIES.pnjHistory),
    Date.parse('2022-10-03T22:00:00+07:00'),
  ),
  of(doji, hostileXml(GOLD_BODIES.doji)),
  of(
    btmc,
    fc.oneof(
      ofJson(GOLD_BODIES.btmc),
      hostileXml('<DataList><Data row="1" n_1="VÀNG" h_1="9" pb_1="1" ps_1="2" d_1=""/></DataList>'),
    ),
  ),
  of(mihong, ofJson(GOLD_BODIES.mihong), ofJson(GOLD_BODIES.mihong), Date.parse('2026-03-25T22:00:00+07:00')),
  of(
    vangToday,
    fc.oneof(ofJson(GOLD_BODIES.vangToday), ofJson(GOLD_BODIES.vangTodayList)),
    ofJson(GOLD_BODIES.vangTodayHistory),
    Date.parse('2026-03-16T22:00:00+07:00'),
  ),
  of(vnappmob, ofJson(GOLD_BODIES.vnappmob), ofJson(GOLD_BODIES.vnappmob), Date.parse('2025-04-11T22:00:00+07:00')),
  of(tygia, ofJson(GOLD_BODIES.tygia), ofJson(GOLD_BODIES.tygia), Date.parse('2021-12-29T22:00:00+07:00')),
];

const OTHERS: readonly HostileCase[] = [
  of(goldApi, hostileBody(BODIES.goldApi)),
  of(coingecko, hostileBody(BODIES.coingecko), hostileBody(BODIES.coingeckoChart)),
  of(binance, hostileBody(`[${BODIES.binance}]`), hostileBody(BODIES.binanceKlines)),
  of(kraken, hostileBody(BODIES.kraken), hostileBody(BODIES.kraken)),
  of(coinbase, hostileBody(BODIES.coinbase), hostileBody(BODIES.coinbase)),
  of(vietcombank, hostileBody(BODIES.vietcombank), hostileBody(BODIES.vietcombank)),
  of(erApi, hostileBody(BODIES.erApi)),
  of(frankfurter, hostileBody(BODIES.frankfurter)),
];

/** Every provider, in the order of PROVIDERS. */
export const HOSTILE_CASES: readonly HostileCase[] = [...GOLD, ...OTHERS];

function contextOf(body: string, now: number): ProviderContext {
  return contextAt(now, { key: 'a', fetch: async () => body });
}

/** A body gives valid quotes, or throws a ResponseFormatError. */
export function meetBody({ provider }: HostileCase, body: string): void {
  try {
    const quotes = provider.parse(body, contextOf(body, NOW), 0);
    expectSound(provider, quotes);
    if (GOLD.some((each) => each.provider === provider)) {
      expect(new Set(quotes.map(seriesId)).size).to.equal(quotes.length);
    }
  } catch (error) {
    if (!(error instanceof ResponseFormatError)) throw error;
  }
}

/** A page of history does the same, within the requested range, oldest first. */
export async function meetHistory({ provider, now }: HostileCase, body: string): Promise<void> {
  const from = now - HISTORY_DAYS * DAY;
  for (const page of provider.backfill!(contextOf(body, now), from, now)) {
    try {
      const quotes = await page.read();
      expectSound(provider, quotes);
      let last = from;
      for (const { at } of quotes) {
        expect(at).to.be.within(last, now);
        last = at;
      }
    } catch (error) {
      if (!(error instanceof ResponseFormatError)) throw error;
    }
  }
}

function expectSound(provider: Provider, quotes: readonly NewQuote[]): void {
  const gold = GOLD.some((each) => each.provider === provider);
  for (const { instrument, market, company, brand, buy, sell, at, currency, unit } of quotes) {
    expect(buy ?? sell).to.not.equal(null);
    for (const price of [buy, sell]) expect(price === null || (price > 0 && Number.isFinite(price))).to.equal(true);
    expect(at === undefined || (at >= EARLIEST && at <= NOW), `${at}`).to.equal(true);
    if (!gold) continue;
    expect(isInstrumentId(instrument), instrument).to.equal(true);
    expect(`${company}${brand}`).to.not.match(/\p{Cc}|\u202e/u);
    const weight = instrument === 'XAU' ? ['USD', 'ozt'] : ['VND', 'tael'];
    expect([currency, unit]).to.deep.equal(market === 'fx' ? ['VND', 'each'] : weight);
  }
}
