/**
 * Appends to the data folder that the first argument names until the disk refuses, and goes on trying while it does; the
 * parent says `lift` when it works again, and then it appends 50 more. The second argument is the size of a post. One
 * line a moment: `ack <seq>`, `failed <code>`, `unread <what>`, `trouble`, `recovered`. Ends by killing itself, as a
 * daemon that never got to close its folder.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Failure } from '../../src/domain/failure.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { Store } from '../../src/store/store.ts';
import { View } from '../../src/view/view.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const store = await Store.at(process.argv[2]!);
const view = new View(store);
const engine = new LocalEngine(store, view, {
  firstMs: 50,
  longestMs: 100,
  onTrouble: () => say('trouble'),
  onRecovered: () => say('recovered'),
});
await engine.start();
const size = Number(process.argv[3]);
let acknowledged = 0;

async function append(i: number): Promise<boolean> {
  const text = `post ${i} ${'.'.repeat(size)}`;
  try {
    const { seq } = await engine.journal.append({
      kind: 'forum.posted',
      at: Date.now(),
      member: 'yoda',
      text,
      topic: 'lobby',
      replyTo: null,
    });
    acknowledged = seq;
    say(`ack ${seq}`);
    return true;
  } catch (failure) {
    say(`failed ${(failure as Failure).code}`);
    return false;
  }
}

/** All of it, one by one and as a range; where that is not possible at the moment, 503. */
async function read(): Promise<void> {
  try {
    if (view.posts.get(acknowledged)?.seq !== acknowledged) say('unread newest');
    let next = acknowledged;
    for await (const { number } of view.posts.backwards(acknowledged + 1)) if (number !== next--) say('unread one');
    if (next !== 0) say('unread rest');
  } catch (failure) {
    if ((failure as Failure).code !== 'NOT_AVAILABLE') say(`unread ${(failure as Error).message}`);
  }
}

let lifted = false;
process.stdin.once('data', () => {
  lifted = true;
});
for (let i = 0, more = 0; more < 50; i++) {
  if (await append(i)) {
    if (lifted && !store.refusal) more += 1;
  } else {
    await Promise.all([read(), wait(20)]); // tries to open again come in between
  }
}
process.kill(process.pid, 'SIGKILL');
