// `npm run bench -- GROUP [figure...] [--short]`
import { CLUSTER } from './cluster/index.ts';
import { CORE } from './core/index.ts';
import { type Figure, FULL, machine, type Row, SHORT, table } from './figure.ts';
import { PEER } from './peer/index.ts';
import { ROOM } from './room/index.ts';

const GROUPS: Readonly<Record<string, readonly Figure[]>> = { core: CORE, room: ROOM, peer: PEER, cluster: CLUSTER };

function usage(complaint?: string): never {
  if (complaint !== undefined) console.error(`${complaint}\n`);
  console.error('npm run bench -- GROUP [FIGURE...] [--short]\n');
  for (const [group, figures] of Object.entries(GROUPS)) {
    console.error(`${group}:`);
    for (const { name, summary } of figures) console.error(`  ${name.padEnd(12)}${summary}`);
  }
  process.exit(2);
}

const flags = process.argv.slice(2).filter((word) => word.startsWith('-'));
const [group, ...names] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const wrong = flags.find((flag) => flag !== '--short');
if (wrong !== undefined) usage(`There is no flag ${wrong}.`);
if (group === undefined) usage();
const figures = Object.hasOwn(GROUPS, group) ? GROUPS[group]! : usage(`There is no group "${group}".`);
const unknown = names.find((name) => !figures.some((figure) => figure.name === name));
if (unknown !== undefined) usage(`There is no figure "${unknown}" in ${group}.`);

const effort = flags.includes('--short') ? SHORT : FULL;
console.log(`${machine()}\nmedians of ${effort.runs} runs of ${effort.seconds} s\n`);
for (const figure of figures) {
  if (names.length > 0 && !names.includes(figure.name)) continue;
  console.log(`${figure.name}: ${figure.summary}`);
  // Rows are printed when they are done: some take minutes.
  const show = (row: Row) => console.error(table([row]));
  console.log(`${table(await figure.measure(effort, show))}\n`);
}
