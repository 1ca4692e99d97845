import type { Provider } from '../provider.ts';
import { binance } from './binance.ts';
import { btmc } from './btmc.ts';
import { coinbase } from './coinbase.ts';
import { coingecko } from './coingecko.ts';
import { doji } from './doji.ts';
import { erApi } from './er-api.ts';
import { frankfurter } from './frankfurter.ts';
import { goldApi } from './gold-api.ts';
import { kraken } from './kraken.ts';
import { mihong } from './mihong.ts';
import { pnj } from './pnj.ts';
import { pnjHistory } from './pnj-history.ts';
import { sjc } from './sjc.ts';
import { sjcXml } from './sjc-xml.ts';
import { tygia } from './tygia.ts';
import { vangToday } from './vang-today.ts';
import { vietcombank } from './vietcombank.ts';
import { vnappmob } from './vnappmob.ts';

/** All built-in providers, in display order. To add one, add a line here. */
export const PROVIDERS: readonly Provider[] = [
  sjc,
  sjcXml,
  pnj,
  pnjHistory,
  doji,
  btmc,
  mihong,
  vangToday,
  vnappmob,
  tygia,
  goldApi,
  coingecko,
  binance,
  kraken,
  coinbase,
  vietcombank,
  erApi,
  frankfurter,
];
