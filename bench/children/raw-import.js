// The minimal work of an import without goldctl: lines split at commas and written to LevelDB, synced per 2,000.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Level } from 'level';
import { answer, options, say } from './child.js';

const ROWS = 2000;
const { file, folder } = options;

answer();
const begun = performance.now();
const db = new Level(folder, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
await db.open();
let batch = db.batch();
let lines = 0;
for await (const line of createInterface({ input: createReadStream(file) })) {
  const [at, buy, sell] = line.split(',');
  batch.put(`q/${at}`, `[${buy},${sell}]`);
  if (++lines % ROWS > 0) continue;
  await batch.write({ sync: true });
  batch = db.batch();
}
await batch.write({ sync: true });
await db.close();
say({ lines, ms: performance.now() - begun });
