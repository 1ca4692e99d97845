/**
 * Two hundred writers on the data folder in the first argument, until it is killed. One line on standard
 * output for every acknowledged append: `{seq, key, record}`, where `key` is the writer's own number.
 * The second argument distinguishes runs.
 */

import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { NewRecord } from '../../src/engine/types.ts';
import type { PostChange } from '../../src/projections/posts.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { Store } from '../../src/store/store.ts';

const [path, run] = process.argv.slice(2) as [string, string];
const WRITERS = 200;

const store = await Store.inFolder(path);
const engine = new LocalEngine(store, new ReadModel(store));
await engine.start();

async function append(record: NewRecord, options = {}) {
  const appended = await engine.journal.append(record, options);
  process.stdout.write(`${JSON.stringify({ seq: appended.seq, record })}\n`);
  return appended;
}

function posted(writer: number, turn: number): NewRecord {
  return {
    kind: 'forum.posted',
    at: Date.now(),
    member: `writer-${writer}`,
    text: `${run}/${turn}: ${'vàng '.repeat(10 + (turn % 40))}`,
    topic: 'lobby',
    replyTo: null,
    clientId: `${run}-${turn}`,
  };
}

function received(writer: number): NewRecord {
  const at = Date.now();
  const provider = `provider-${writer}`;
  const quotes = ['SJC', 'PNJ', 'BTMC-RING'].map((instrument, i) => ({
    instrument,
    market: 'gold',
    provider,
    company: instrument,
    brand: i === 0 ? 'Hà Nội' : '',
    buy: 80_000_000 + Math.floor(Math.random() * 1e6),
    sell: 82_000_000 + Math.floor(Math.random() * 1e6),
    currency: 'VND',
    unit: 'tael',
    at: at - i,
    checkedAt: at,
    id: `${run}-${at}-${i}`,
  }));
  return {
    kind: 'rates.received',
    at,
    provider,
    quotes: quotes.slice(0, 1 + Math.floor(Math.random() * 3)),
    missing: [],
  };
}

async function write(writer: number): Promise<void> {
  for (let turn = 0; ; turn++) {
    if (writer % 5 === 0) {
      await append(received(writer));
      continue;
    }
    const { changes, seq } = await append(posted(writer, turn));
    if (turn % 4 !== 3) continue;
    const { number } = (changes[0] as PostChange).post;
    const edited = {
      kind: 'forum.edited',
      at: Date.now(),
      number,
      text: `${run}/${turn} again`,
      by: `writer-${writer}`,
    };
    const first = await append(edited, { subject: `post.${run}.${number}`, expect: 0 });
    if (first.seq <= seq) throw new Error('an edit before its post');
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
