// A program that fails while its demo runs: started by demo.test.ts.
import { Demo } from '../../src/demo/demo.ts';

const demo = new Demo({ seed: 1 });
await demo.start();
process.stdout.write(`${demo.address}\n`);
setImmediate(() => {
  throw new Error('a fault that nobody foresaw');
});
