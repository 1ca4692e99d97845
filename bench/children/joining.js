// An engine of a NATS cluster: appends by writers that each wait for their last one, and tells what came.
import { NatsEngine } from '../../dist/src/engine/nats/engine.js';
import { Store } from '../../dist/src/store/store.js';
import { View } from '../../dist/src/view/view.js';
import { append } from '../../dist/src/room/append.js';
import { answer, options, say, sleep } from './child.js';

const { folder, servers, prefix, replicas, writers, text, warmUpMs, measureMs, replay } = options;

const store = await Store.at(folder);
const engine = new NatsEngine(store, new View(store), {
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
} else {
  const times = [];
  let going = true;
  let measuring = false;
  const writer = async () => {
    while (going) {
      const at = performance.now();
      await append(engine.journal, 'forum.posted', Date.now(), { member: 'yoda', text, topic: 'lobby', replyTo: null });
      if (measuring) times.push(performance.now() - at);
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
  say({ perSecond: times.length / seconds, times });
}
