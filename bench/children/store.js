// Builds the large store like every import: rows through QuoteIngest into journal and read model.
import { rename } from 'node:fs/promises';
import { LocalEngine } from '../../src/engine/local/engine.js';
import { ReadModel } from '../../src/projections/read-model.js';
import { QuoteIngest } from '../../src/room/quote-ingest.js';
import { RateQueries } from '../../src/room/rate-queries.js';
import { Store } from '../../src/store/store.js';
import { answer, options, say } from './child.js';

const ROWS = 20_000;
const { folder, series, rowsEach, begin, step: apart } = options;

const store = await Store.inFolder(`${folder}.part`);
const view = new ReadModel(store);
const engine = new LocalEngine(store, view);
await engine.start();
const rates = new RateQueries({
  readModel: view,
  providers: { fetchIntervalMs: () => undefined, rank: () => 0 },
  now: Date.now,
});
const intake = new QuoteIngest({ journal: engine.journal, readModel: view, rates, now: Date.now });

answer();
const begun = performance.now();
let stored = 0;
for (const [place, { price, step, ...one }] of series.entries()) {
  const rounded = (value) => Number((Math.round(value / step) * step).toFixed(2));
  for (let from = 0; from < rowsEach; from += ROWS) {
    const rows = [];
    for (let i = from; i < Math.min(from + ROWS, rowsEach); i++) {
      // Prices with a slow wave of years and a fast one of days, equal in every run.
      const sell = rounded(price * (1 + 0.3 * Math.sin(i / 9000 + place) + 0.01 * Math.sin(i / 17)));
      rows.push([begin + i * apart, rounded(sell * 0.99), sell]);
    }
    const imported = await intake.importRows(one, rows, { batch: 1, force: true });
    if (imported.refused.length > 0) throw new Error(imported.refused[0].reason);
    stored += imported.stored;
  }
}
await engine.stop();
await rename(`${folder}.part`, folder);
say({ stored, ms: performance.now() - begun, maxRss: process.resourceUsage().maxRSS * 1024 });
