// classic-level alone: the batches of the journal, with the same keys and sizes, one synced batch at a time.
import { Level } from 'level';
import { answer, options, say } from './child.js';

const { folder, recordsABatch, record, once, warmUpMs, measureMs } = options;

const db = new Level(folder, { keyEncoding: 'utf8', valueEncoding: 'utf8', writeBufferSize: 8 * 1024 * 1024 });
await db.open();
answer({ stop: () => db.close() });

// The last digits of a key are its number; values have the sizes of the journal's values.
const templates = record.map(({ key, length }) => {
  const digits = /\d+$/.exec(key)[0].length;
  return { head: key.slice(0, key.length - digits), digits, value: 'x'.repeat(length) };
});
const constants = once.map(({ key, length }) => ({ key, value: 'x'.repeat(length) }));

let number = 0;
/** A chained batch: half the cost of passing an array of the same writes. */
function batchOf(count) {
  const batch = db.batch();
  for (let i = 0; i < count; i++) {
    number += 1;
    for (const { head, digits, value } of templates) batch.put(head + String(number).padStart(digits, '0'), value);
  }
  for (const { key, value } of constants) batch.put(key, value);
  return batch;
}

let owed = 0;
async function run(ms) {
  const begun = performance.now();
  let records = 0;
  while (performance.now() - begun < ms) {
    owed += recordsABatch; // an average: whole records, the rest in the next batch
    const count = Math.floor(owed);
    owed -= count;
    await batchOf(count).write({ sync: true });
    records += count;
  }
  return records / ((performance.now() - begun) / 1000);
}

await run(warmUpMs);
say({ perSecond: await run(measureMs) });
