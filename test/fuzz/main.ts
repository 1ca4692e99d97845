// `npm run fuzz [-- NAME...] [--minutes N] [--runs N] [--seed S]`
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Outcome } from './target.ts';
import { TARGETS } from './targets.ts';

interface Batch {
  readonly name: string;
  readonly seed: number;
  readonly numRuns: number;
}

/** Cases per batch; a parser that hangs shows as a batch that does not end. */
const BATCH = 500;
const HANG_MS = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '2' }, runs: { type: 'string' }, seed: { type: 'string' } },
});
const minutes = positive(values.minutes, '--minutes');
const wanted = values.runs === undefined ? undefined : positive(values.runs, '--runs');
const first =
  values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Math.floor(positive(values.seed, '--seed'));
const targets = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.some((each) => isOf(name, each)));
const unknown = positionals.find((each) => !TARGETS.some(({ name }) => isOf(name, each)));
if (unknown !== undefined) usage(`There is no parser "${unknown}".`);

const worker = fork(fileURLToPath(new URL('worker.js', import.meta.url)));
const figures = new Map(targets.map(({ name }) => [name, { runs: 0, slowestMs: 0 }]));
const begun = Date.now();
let failed = 0;
let total = 0;
console.log(
  `seed ${first}, ${targets.length} parsers, ${wanted === undefined ? `${minutes} minutes` : `${wanted} cases each`}\n`,
);

const going = new Set(targets.map(({ name }) => name));
rounds: for (let round = 0; going.size > 0; round++) {
  for (const name of [...going]) {
    const figure = figures.get(name)!;
    const isOver = wanted === undefined ? Date.now() - begun > minutes * 60_000 : figure.runs >= wanted;
    if (isOver) {
      going.delete(name);
      continue;
    }
    const batch: Batch = {
      name,
      seed: (first + round) | 0,
      numRuns: Math.min(BATCH, (wanted ?? Number.POSITIVE_INFINITY) - figure.runs),
    };
    const outcome = await ask(batch);
    if (outcome === undefined) {
      failed += 1;
      console.log(`${name} HANGS or exits: npm run fuzz -- ${name} --seed ${batch.seed} --runs ${BATCH}\n`);
      break rounds;
    }
    figure.runs += outcome.runs;
    total += outcome.runs;
    figure.slowestMs = Math.max(figure.slowestMs, outcome.slowestMs);
    if (!outcome.failure) continue;
    failed += 1;
    going.delete(name);
    const { seed, path, counterexample, error } = outcome.failure;
    console.log(`${name} FAILED: seed ${seed}, path ${path}\n${error}\n`);
    console.log(`  for test/fuzz/seeds.ts:\n  '${name}': [${counterexample}],\n`);
  }
}
worker.kill();

const width = Math.max(...targets.map(({ name }) => name.length));
for (const [name, { runs, slowestMs }] of figures) {
  console.log(
    `  ${name.padEnd(width)}  ${runs.toLocaleString('en-US').padStart(11)} cases, slowest ${slowestMs.toFixed(1)} ms`,
  );
}
const seconds = ((Date.now() - begun) / 1000).toFixed(0);
console.log(
  `\n${total.toLocaleString('en-US')} cases in ${seconds} s: ${failed === 0 ? 'no failure' : `${failed} FAILED`}`,
);
process.exitCode = failed === 0 ? 0 : 1;

/** Undefined if the parsing process does not answer. */
async function ask(batch: Batch): Promise<Outcome | undefined> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), HANG_MS);
  worker.send(batch);
  try {
    const { signal } = patience;
    const answered = once(worker, 'message', { signal }).then(([outcome]) => outcome as Outcome);
    const ended = once(worker, 'exit', { signal }).then(() => undefined);
    for (const other of [answered, ended]) other.catch(() => {}); // the later one is ignored below
    return await Promise.race([answered, ended]);
  } catch {
    return undefined; // it still runs
  } finally {
    clearTimeout(timer);
    patience.abort();
  }
}

/** `provider` means all providers. */
function isOf(name: string, asked: string): boolean {
  return name === asked || name.startsWith(`${asked}:`);
}

function positive(text: string, flag: string): number {
  const number = Number(text);
  return number > 0 ? number : usage(`"${text}" is not valid for ${flag}. Use a number above 0.`);
}

function usage(complaint: string): never {
  console.error(`${complaint}\n\nnpm run fuzz [-- NAME...] [--minutes N] [--runs N] [--seed S]\n`);
  console.error(`parsers: ${TARGETS.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}
