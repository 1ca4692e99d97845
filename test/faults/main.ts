// `npm run faults [-- PART...] [--rounds N] [--seed S] [--seconds N] [--only F2,F7]`
import { parseArgs } from 'node:util';
import { machine, ms, quantile } from '../../bench/figure.ts';
import { crash } from './crash.ts';
import { crashHome, DaemonProcess } from './daemon-process.ts';
import { crowd, loris } from './loris.ts';
import { randomOf } from './random.ts';
import {
  type Bars,
  CLIENT_FAULTS,
  FAULTS,
  type FaultName,
  missed,
  type StrangerFigures,
  skipReason,
  strangers,
} from './strangers.ts';

const PARTS: Readonly<Record<string, () => Promise<boolean>>> = {
  crash: crashPart,
  loris: lorisPart,
  strangers: strangersPart,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    only: { type: 'string' },
  },
});
const rounds = whole(values.rounds, '--rounds');
const seconds = whole(values.seconds, '--seconds');
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : whole(values.seed, '--seed');
const names = Object.keys(FAULTS) as FaultName[];
const only = values.only?.split(',') ?? names;
const noFault = only.find((name) => !Object.hasOwn(FAULTS, name));
if (noFault !== undefined) usage(`"${noFault}" is not a fault. --only accepts ${names.join(',')}.`);
const unknown = positionals.find((part) => !Object.hasOwn(PARTS, part));
if (unknown !== undefined) usage(`"${unknown}" is not a part.`);

console.log(`${machine()}\n`);
let good = true;
for (const [name, part] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  good = (await part()) && good;
}
process.exitCode = good ? 0 : 1;

/** A daemon that is killed repeatedly by SIGKILL under load. */
async function crashPart(): Promise<boolean> {
  console.log(`crash: ${rounds} rounds of kill -9, seed ${seed}`);
  const begun = Date.now();
  const figures = await crash({
    rounds,
    random: randomOf(seed),
    onRound: (round, { broken }) => {
      if (round % 10 === 0)
        console.log(`  ${round} rounds, ${Math.round((Date.now() - begun) / 1000)} s, ${broken.length} broken`);
    },
  });
  const kinds = Object.entries(figures.acknowledged).map(([kind, count]) => `${kind} ${count}`);
  const all = Object.values(figures.acknowledged).reduce((sum, count) => sum + count, 0);
  console.log(`  acknowledged writes  ${all} (${kinds.join(', ')})`);
  console.log(`  pending at a kill  ${figures.kept} complete, ${figures.dropped} absent`);
  console.log(`  records checked  ${figures.records}`);
  console.log(
    `  start after a kill  median ${ms(quantile(figures.starts, 0.5))}, worst ${ms(Math.max(...figures.starts))}`,
  );
  for (const each of figures.broken.slice(0, 20)) console.log(`  BROKEN ${each}`);
  console.log(
    `  ${figures.broken.length === 0 ? 'nothing lost, nothing partial' : `${figures.broken.length} BROKEN`}\n`,
  );
  return figures.broken.length === 0;
}

/** Five thousand connections that never end their first line, and members who sign up meanwhile. */
async function lorisPart(): Promise<boolean> {
  const halves = 5000;
  console.log(`loris: ${halves} half-lines at the default limits, with concurrent sign-ups`);
  const home = await crashHome({ connectionsPerAddress: 64, callsPerSecond: 20, callsBurst: 60 });
  const daemon = await DaemonProcess.start(home);
  try {
    const { open, waits } = await loris(daemon.address, { halves, members: 10, from: crowd });
    const worst = Math.max(...waits);
    const good = worst < 1000 && open >= halves * 0.95;
    console.log(`  half-lines that stayed open  ${open}`);
    console.log(
      `  from connecting to the end of the sign-up  median ${ms(quantile(waits, 0.5))}, worst ${ms(worst)} (bar: 1 s)`,
    );
    console.log(`  ${good ? 'met' : 'MISSED'}\n`);
    return good;
  } finally {
    await daemon.end('SIGTERM');
    await home.remove();
  }
}

/** Attacks by strangers, members and sources, and the latency of a member and of newcomers meanwhile. */
async function strangersPart(): Promise<boolean> {
  const posts = Math.min(66_000, 2200 * seconds);
  console.log(`strangers: ${seconds} s each, default limits; F5 and F13 with a forum of ${posts} posts in 500 topics`);
  let all = true;
  for (const name of names.filter((each) => only.includes(each))) {
    const fault = FAULTS[name];
    const reason = skipReason(name);
    if (reason !== undefined) {
      console.log(`  ${name}  ${fault.what}: skipped: ${reason}`);
      continue;
    }
    const figures = await strangers(name, { seconds, posts: 'forum' in fault ? posts : 500 });
    const wrong = missed(name, figures);
    all = all && wrong.length === 0;
    console.log(`  ${name}  ${fault.what}; bars: ${barsText(name)}`);
    console.log(`    ${figuresText(figures)}  ${wrong.length === 0 ? 'met' : 'MISSED'}`);
    for (const each of wrong) console.log(`    MISSED: ${each}`);
  }
  for (const [name, { what, test }] of Object.entries(CLIENT_FAULTS)) {
    console.log(`  ${name}  ${what}: affects only a client, tested by ${test}`);
  }
  console.log('');
  return all;
}

function barsText(name: FaultName): string {
  const { worst, p99, join, megabytes }: Bars = FAULTS[name].bars;
  const bars = [`call ${worst} ms`];
  if (p99 !== undefined) bars.push(`p99 ${p99} ms`);
  if (join !== undefined) bars.push(`sign-up and sign-in ${join} ms`);
  if (megabytes !== undefined) bars.push(`${megabytes} MB`);
  return bars.join(', ');
}

function figuresText({ attack, ...figures }: StrangerFigures): string {
  const { worst, p99, calls, signUp, signIn, megabytes, journal, log, after } = figures;
  const counts = Object.entries({ ...attack.done, ...attack.breaches }).map(([what, times]) => `${what} ${times}`);
  const perSecond = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB/s`;
  return [
    `call worst ${ms(worst)}, p99 ${ms(p99)} of ${calls}`,
    `sign-up ${ms(signUp)}, sign-in ${ms(signIn)}`,
    `${megabytes} MB`,
    `journal ${perSecond(journal)}, log ${perSecond(log)}`,
    `2 s after: ${ms(after)}`,
    counts.join(', '),
  ].join('; ');
}

function whole(text: string, flag: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0
    ? number
    : usage(`"${text}" is not valid for ${flag}. Use a whole number from 1.`);
}

function usage(complaint: string): never {
  console.error(
    `${complaint}\n\nnpm run faults [-- PART...] [--rounds N] [--seed S] [--seconds N] [--only F2,F7]\nparts: ${Object.keys(PARTS).join(', ')}`,
  );
  process.exit(2);
}
