// Queries over ten years of quotes inside the daemon's process, as its handlers run them; next to each, a raw
// LevelDB iterator over a range of as many keys.
import { LocalEngine } from '../../src/engine/local/engine.js';
import { ReadModel } from '../../src/projections/read-model.js';
import { RateQueries } from '../../src/room/rate-queries.js';
import { keys } from '../../src/store/keys.js';
import { Store } from '../../src/store/store.js';
import { answer, options, say } from './child.js';

const { folder, instruments, begin, end, lookups, charts } = options;
const DAY = 24 * 3_600_000;

const store = await Store.inFolder(folder);
const view = new ReadModel(store);
const engine = new LocalEngine(store, view);
await engine.start();
const rates = new RateQueries({
  readModel: view,
  providers: { fetchIntervalMs: () => undefined, rank: () => 0 },
  now: Date.now,
});

let seed = 1;
/** The same queries in every run. */
function below(count) {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % count;
}

async function timed(count, ask) {
  const times = [];
  let found = 0;
  for (let i = 0; i < count; i++) {
    const question = ask.question();
    const begun = performance.now();
    found += await ask.answer(question);
    times.push(performance.now() - begun);
  }
  return { times, found: found / count };
}

const day = () => ({
  instrument: rates.resolve(instruments[below(instruments.length)]),
  at: begin + below(Math.floor((end - begin) / DAY) - 1) * DAY,
});

const lookup = {
  question: day,
  answer: async ({ instrument, at }) =>
    (await rates.quotesOn(new Date(at).toISOString().slice(0, 10), instrument.id)).quotes.length,
};
const rawLookup = {
  question: day,
  answer: async ({ instrument, at }) => {
    const series = view.quotes.latest(instrument.id);
    const ranges = await Promise.all(
      series.map((quote) => {
        const id = [quote.instrument, quote.provider, quote.company, quote.brand].join('\x1f');
        return store.entries({ gte: keys.quote(id, at), lt: keys.quote(id, at + DAY) });
      }),
    );
    return ranges.flat().length;
  },
};
const chart = {
  question: day,
  answer: async ({ instrument }) =>
    (await rates.history(instrument, { interval: '1d', from: begin, to: end })).candles.length,
};
const rawChart = {
  question: day,
  answer: async ({ instrument }) => {
    const { provider, company, brand } = rates.freshest(instrument.id);
    const keyOf = keys.candlesOf([instrument.id, provider, company, brand].join('\x1f'), '1d');
    return (await store.entries({ gte: keyOf(begin), lt: keyOf(end) })).length;
  },
};

answer({ stop: () => engine.stop() });
for (const ask of [lookup, rawLookup]) await timed(200, ask);
for (const ask of [chart, rawChart]) await timed(instruments.length, ask);
say({
  lookup: await timed(lookups, lookup),
  rawLookup: await timed(lookups, rawLookup),
  chart: await timed(charts, chart),
  rawChart: await timed(charts, rawChart),
});
