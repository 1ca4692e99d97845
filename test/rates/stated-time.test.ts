import { expect } from 'chai';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { type Provider, ResponseFormatError } from '../../src/rates/provider.ts';
import { binance } from '../../src/rates/providers/binance.ts';
import { btmc } from '../../src/rates/providers/btmc.ts';
import { coinbase } from '../../src/rates/providers/coinbase.ts';
import { coingecko } from '../../src/rates/providers/coingecko.ts';
import { doji } from '../../src/rates/providers/doji.ts';
import { erApi } from '../../src/rates/providers/er-api.ts';
import { frankfurter } from '../../src/rates/providers/frankfurter.ts';
import { goldApi } from '../../src/rates/providers/gold-api.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { kraken } from '../../src/rates/providers/kraken.ts';
import { mihong } from '../../src/rates/providers/mihong.ts';
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

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-07-20T20:00:00+07:00');

/** A time in the format of Vietnamese sites. */
function vietnamese(at: number): { clock: string; date: string; iso: string } {
  const iso = new Date(at + 7 * HOUR).toISOString();
  const [year, month, day] = iso.slice(0, 10).split('-');
  return { clock: iso.slice(11, 19), date: `${day}/${month}/${year}`, iso: iso.slice(0, 10) };
}

/** Each provider whose bodies have a time: a body that states `at`, and the offset of the price's time. */
const STATED: readonly (readonly [Provider, (at: number) => string, number?])[] = [
  [
    sjc,
    (at) => GOLD_BODIES.sjc.replace('14:52 15/04/2026', `${vietnamese(at).clock.slice(0, 5)} ${vietnamese(at).date}`),
  ],
  [
    sjcXml,
    (at) => {
      const { clock, date } = vietnamese(at);
      const hour = Number(clock.slice(0, 2));
      const time = `${String(hour % 12 || 12).padStart(2, '0')}${clock.slice(2)} ${hour < 12 ? 'AM' : 'PM'} ${date}`;
      return GOLD_BODIES.sjcXml.replace('08:58:32 AM 22/05/2013', time);
    },
  ],
  [
    pnjHistory,
    (at) => GOLD_BODIES.pnjHistory.replace('03/10/2022 08:12:12', `${vietnamese(at).date} ${vietnamese(at).clock}`),
  ],
  [
    doji,
    (at) =>
      GOLD_BODIES.doji
        .replace(/<JewelryList>.*<.JewelryList>/, '')
        .replace('07:00 01/01/1970', `${vietnamese(at).clock.slice(0, 5)} ${vietnamese(at).date}`),
  ],
  [
    btmc,
    (at) => GOLD_BODIES.btmc.replace('07/05/2025 15:35', `${vietnamese(at).date} ${vietnamese(at).clock.slice(0, 5)}`),
  ],
  [
    mihong,
    (at) =>
      GOLD_BODIES.mihong.replace('25/03/2026 13:23', `${vietnamese(at).date} ${vietnamese(at).clock.slice(0, 5)}`),
  ],
  [vangToday, (at) => GOLD_BODIES.vangToday.replace('1773678605', `${at / 1000}`)],
  [vnappmob, (at) => GOLD_BODIES.vnappmob.replace('1744358406', `${at / 1000}`)],
  [tygia, (at) => GOLD_BODIES.tygia.replaceAll('2021-12-29 17:58:00', `${vietnamese(at).iso} ${vietnamese(at).clock}`)],
  [vietcombank, (at) => BODIES.vietcombank.replace('2025-12-09T08:16:30+07:00', new Date(at).toISOString())],
  [erApi, (at) => BODIES.erApi.replace('1784505751', `${at / 1000}`)],
  [frankfurter, (at) => BODIES.frankfurter.replace('2026-03-17', vietnamese(at).iso), HOUR],
  [goldApi, (at) => BODIES.goldApi.replace('2026-07-20T12:58:29Z', new Date(at).toISOString())],
  [coingecko, (at) => `{"bitcoin":{"usd":67000.5,"last_updated_at":${at / 1000}}}`],
  [binance, (at) => BODIES.binance.replace('1499869899040', `${at}`)],
  [kraken, (at) => BODIES.kraken.replace('1700000000', `${at / 1000}`), DAY],
  [coinbase, (at) => `[[${at / 1000},36800.5,37500,37000,37200.25,150.5]]`, DAY],
  [
    createCustomProvider('own', {
      url: 'http://127.0.0.1/x',
      market: 'crypto',
      rows: '[@]',
      quote: { instrument: "'BTC'", buy: '`1`', sell: '`2`', currency: "'USD'", unit: "'coin'", at: 'at' },
    }),
    (at) => JSON.stringify({ at: new Date(at).toISOString() }),
  ],
];

const context = contextAt(NOW, { key: 'a' });

describe('the time that a provider states', () => {
  it('is tested for every provider with stated times', () => {
    const stating = PROVIDERS.filter(({ statedTime }) => statedTime !== 'none').map(({ id }) => id);
    expect(STATED.map(([{ id }]) => id).filter((id) => id !== 'own')).to.have.members(stating);
  });

  for (const [provider, bodyOf, offset = 0] of STATED) {
    const timeOf = (at: number) => provider.parse(bodyOf(at), context, 0)[0]?.at;

    it(`is read from the body of ${provider.id}`, () => {
      const at = Date.parse('2026-07-17T20:00:00+07:00');
      expect(timeOf(at)).to.equal(at + offset);
    });

    it(`is ignored if ${provider.id} states an unset date or one up to a day ahead`, () => {
      for (const at of [Date.UTC(1970, 0, 1), Date.UTC(1900, 0, 1), NOW + 2 * HOUR - (offset === DAY ? DAY : 0)]) {
        expect(timeOf(at), new Date(at).toISOString()).to.equal(undefined);
      }
    });

    it(`refuses prices of ${provider.id} with a date far ahead`, () => {
      expect(() => timeOf(NOW + 3 * DAY)).to.throw(ResponseFormatError, /this one is \d+ [dh] in the future$/);
    });
  }
});
