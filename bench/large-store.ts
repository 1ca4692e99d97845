import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../test/root.ts';
import { answerOf } from './child.ts';
import { rate } from './figure.ts';

const YEARS = 10;
const DAY = 24 * 3_600_000;
/** Fixed, so that a cached store stays valid. */
const END = Date.UTC(2025, 0, 1);

interface Series {
  readonly instrument: string;
  readonly provider: string;
  readonly company: string;
  readonly brand: string;
  readonly price: number;
  /** Prices are multiples of it. */
  readonly step: number;
}

/** SJC as in the shops of several cities; everything else from four providers. 57 series: 10 million half hours. */
const SERIES: readonly Series[] = [
  ...['Hồ Chí Minh', 'Hà Nội', 'Đà Nẵng', 'Huế', 'Cần Thơ'].map((brand) =>
    one('SJC', 'sjc', 'SJC', brand, 8e7, 10_000),
  ),
  ...['doji', 'pnj', 'btmc', 'mihong'].map((provider) => one('SJC', provider, provider, '', 8e7, 10_000)),
  ...['SJC-RING', 'PNJ', 'PNJ-RING', 'DOJI', 'DOJI-RING', 'BTMC', 'MIHONG'].flatMap((id) => fourOf(id, 7e7, 10_000)),
  ...fourOf('XAU', 2000, 0.01),
  ...fourOf('BTC', 60_000, 0.01),
  ...fourOf('ETH', 2500, 0.01),
  ...fourOf('USD', 24_000, 1),
  ...fourOf('EUR', 26_000, 1),
];

export interface LargeStore {
  /** The goldctl home of the data folder. */
  readonly home: string;
  readonly quotes: number;
  readonly instruments: readonly string[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Ten years of quotes of 57 series. Creating it takes minutes, so it is cached in the folder for temporary files and
 * reused as long as the code that writes it is unchanged.
 */
export async function largeStore(quotes: number): Promise<LargeStore> {
  const rowsEach = Math.ceil(quotes / SERIES.length);
  const step = Math.floor((YEARS * 365.25 * DAY) / rowsEach / 1000) * 1000;
  const begin = END - rowsEach * step;
  const name = `goldctl-bench-${quotes}-`;
  const home = join(tmpdir(), name + fingerprint());
  const folder = join(home, 'data');
  if (!existsSync(folder)) {
    for (const old of await readdir(tmpdir())) {
      if (old.startsWith(name)) await rm(join(tmpdir(), old), { recursive: true, force: true });
    }
    await mkdir(home, { recursive: true, mode: 0o700 });
    const built = await answerOf<{ stored: number; ms: number }>('store', {
      folder,
      series: SERIES,
      rowsEach,
      begin,
      step,
    });
    const speed = rate(built.stored / (built.ms / 1000), ' quotes/s');
    console.log(`  (${built.stored.toLocaleString('en-US')} quotes stored at ${speed}, kept in ${home})`);
  }
  return {
    home,
    quotes: rowsEach * SERIES.length,
    instruments: [...new Set(SERIES.map(({ instrument }) => instrument))],
    begin,
    end: END,
  };
}

function one(
  instrument: string,
  provider: string,
  company: string,
  brand: string,
  price: number,
  step: number,
): Series {
  return { instrument, provider, company, brand, price, step };
}

function fourOf(instrument: string, price: number, step: number): Series[] {
  return ['one', 'two', 'three', 'four'].map((provider) => one(instrument, provider, provider, '', price, step));
}

/** Hash of the sources that determine the content of the store. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of [
    'large-store.ts',
    'children/store.js',
    '../src/store/keys.ts',
    '../src/projections/quotes.ts',
    '../src/projections/journal-records.ts',
    '../src/domain/candle.ts',
    '../src/engine/local/engine.ts',
  ]) {
    hash.update(readFileSync(join(ROOT, 'bench', file)));
  }
  return hash.digest('hex').slice(0, 12);
}
