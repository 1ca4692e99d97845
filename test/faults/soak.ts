// `npm run soak [-- --minutes N] [--restart MINUTES] [--seed S]`
import { readdir, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine } from '../../bench/figure.ts';
import { usageOf } from '../../bench/process.ts';
import { type DaemonStatus, restartDaemon, spawnDaemon, stopDaemon } from '../../src/daemon/lifecycle.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { freePort } from '../ports.ts';
import { Caller, Refused } from './caller.ts';
import { crashHome } from './daemon-process.ts';
import { randomOf } from './random.ts';
import { type Growth, overall, type Point, withinLives } from './slope.ts';
import { FlakySource } from './sources.ts';

const MEMBERS = 80;
/** Members who stay, watch everything, and post now and then. */
const STEADY = 20;
/** Concurrent members who come and go. */
const CHURNERS = 20;
/** Members who request much and never read: 5 % of all. */
const FROZEN = 2;
const SOURCES = 3;
const POST_MS = 500;
const PASSWORD = 'correct horse';
/** The limit of growth. */
const SLOPE_MB = 1;
/** A shorter run does not show growth in ten minutes. */
const LEAST_MINUTES = 10;
/** Start of each daemon that is excluded when runs are compared. */
const WARM_MINUTES = 2;
/** By then the store's caches are full, and hot code is compiled: later growth is a leak. */
const FILLED_MINUTES = 5;
/** A shorter run does not show growth within runs. */
const LIFE_MINUTES = 15;
const SAMPLE_MS = 5000;
/** Time until everybody must be reconnected after a restart. */
const BACK_MS = 2000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    restart: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const minutes = Number(values.minutes);
// A short run has one restart as well, in its middle. 0: none.
const restartMinutes = Math.min(Number(values.restart), minutes / 2);
if (!(minutes > 0 && restartMinutes >= 0)) {
  console.error('npm run soak [-- --minutes N] [--restart MINUTES] [--seed S]');
  process.exit(2);
}
const random = randomOf(Number(values.seed));
const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;

console.log(
  `${machine()}\n${minutes} minutes, ${STEADY} members who stay, ${CHURNERS} concurrent members who come and go, ${FROZEN} who do not read, ` +
    `${SOURCES} sources with outages, ${restartMinutes === 0 ? 'no restart' : `a restart every ${restartMinutes} minutes`}\n`,
);
const sources = Array.from({ length: SOURCES }, (_, i) => new FlakySource(`flaky-${i}`, random));
const providers: Record<string, object> = {};
for (const source of sources) providers[source.id] = await source.start();
const folder = await crashHome(
  { helloMs: 5000, signInMs: 10_000, stallMs: 5000, pingMs: 10_000 },
  { port: await freePort(), providers },
);
const home = await resolveHome({ GOLDCTL_HOME: folder.path });
let { status } = await spawnDaemon(home, {});
const address = status.listening[0]!.address;
const port = Number(address.split(':').at(-1));

const names = Array.from({ length: MEMBERS }, (_, i) => `member-${i}`);
const tokens = new Map<string, string>();
await control(async (caller) => {
  await caller.call('account.import', { accounts: names.map((name) => ({ name, password: PASSWORD })) });
});
for (const name of names) {
  const caller = await Caller.to(address);
  tokens.set(name, (await caller.call<{ token: string }>('account.signIn', { name, password: PASSWORD })).token);
  caller.socket.destroy();
}

/** Numbers of acknowledged posts, and what each watcher has received. */
const posted: number[] = [];
const counts: Record<string, number> = {};
const faults: string[] = [];
let over = false;
let quotes = 0;

/** A restart: during it and a moment longer, connections end and are refused. */
interface Restart {
  readonly begunAt: number;
  endedAt: number | undefined;
}
const restarts: Restart[] = [];
const nearRestart = (at: number) =>
  restarts.some(({ begunAt, endedAt }) => at >= begunAt && (endedAt === undefined || at < endedAt + BACK_MS));

/** A member who stays: reconnects after a loss, resumes events, and posts again once what was not acknowledged. */
class Steady {
  readonly heard = new Set<number>();
  doubled = 0;
  /** Duration of each disconnection. */
  readonly away: number[] = [];
  readonly #name: string;
  #caller: Caller | undefined;
  #seq: number | undefined;
  #sent = 0;

  constructor(name: string) {
    this.#name = name;
  }

  async stay(): Promise<void> {
    await this.#come();
    while (!over) {
      const clientId = `${this.#name}-${++this.#sent}`;
      await this.#post({ text: `vàng ${clientId}`, clientId });
      await sleep(POST_MS * (0.5 + random()));
    }
  }

  leave(): void {
    this.#caller?.socket.destroy();
  }

  async #post(post: { text: string; clientId: string }): Promise<void> {
    for (;;) {
      try {
        const { post: made } = await this.#caller!.call<{ post: { number: number } }>('forum.post', post);
        posted.push(made.number);
        return;
      } catch (thrown) {
        if (thrown instanceof Refused && thrown.code !== 503) throw thrown;
        await this.#comeBack();
      }
    }
  }

  async #comeBack(): Promise<void> {
    const lost = Date.now();
    if (!nearRestart(lost)) faults.push(`${this.#name} lost his connection`);
    for (;;) {
      try {
        await this.#come();
        this.away.push(Date.now() - lost);
        return;
      } catch (thrown) {
        if (!nearRestart(Date.now())) throw thrown;
        await sleep(50);
      }
    }
  }

  async #come(): Promise<void> {
    const caller = await Caller.to(address);
    caller.onEvent = (event, params) => this.#hear(event, params as Heard);
    this.#caller = caller;
    await caller.call('account.resume', { token: tokens.get(this.#name)!, takeOver: true });
    await this.#watch();
  }

  async #watch(): Promise<void> {
    const since = this.#seq === undefined ? {} : { sinceSeq: this.#seq };
    const { seq } = await this.#caller!.call<{ seq: number }>('watch', { ...ALL, ...since });
    this.#seq = Math.max(seq, this.#seq ?? 0);
  }

  #hear(event: string, { post, seq, resync }: Heard): void {
    if (event === 'quote') quotes += 1;
    if (event === 'notice' && resync !== undefined) {
      this.#seq = resync;
      void this.#watch().catch(() => {});
    }
    if (event !== 'post') return;
    if (this.heard.has(post!.number)) this.doubled += 1;
    this.heard.add(post!.number);
    this.#seq = Math.max(seq!, this.#seq ?? 0);
  }
}

interface Heard {
  readonly post?: { readonly number: number };
  readonly seq?: number;
  readonly resync?: number;
}
const ALL = { rates: true, forum: true, members: true, files: true };

async function enter(name: string): Promise<Caller> {
  const caller = await Caller.to(address);
  await caller.call('account.resume', { token: tokens.get(name)!, takeOver: true });
  return caller;
}

async function post(caller: Caller): Promise<void> {
  const { post } = await caller.call<{ post: { number: number } }>('forum.post', { text: `vàng ${posted.length}` });
  posted.push(post.number);
}

/** The actions of a member who soon leaves. */
const VISITS: Readonly<Record<string, (name: string) => Promise<void>>> = {
  async 'member who looks, posts and signs off'(name) {
    const caller = await enter(name);
    await caller.call('watch', { rates: true, forum: true, members: true });
    await caller.call('rates.list');
    await caller.call('forum.read', { limit: 20 });
    await post(caller);
    await sleep(200 * random());
    caller.socket.end();
  },
  async 'member who breaks off'(name) {
    const caller = await enter(name);
    await caller.call('watch', { forum: true });
    await post(caller);
    caller.socket.resetAndDestroy();
  },
  async 'member who freezes'(name) {
    const caller = await enter(name);
    await caller.call('watch', { rates: true, forum: true, members: true });
    caller.socket.pause();
    await sleep(3000 * random());
    caller.socket.destroy();
  },
  async 'stranger with a wrong password'() {
    const caller = await Caller.to(address);
    await caller.call('account.signIn', { name: 'nobody', password: 'guess' }).catch(() => {});
    caller.socket.destroy();
  },
  async 'half-open connection'() {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.end(); // its side is closed, without a goodbye
    await sleep(1000 * random());
    socket.destroy();
  },
  async 'half line, then a reset'() {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('{"jsonrpc":"2.0","id":1,"method":"hel');
    await sleep(500 * random());
    socket.resetAndDestroy();
  },
};

async function churn(own: readonly string[]): Promise<void> {
  while (!over) await visit(pick(Object.keys(VISITS)), pick(own));
}

async function visit(kind: string, name: string): Promise<void> {
  counts[kind] = (counts[kind] ?? 0) + 1;
  const begun = Date.now();
  try {
    await VISITS[kind]!(name);
  } catch (thrown) {
    if (!nearRestart(begun) && !nearRestart(Date.now())) faults.push(`${kind}: ${(thrown as Error).message}`);
  }
  await sleep(100 * random());
}

/** Requests more than the system buffers and reads nothing; reconnects once it is disconnected. */
async function freeze(name: string): Promise<void> {
  while (!over) {
    try {
      const caller = await enter(name);
      await caller.call('watch', { rates: true, forum: true, members: true });
      caller.socket.pause();
      const asked = Array.from({ length: 2000 }, () => caller.call('forum.read', { limit: 200 }).catch(() => {}));
      // A paused socket does not notice that its other end is closed, but a write does.
      while (!over && !caller.socket.destroyed) {
        await sleep(500);
        caller.socket.write('\n');
      }
      caller.socket.destroy();
      await Promise.all(asked);
      counts['reader who was dropped'] = (counts['reader who was dropped'] ?? 0) + 1;
    } catch (thrown) {
      if (!nearRestart(Date.now())) faults.push(`frozen: ${(thrown as Error).message}`);
      await sleep(100);
    }
  }
}

async function control<T>(ask: (caller: Caller) => Promise<T>): Promise<T> {
  const caller = await Caller.to(home.controlSocket);
  try {
    return await ask(caller);
  } finally {
    caller.socket.destroy();
  }
}
const connectionsNow = async () =>
  (await control((caller) => caller.call<DaemonStatus>('admin.status'))).connections - 1;

async function socketsOf(pid: number): Promise<number> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(join(`/proc/${pid}/fd`, fd)).catch(() => '')));
  return links.filter((link) => link.startsWith('socket:')).length;
}

const begun = Date.now();
const passed = () => (Date.now() - begun) / 60_000;
const points: Point[] = [];
let life = 0;
let lifeBegun = passed();
let printed = Number.NEGATIVE_INFINITY;

async function sample(print = false): Promise<void> {
  const [{ own, rss }, sockets] = await Promise.all([usageOf(status.pid), socketsOf(status.pid)]);
  const minute = passed();
  points.push({ minute, age: minute - lifeBegun, life, own });
  if (!print && minute - printed < Math.min(1, minutes / 10)) return;
  printed = minute;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1).padStart(6);
  const visits = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(
    `  ${minute.toFixed(1).padStart(5)} min  run ${life + 1}  ${megabytes(own)} MB private (${megabytes(rss)} with mapped files)  ${`${sockets}`.padStart(4)} sockets  ` +
      `${`${posted.length}`.padStart(7)} posts  ${`${visits}`.padStart(7)} visits  ${`${quotes}`.padStart(6)} quotes received`,
  );
}

async function restart(): Promise<void> {
  const one: Restart = { begunAt: Date.now(), endedAt: undefined };
  restarts.push(one);
  ({ status } = await restartDaemon(home, (signal) => void faults.push(`the daemon had to be killed with ${signal}`)));
  one.endedAt = Date.now();
  life += 1;
  lifeBegun = passed();
  console.log(`  ${passed().toFixed(1).padStart(5)} min  restarted`);
}

const socketsAtFirst = await socketsOf(status.pid);
await sample(true);
const steady = names.slice(0, STEADY).map((name) => new Steady(name));
const others = names.slice(STEADY + FROZEN);
const each = Math.floor(others.length / CHURNERS);
const work = [
  ...steady.map((one) => one.stay()),
  ...names.slice(STEADY, STEADY + FROZEN).map(freeze),
  // Every client has its own names: nobody takes over a session of another.
  ...Array.from({ length: CHURNERS }, (_, i) => churn(others.slice(i * each, (i + 1) * each))),
].map((done) => done.catch((thrown) => void faults.push((thrown as Error).message)));
let nextRestart = restartMinutes === 0 ? Number.POSITIVE_INFINITY : restartMinutes;
while (passed() < minutes) {
  await sleep(Math.max(1, Math.min(SAMPLE_MS, (minutes - passed()) * 60_000)));
  if (passed() >= nextRestart && minutes - passed() > restartMinutes / 10) {
    nextRestart += restartMinutes;
    await restart();
  } else {
    await sample();
  }
}
over = true;
for (const source of sources) source.mend();
await Promise.all(work);

/** Waits until everybody has received everything, or for half a minute without an event. */
const wanted = new Set(posted);
/** The first event that all of them received: they did not start at the same time. */
const from = Math.max(0, ...steady.map(({ heard }) => [...heard][0] ?? 0));
for (const number of posted) if (number < from) wanted.delete(number);
const missing = () =>
  steady.reduce((sum, { heard }) => sum + [...wanted].filter((number) => !heard.has(number)).length, 0);
for (let tries = 0; missing() > 0 && tries < 30; tries++) await sleep(1000);
const lost = missing();
const doubled = steady.reduce((sum, one) => sum + one.doubled, 0) + (posted.length - new Set(posted).size);
for (const one of steady) one.leave();
for (let tries = 0; tries < 30 && (await connectionsNow()) > 0; tries++) await sleep(1000);
type Health = { providers: readonly { id: string; state: string; lastError: string | null }[] };
const own = ({ id }: { id: string }) => sources.some((source) => source.id === id);
let down: string[] = [];
for (let tries = 0; tries < 20; tries++) {
  const { providers: all } = await control((caller) => caller.call<Health>('rates.providers'));
  down = all.filter((one) => own(one) && one.state !== 'ok').map(({ id, lastError }) => `${id} (${lastError})`);
  if (down.length === 0) break;
  await sleep(1000);
}
const left = await connectionsNow();
console.log('  after all clients left:');
await sample(true);
const socketsAtLast = await socketsOf(status.pid);

const after = (warmUp: number) => points.filter(({ age }) => age >= Math.min(warmUp, minutes / 4)).slice(0, -1);
const all = overall(after(WARM_MINUTES));
const told = minutes >= LEAST_MINUTES;
/** A run that ends while its caches still fill does not show a leak. */
const lasts = restartMinutes === 0 ? minutes : restartMinutes;
const within = lasts >= LIFE_MINUTES ? withinLives(after(FILLED_MINUTES)) : undefined;
const growth = ({ slope, error }: Growth) => `${slope.toFixed(2)} ± ${error.toFixed(2)} MB per 10 minutes`;
const away = Math.max(0, ...steady.map((one) => Math.max(0, ...one.away)));
const outages = sources.flatMap((source) => Object.entries(source.outages).map(([how, n]) => `${n} × ${how}`));
const verdicts: readonly (readonly [string, boolean])[] = [
  [
    `posts  ${posted.length} acknowledged, ${lost} lost, ${doubled} duplicated for ${steady.length} watchers`,
    lost === 0 && doubled === 0,
  ],
  [
    `sockets  ${socketsAtFirst} at the start, ${socketsAtLast} after all clients left`,
    socketsAtLast <= socketsAtFirst + SOURCES, // each source may have a connection at either time
  ],
  [`connections left  ${left}`, left === 0],
  [
    `memory  ${growth(all)} between runs, each from minute ${WARM_MINUTES} on${within ? `, ${growth(within)} within a run from minute ${FILLED_MINUTES} on` : ''}${told ? '' : `: not judged before ${LEAST_MINUTES} minutes`} (bar: ${SLOPE_MB})`,
    !told || [all, within ?? all].every(({ slope, error }) => slope - 2 * error < SLOPE_MB),
  ],
  [
    `restarts  ${restarts.length}, longest disconnection ${away} ms (bar: ${BACK_MS})`,
    away < BACK_MS && (restarts.length > 0 || restartMinutes === 0),
  ],
  [
    `sources  ${sources.reduce((sum, { answered }) => sum + answered, 0)} responses, ${quotes} quotes received; outages: ${outages.join(', ')}${down.length > 0 ? `; still down: ${down.join(', ')}` : ''}`,
    down.length === 0 && quotes > 0,
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
await stopDaemon(home);
for (const source of sources) await source.stop();
await folder.remove();
process.exitCode = verdicts.every(([, good]) => good) ? 0 : 1;
