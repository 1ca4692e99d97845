import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Quote } from '../../src/domain/quote.ts';
import { seriesId } from '../../src/domain/quote.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { JournalRecord, NewRecord } from '../../src/engine/types.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { keys, prefixRange } from '../../src/store/keys.ts';
import { Store } from '../../src/store/store.ts';
import { memoryStore, temporaryFolder } from '../store/temporary.ts';

const WRITER = fileURLToPath(new URL('writer.js', import.meta.url));
const ROUNDS = Number(process.env.GOLDCTL_FAULT_ROUNDS ?? 8);

interface Acknowledged {
  readonly seq: number;
  readonly record: NewRecord;
}

/** Runs writers, kills them after `least` acknowledgements and a random delay, and returns what was acknowledged. */
async function killed(path: string, run: string, least: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [WRITER, path, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    try {
      acknowledged.push(JSON.parse(line) as Acknowledged);
    } catch {
      break; // the partial last line
    }
    // Acknowledgements come in groups; the kill hits a later one.
    if (acknowledged.length === least) setTimeout(() => child.kill('SIGKILL'), Math.random() * 25);
  }
  const [, signal] = await ended;
  expect(signal, 'exit signal of the writers').to.equal('SIGKILL');
  return acknowledged;
}

describe('kill -9 under 200 writers', function () {
  this.timeout(60_000);

  it(`loses no acknowledged write and leaves no partial one, ${ROUNDS} times`, async () => {
    const folder = await temporaryFolder();
    const all = new Map<number, NewRecord>();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const acknowledged = await killed(folder.path, `run${round}`, 1 + Math.floor(Math.random() * 400));
        for (const { seq, record } of acknowledged) {
          expect(all.has(seq), `seq ${seq} was used twice`).to.equal(false);
          all.set(seq, record);
        }

        const store = await Store.inFolder(folder.path);
        const view = new ReadModel(store);
        const engine = new LocalEngine(store, view);
        await engine.start(); // refuses a journal with a gap
        try {
          const head = engine.journal.head();
          expect(head).to.be.at.least(Math.max(...all.keys()));
          let seq = 0;
          let posts = 0;
          for await (const [key, text] of store.range(prefixRange('j/'))) {
            const record = JSON.parse(text) as JournalRecord;
            expect(key).to.equal(keys.record(++seq));
            expect(record.seq).to.equal(seq);
            if (record.kind === 'forum.posted') posts++;
            const given = all.get(seq);
            if (given) expect(text).to.equal(JSON.stringify({ seq, ...given }));
          }
          expect(seq).to.equal(head);
          expect(store.read(keys.posts)).to.equal(posts);
          for (const { seq, record } of acknowledged) whole(store, view, seq, record);

          const fresh = memoryStore();
          await fresh.open();
          await rebuildStore(store, fresh);
          // Subjects of the writers: a rebuild creates only those of the room.
          const isOwn = (key: string) => key.startsWith(keys.subject('post.'));
          expect((await differingKeys(store, fresh)).filter((key) => !isOwn(key))).to.deep.equal([]);
          await fresh.close();
        } finally {
          await engine.stop();
        }
      }
      expect(all.size).to.be.above(ROUNDS);
    } finally {
      await folder.remove();
    }
  });
});

/** All keys that one record wrote exist, or their later replacements. */
function whole(store: Store, view: ReadModel, seq: number, record: NewRecord): void {
  if (record.kind === 'forum.posted') {
    const post = view.posts.byClientId(record.member as string, record.clientId as string)!;
    expect(post.seq).to.be.at.least(seq);
    if (post.seq === seq) expect(post.text).to.equal(record.text);
    else expect(store.read(keys.revision(post.number, seq))).to.include({ text: record.text, at: record.at });
    expect(store.read(keys.change(post.seq))).to.equal(post.number);
    expect(store.read(keys.posts)).to.be.at.least(post.number);
  } else if (record.kind === 'forum.edited') {
    const post = view.posts.get(record.number as number)!;
    expect(post).to.include({ seq, text: record.text, editedAt: record.at });
    expect(store.read(keys.change(seq))).to.equal(post.number);
  } else {
    for (const quote of record.quotes as Quote[]) {
      const id = seriesId(quote);
      const latest = view.quotes.latestOf(id)!;
      expect(latest.at).to.be.at.least(quote.at);
      expect(view.quotes.seriesOf(quote.provider)).to.include(id);
      if (latest.id === quote.id) expect(latest.sell).to.equal(quote.sell);
    }
  }
}
