// Appends to a new journal, one post per record, by writers that each wait until their last one is durable. Counts
// what was written to LevelDB, so that a raw writer can write the same.
import { LocalEngine } from '../../src/engine/local/engine.js';
import { ReadModel } from '../../src/projections/read-model.js';
import { appendToJournal } from '../../src/room/append-to-journal.js';
import { Store } from '../../src/store/store.js';
import { answer, options, say, sleep } from './child.js';

const { folder, writers, text, warmUpMs, measureMs } = options;

const store = await Store.inFolder(folder);
let batches = 0;
let sample;
let sampling = false;
const write = store.write.bind(store);
store.write = (writes, settings) => {
  batches += 1;
  if (!sampling) return write(writes, settings);
  sample = [...writes];
  return write(sample, settings);
};
const engine = new LocalEngine(store, new ReadModel(store));
await engine.start();
answer({ stop: () => engine.stop() });

let records = 0;
let going = true;
const writer = async () => {
  while (going) {
    await appendToJournal(engine.journal, 'forum.posted', Date.now(), {
      member: 'yoda',
      text,
      topic: 'lobby',
      replyTo: null,
    });
    records += 1;
  }
};
const all = Array.from({ length: writers }, writer);
await sleep(warmUpMs);
const before = { records, batches, at: performance.now() };
await sleep(measureMs);
const seconds = (performance.now() - before.at) / 1000;
const counted = { records: records - before.records, batches: batches - before.batches };
sampling = true;
while (sample === undefined) await sleep(1);
going = false;
await Promise.all(all);
say({
  perSecond: counted.records / seconds,
  recordsABatch: counted.records / counted.batches,
  // The writes of one batch, by key and length.
  writes: sample.map(({ key, value }) => ({ key, length: Buffer.byteLength(value) })),
});
