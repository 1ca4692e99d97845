/**
 * Appends to the data folder in the first argument until the disk refuses, and retries while it does. When the
 * parent sends `lift`, it appends 50 more. The second argument is the size of a post. Output lines:
 * `ack <seq>`, `failed <code>`, `unread <what>`, `trouble`, `recovered`. Ends by killing itself, as a
 * daemon that never closed its folder.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { AppError } from '../../src/domain/app-error.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { Store } from '../../src/store/store.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const store = await Store.inFolder(process.argv[2]!);
const view = new ReadModel(store);
const engine = new LocalEngine(store, view, {
  initialDelayMs: 50,
  maxDelayMs: 100,
  onOutage: () => say('trouble'),
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
    say(`failed ${(failure as AppError).code}`);
    return false;
  }
}

/** All records, one by one and as a range; 503 while that is impossible. */
async function read(): Promise<void> {
  try {
    if (view.posts.get(acknowledged)?.seq !== acknowledged) say('unread newest');
    let next = acknowledged;
    for await (const { number } of view.posts.newestFirst(acknowledged + 1)) if (number !== next--) say('unread one');
    if (next !== 0) say('unread rest');
  } catch (failure) {
    if ((failure as AppError).code !== 'NOT_AVAILABLE') say(`unread ${(failure as Error).message}`);
  }
}

let lifted = false;
process.stdin.once('data', () => {
  lifted = true;
});
for (let i = 0, more = 0; more < 50; i++) {
  if (await append(i)) {
    if (lifted && !store.writeError) more += 1;
  } else {
    await Promise.all([read(), wait(20)]); // attempts to reopen happen in between
  }
}
process.kill(process.pid, 'SIGKILL');
