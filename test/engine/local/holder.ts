/** Holds the data folder that its argument names until it is killed. */
import { Store } from '../../../src/store/store.ts';

const store = await Store.inFolder(process.argv[2]!);
await store.open();
process.stdout.write('open\n');
process.stdin.resume();
