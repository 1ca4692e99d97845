/**
 * Appends to the data folder that the argument names until the disk refuses (the parent bounds the size of files),
 * then has the bound lifted and goes on appending. One line a moment: `ack <seq>`, `failed <code>`, `lifted`. Ends by
 * killing itself, as a daemon that never got to close its folder.
 */
import { execFileSync } from 'node:child_process';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { Store } from '../../src/store/store.ts';
import { View } from '../../src/view/view.ts';

const store = await Store.at(process.argv[2]!);
const engine = new LocalEngine(store, new View(store));
await engine.start();

async function append(i: number): Promise<boolean> {
  const text = `post ${i} ${'.'.repeat(1000)}`;
  try {
    const { seq } = await engine.journal.append({
      kind: 'forum.posted',
      at: Date.now(),
      member: 'yoda',
      text,
      topic: 'lobby',
      replyTo: null,
    });
    process.stdout.write(`ack ${seq}\n`);
    return true;
  } catch (failure) {
    process.stdout.write(`failed ${(failure as { code: string }).code}\n`);
    return false;
  }
}

let i = 0;
while (await append(i++));
await append(i++);
execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
process.stdout.write('lifted\n');
for (let more = 0; more < 50; more++) await append(i++);
process.kill(process.pid, 'SIGKILL');
