import { join } from 'node:path';
import { answerOf } from '../child.ts';
import { Daemon } from '../daemon.ts';
import { atMost, type Effort, type Figure, median, ms, quantile, type Row } from '../figure.ts';
import { largeStore } from '../large-store.ts';

interface Times {
  readonly times: readonly number[];
  /** Average number of quotes or candles per result. */
  readonly found: number;
}

const LOOKUP_MS = 2;
const CHART_MS = 20;
const OPEN_MS = 500;

export const lookup: Figure = {
  name: 'lookup',
  summary: 'Look-up by date and ten-year daily chart inside the daemon, and its start, with 10 million stored quotes.',
  async measure(effort) {
    const store = await largeStore(effort.quotes);
    const asked = await answerOf<Record<'lookup' | 'rawLookup' | 'chart' | 'rawChart', Times>>('lookup', {
      folder: join(store.home, 'data'),
      instruments: store.instruments,
      begin: store.begin,
      end: store.end,
      lookups: 1000 * effort.runs,
      charts: 50 * effort.runs,
    });
    const of = `${(store.quotes / 1e6).toFixed(0)} million`;
    return [
      ...percentiles(
        `look-up by date (${Math.round(asked.lookup.found)} quotes of ${of})`,
        asked.lookup,
        asked.rawLookup,
        LOOKUP_MS,
      ),
      ...percentiles(
        `ten-year daily chart (${Math.round(asked.chart.found)} candles)`,
        asked.chart,
        asked.rawChart,
        CHART_MS,
      ),
      await open(store.home, effort),
    ];
  },
};

function percentiles(what: string, asked: Times, raw: Times, bar: number): Row[] {
  return [0.5, 0.99].map((share) => {
    const [value, baseline] = [quantile(asked.times, share), quantile(raw.times, share)];
    return {
      what: `${what}, p${share * 100}`,
      value: ms(value),
      baseline: `${ms(baseline)} (raw iterator)`,
      ratio: value / baseline,
      ...(share === 0.99 ? { bar: atMost(value, bar, `< ${bar} ms`) } : {}),
    };
  });
}

/** Start of a daemon until it listens, and the same with an empty home. */
async function open(home: string, effort: Effort): Promise<Row> {
  const full: number[] = [];
  const empty: number[] = [];
  for (let run = 0; run < effort.runs; run++) {
    for (const [times, folder] of [
      [full, home],
      [empty, undefined],
    ] as const) {
      const daemon = await Daemon.start(folder === undefined ? {} : { home: folder });
      times.push(daemon.ready.openMs);
      await daemon.stop();
    }
  }
  const [value, baseline] = [median(full), median(empty)];
  return {
    what: 'daemon open',
    value: ms(value),
    baseline: `${ms(baseline)} (empty, makes its certificate)`,
    ratio: value / baseline,
    bar: atMost(value, OPEN_MS, `< ${OPEN_MS} ms`),
  };
}
