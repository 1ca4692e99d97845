// An engine of a NATS cluster: appends by writers that each wait for their last append, and reports received records.
import { NatsEngine } from '../../src/engine/nats/engine.js';
import { ReadModel } from '../../src/projections/read-model.js';
import { appendToJournal } from '../../src/room/append-to-journal.js';
import { Store } from '../../src/store/store.js';
import { answer, options, say, sleep } from './child.js';

const { folder, servers, prefix, replicas, writers, text, warmUpMs, measureMs, across, replay } = options;

const store = await Store.inFolder(folder);
const engine = new NatsEngine(store, new ReadModel(store), {
  connection: { servers, tls: false },
  prefix,
  replicas,
  version: '0.0.0',
});
const begun = performance.now();
await engine.start();
const replayedMs = performance.now() - begun;
answer({ stop: () => engine.stop() });

if (replay) {
  say({ records: engine.journal.head(), replayedMs });
} else if (across) {
  // One post at a time, until another daemon has read it.
  const other = await Store.inFolder(`${folder}/other`);
  const view = new ReadModel(other);
  const there = new NatsEngine(other, view, { connection: { servers, tls: false }, prefix, version: '0.0.0' });
  await there.start();
  let told;
  view.onChange((_, seq) => told?.(seq));
  const times = [];
  const end = performance.now() + warmUpMs + measureMs;
  while (performance.now() < end) {
    const at = performance.now();
    const arrived = new Promise((resolve) => {
      told = resolve;
    });
    const post = { member: 'yoda', text, topic: 'lobby', replyTo: null };
    await Promise.all([appendToJournal(engine.journal, 'forum.posted', Date.now(), post), arrived]);
    if (at > end - measureMs) times.push(performance.now() - at);
  }
  await there.stop();
  say({ perSecond: (1000 * times.length) / measureMs, times });
} else {
  const times = [];
  /** Time from one record to the next. */
  let gapMs = 0;
  let last;
  let going = true;
  let measuring = false;
  const writer = async () => {
    while (going) {
      const at = performance.now();
      await appendToJournal(engine.journal, 'forum.posted', Date.now(), {
        member: 'yoda',
        text,
        topic: 'lobby',
        replyTo: null,
      });
      if (!measuring) continue;
      const now = performance.now();
      times.push(now - at);
      gapMs = Math.max(gapMs, now - (last ?? now));
      last = now;
    }
  };
  const all = Array.from({ length: writers }, writer);
  await sleep(warmUpMs);
  measuring = true;
  const from = performance.now();
  await sleep(measureMs);
  measuring = false;
  const seconds = (performance.now() - from) / 1000;
  going = false;
  await Promise.all(all);
  say({ perSecond: times.length / seconds, times, gapMs });
}
