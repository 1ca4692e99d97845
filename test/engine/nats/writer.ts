// A process that appends to a room in a NATS cluster until it is killed, and prints what was acknowledged.
import { NatsEngine } from '../../../src/engine/nats/engine.ts';
import { Store } from '../../../src/store/store.ts';
import { Texts } from './texts.ts';

const [folder, prefix, name, ...servers] = process.argv.slice(2) as [string, string, string, ...string[]];
const engine = new NatsEngine(await Store.inFolder(folder), new Texts(), {
  connection: { servers, tls: false },
  prefix,
  version: '0.0.0',
});
await engine.start();

async function write(writer: number): Promise<void> {
  for (let i = 0; ; i++) {
    const text = `${name}.${writer} ${i}`;
    const { seq } = await engine.journal.append({ kind: 'test.text', at: 1, text });
    process.stdout.write(`${seq} ${text}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(write));
