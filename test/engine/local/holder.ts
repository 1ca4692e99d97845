/** Keeps the data folder in its argument open until it is killed. */
import { Store } from '../../../src/store/store.ts';

const store = await Store.inFolder(process.argv[2]!);
await store.open();
process.stdout.write('open\n');
process.stdin.resume();
