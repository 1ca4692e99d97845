// `npm run soak [-- --minutes N] [--seed S]`
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine } from '../../bench/figure.ts';
import { usageOf } from '../../bench/process.ts';
import { openHome } from '../../src/home.ts';
import { Caller } from './caller.ts';
import { crashHome, DaemonProcess } from './daemon-process.ts';
import { randomOf } from './random.ts';

interface Sample {
  readonly minute: number;
  readonly rss: number;
  readonly handles: number;
  readonly connections: number;
}

const MEMBERS = 80;
/** Of them: who stay, watch all, and post now and then. */
const STEADY = 20;
/** Who come and go at the same time. */
const CHURNERS = 20;
const POST_MS = 500;
const PASSWORD = 'correct horse';
/** Growth after the first third is held against this: caches fill at first. */
const SLOPE_MB = 1;
/** A shorter run says nothing about ten minutes. */
const LEAST_MINUTES = 10;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('npm run soak [-- --minutes N] [--seed S]');
  process.exit(2);
}
const random = randomOf(Number(values.seed));
const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;

console.log(`${machine()}\n${minutes} minutes, ${STEADY} members who stay, ${CHURNERS} at a time who come and go\n`);
const home = await crashHome({ helloMs: 5000, signInMs: 10_000, stallMs: 5000, pingMs: 10_000 });
const daemon = await DaemonProcess.start(home);
const control = await Caller.to((await openHome({ GOLDCTL_HOME: home.path })).controlSocket);
const names = Array.from({ length: MEMBERS }, (_, i) => `member-${i}`);
await control.call('account.import', { accounts: names.map((name) => ({ name, password: PASSWORD })) });

const tokens = new Map<string, string>();
for (const name of names) {
  const caller = await Caller.to(daemon.address);
  tokens.set(name, (await caller.call<{ token: string }>('account.signIn', { name, password: PASSWORD })).token);
  caller.socket.destroy();
}

/** Numbers of acknowledged posts, and what each who watches has heard. */
const posted: number[] = [];
const watchers: { readonly caller: Caller; readonly heard: Set<number>; doubled: number }[] = [];
const counts: Record<string, number> = {};
const faults: string[] = [];
let over = false;

const post = async (caller: Caller) => {
  const { post } = await caller.call<{ post: { number: number } }>('forum.post', { text: `vàng ${posted.length}` });
  posted.push(post.number);
};

async function steady(name: string): Promise<void> {
  const caller = await Caller.to(daemon.address);
  await caller.call('account.resume', { token: tokens.get(name)!, takeOver: true });
  const watcher = { caller, heard: new Set<number>(), doubled: 0 };
  caller.onEvent = (event, params) => {
    if (event === 'bye') faults.push(`${name} was told to leave: ${JSON.stringify(params)}`);
    if (event !== 'post') return;
    const { number } = (params as { post: { number: number } }).post;
    if (watcher.heard.has(number)) watcher.doubled += 1;
    watcher.heard.add(number);
  };
  watchers.push(watcher);
  await caller.call('watch', { rates: true, forum: true, members: true, files: true });
  while (!over) {
    await post(caller);
    await sleep(POST_MS * (0.5 + random()));
  }
}

/** What somebody does who is soon gone again. */
const VISITS: Readonly<Record<string, (name: string) => Promise<void>>> = {
  async 'member who looks, posts and signs off'(name) {
    const caller = await Caller.to(daemon.address);
    await caller.call('account.resume', { token: tokens.get(name)!, takeOver: true });
    await caller.call('watch', { rates: true, forum: true, members: true });
    await caller.call('rates.list');
    await caller.call('forum.read', { limit: 20 });
    await post(caller);
    await sleep(200 * random());
    caller.socket.end();
  },
  async 'member who breaks off'(name) {
    const caller = await Caller.to(daemon.address);
    await caller.call('account.resume', { token: tokens.get(name)!, takeOver: true });
    await caller.call('watch', { forum: true });
    await post(caller);
    caller.socket.resetAndDestroy();
  },
  async 'member who freezes'(name) {
    const caller = await Caller.to(daemon.address);
    await caller.call('account.resume', { token: tokens.get(name)!, takeOver: true });
    await caller.call('watch', { rates: true, forum: true, members: true });
    caller.socket.pause();
    await sleep(3000 * random());
    caller.socket.destroy();
  },
  async 'stranger with a wrong password'() {
    const caller = await Caller.to(daemon.address);
    await caller.call('account.signIn', { name: 'nobody', password: 'guess' }).catch(() => {});
    caller.socket.destroy();
  },
  async 'half-open connection'() {
    const socket = connect(Number(daemon.address.split(':').at(-1)), '127.0.0.1');
    socket.on('error', () => {});
    socket.end(); // its side is closed, and it never says a word
    await sleep(1000 * random());
    socket.destroy();
  },
  async 'half line, then a reset'() {
    const socket = connect(Number(daemon.address.split(':').at(-1)), '127.0.0.1');
    socket.on('error', () => {});
    socket.write('{"jsonrpc":"2.0","id":1,"method":"hel');
    await sleep(500 * random());
    socket.resetAndDestroy();
  },
};

async function churn(own: readonly string[]): Promise<void> {
  while (!over) {
    const kind = pick(Object.keys(VISITS));
    counts[kind] = (counts[kind] ?? 0) + 1;
    try {
      await VISITS[kind]!(pick(own));
    } catch (thrown) {
      faults.push(`${kind}: ${(thrown as Error).message}`);
    }
    await sleep(100 * random());
  }
}

const samples: Sample[] = [];
async function sample(minute: number): Promise<void> {
  const [{ rss }, { connections }, handles] = await Promise.all([
    usageOf(daemon.pid),
    control.call<{ connections: number }>('admin.status'),
    readdir(`/proc/${daemon.pid}/fd`).then(
      (all) => all.length,
      () => 0,
    ),
  ]);
  samples.push({ minute, rss, handles, connections });
  const visits = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(
    `  ${minute.toFixed(1).padStart(5)} min  ${(rss / 1e6).toFixed(1).padStart(6)} MB  ${`${handles}`.padStart(4)} handles  ` +
      `${`${connections}`.padStart(3)} connections  ${`${posted.length}`.padStart(7)} posts  ${`${visits}`.padStart(7)} visits`,
  );
}

await sample(0);
const begun = Date.now();
const each = (MEMBERS - STEADY) / CHURNERS;
const work = [
  ...names.slice(0, STEADY).map(steady),
  // Everybody has names of his own: nobody takes over from another one.
  ...Array.from({ length: CHURNERS }, (_, i) => churn(names.slice(STEADY + i * each, STEADY + (i + 1) * each))),
].map((done) => done.catch((thrown) => void faults.push((thrown as Error).message)));
const passed = () => (Date.now() - begun) / 60_000;
while (passed() < minutes) {
  await sleep(Math.min(60_000, minutes * 6000, Math.max(1, (minutes - passed()) * 60_000)));
  await sample(passed());
}
over = true;
await Promise.all(work);

/** Until everybody heard everything, or half a minute passed without. */
const wanted = new Set(posted);
const missing = () =>
  watchers.reduce((sum, { heard }) => sum + [...wanted].filter((number) => !heard.has(number)).length, 0);
/** The first that all of them heard: they did not begin at the same moment. */
const from = Math.max(0, ...watchers.map(({ heard }) => [...heard][0] ?? 0));
for (const number of posted) if (number < from) wanted.delete(number);
for (let tries = 0; missing() > 0 && tries < 30; tries++) await sleep(1000);
const lost = missing();
const doubled = watchers.reduce((sum, watcher) => sum + watcher.doubled, 0);
for (const { caller } of watchers) caller.socket.destroy();
for (let tries = 0; tries < 30; tries++) {
  if ((await control.call<{ connections: number }>('admin.status')).connections === 1) break;
  await sleep(1000);
}
console.log('  everybody is gone:');
await sample(passed());

const first = samples[0]!;
const last = samples.at(-1)!;
const settled = samples.slice(0, -1).filter(({ minute }) => minute >= minutes / 3);
const slope = growth(settled);
const told = minutes >= LEAST_MINUTES;
const verdicts: readonly (readonly [string, boolean])[] = [
  [
    `posts  ${posted.length} acknowledged, ${lost} lost, ${doubled} doubled by ${watchers.length} who watched`,
    lost === 0 && doubled === 0,
  ],
  [`handles  ${first.handles} at first, ${last.handles} when everybody is gone`, last.handles <= first.handles + 4],
  [`connections left  ${last.connections}`, last.connections === 1],
  [
    `memory  ${slope.toFixed(2)} MB per 10 minutes after the first third${told ? '' : `: too short to tell, ${LEAST_MINUTES} minutes are`} (bar: ${SLOPE_MB})`,
    !told || slope < SLOPE_MB,
  ],
  [
    `faults  ${faults.length}${faults.length > 0 ? `: ${[...new Set(faults)].slice(0, 5).join('; ')}` : ''}`,
    faults.length === 0,
  ],
];
console.log(
  `\n${Object.entries(counts)
    .map(([kind, count]) => `  ${count} × ${kind}`)
    .join('\n')}\n`,
);
for (const [text, good] of verdicts) console.log(`  ${good ? 'ok    ' : 'FAILED'}  ${text}`);
control.socket.destroy();
await daemon.end('SIGTERM');
await home.remove();
process.exitCode = verdicts.every(([, good]) => good) ? 0 : 1;

/** MB per 10 minutes: the line of least squares. */
function growth(of: readonly Sample[]): number {
  if (of.length < 2) return 0;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(of.map(({ minute }) => minute));
  const y = mean(of.map(({ rss }) => rss));
  const up = of.reduce((sum, { minute, rss }) => sum + (minute - x) * (rss - y), 0);
  const down = of.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
  return (up / down / 1e6) * 10;
}
