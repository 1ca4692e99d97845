// Parses what main.ts asks for, batch by batch: main.ts watches whether a batch ends.
import { TARGETS } from './targets.ts';

process.on('message', async ({ name, seed, numRuns }: { name: string; seed: number; numRuns: number }) => {
  const target = TARGETS.find((each) => each.name === name)!;
  process.send!(await target.run({ seed, numRuns }));
});
process.on('disconnect', () => process.exit());
