import { join } from 'node:path';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { JournalRecord } from '../../src/engine/types.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { keys, prefixRange } from '../../src/store/keys.ts';
import { Store } from '../../src/store/store.ts';
import { memoryStore } from '../store/temporary.ts';
import { Caller, Refused } from './caller.ts';
import { type CrashHome, crashHome, DaemonProcess } from './daemon-process.ts';

/** The expected content of an item: its last acknowledged state, and the state requested without a reply. */
interface Thing {
  sure: string | undefined;
  maybe?: string;
}

export interface CrashFigures {
  rounds: number;
  /** Acknowledged writes by kind. */
  readonly acknowledged: Record<string, number>;
  /** Pending writes at a kill: those that are complete, and those that are absent. */
  kept: number;
  dropped: number;
  records: number;
  /** Duration of each start after a kill, in ms. */
  readonly starts: number[];
  /** Violations, by round. */
  readonly broken: string[];
}

export interface CrashOptions {
  readonly rounds: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onRound?: (round: number, figures: CrashFigures) => void;
}

const MEMBERS = 8;
const PASSWORD = 'correct horse';
/** Rounds per home: a check reads its whole journal. */
const ROUNDS_A_HOME = 10;
/** Maximum of acknowledged writes before a kill. */
const MOST_WRITES = 500;
/** Maximum delay of the kill, so that it hits a later batch. */
const LATER_MS = 25;
const KEY = 'c'.repeat(64);

/**
 * Kills a daemon by SIGKILL while members post, edit, delete and list files, others sign up and quotes are imported.
 * After each kill it compares the data with a model of the acknowledged writes.
 */
export async function crash({ rounds, random, onRound }: CrashOptions): Promise<CrashFigures> {
  const figures: CrashFigures = {
    rounds: 0,
    acknowledged: {},
    kept: 0,
    dropped: 0,
    records: 0,
    starts: [],
    broken: [],
  };
  let home: CrashHome | undefined;
  try {
    let model = new Model(figures);
    for (let round = 0; round < rounds; round++) {
      if (round % ROUNDS_A_HOME === 0) {
        await home?.remove();
        home = await crashHome();
        model = new Model(figures);
      }
      await killed(home!, model, `r${round}`, random, figures);
      const before = figures.broken.length;
      await model.check(home!);
      for (let i = before; i < figures.broken.length; i++)
        figures.broken[i] = `round ${round + 1}: ${figures.broken[i]}`;
      figures.rounds += 1;
      onRound?.(figures.rounds, figures);
    }
    return figures;
  } finally {
    await home?.remove();
  }
}

async function killed(
  home: CrashHome,
  model: Model,
  run: string,
  random: () => number,
  figures: CrashFigures,
): Promise<void> {
  const begun = performance.now();
  const daemon = await DaemonProcess.start(home);
  figures.starts.push(performance.now() - begun);
  const { controlSocket } = await resolveHome({ GOLDCTL_HOME: home.path });
  let left = 1 + Math.floor(random() * MOST_WRITES);
  let kill: NodeJS.Timeout | undefined;
  model.onAcknowledged = () => {
    left -= 1;
    if (left <= 0) kill ??= setTimeout(() => void daemon.end('SIGKILL'), random() * LATER_MS);
  };
  const work = [
    owner(await Caller.to(controlSocket), model, run),
    strangers(daemon.address, model, run),
    ...Array.from({ length: MEMBERS }, (_, i) => member(daemon.address, model, `member-${i}`, run, random)),
  ];
  for (const ended of await Promise.allSettled(work)) {
    // All of them run until their connection ends.
    if (ended.status === 'rejected' && ended.reason instanceof Refused) figures.broken.push(ended.reason.message);
  }
  clearTimeout(kill);
  await daemon.end('SIGKILL');
}

/** Imports quotes, batch by batch. */
async function owner(caller: Caller, model: Model, run: string): Promise<never> {
  for (let batch = 0; ; batch++) {
    const at = Date.UTC(2020, 0, 1) + model.imports++ * 60_000;
    const rows = Array.from({ length: 20 }, (_, i) => [at + i * 1000, 80_000_000 + i, 82_000_000 + batch]);
    await model.does('import', `import/${at}`, JSON.stringify(rows), () =>
      caller.call('rates.import', { instrument: 'SJC', company: 'SJC', brand: run, rows }),
    );
  }
}

/** Signs accounts up, one after another. */
async function strangers(address: string, model: Model, run: string): Promise<never> {
  for (let i = 0; ; i++) {
    const caller = await Caller.to(address);
    const name = `${run}-${i}`;
    await model.does('sign-up', `account/${name}`, 'there', async () => {
      const { token } = await caller.call<{ token: string }>('account.signUp', { name, password: PASSWORD });
      model.tokens.set(name, token);
    });
    caller.socket.destroy();
  }
}

async function member(address: string, model: Model, name: string, run: string, random: () => number): Promise<never> {
  const caller = await Caller.to(address);
  const token = model.tokens.get(name);
  if (token) await caller.call('account.resume', { token });
  else {
    await model.does('sign-up', `account/${name}`, 'there', async () => {
      const method = model.has(`account/${name}`) ? 'account.signIn' : 'account.signUp';
      const entered = await caller.call<{ token: string }>(method, { name, password: PASSWORD });
      model.tokens.set(name, entered.token);
    });
  }
  const own: { key: string; number: number }[] = [];
  for (let turn = 0; ; turn++) {
    const chance = random();
    const text = `${run}/${turn}: ${'vàng '.repeat(1 + Math.floor(random() * 60))}`.trim();
    const post = own[Math.floor(random() * own.length)];
    if (chance < 0.2 && post) {
      await model.does('edit', post.key, text, () => caller.call('forum.edit', { number: post.number, text }));
    } else if (chance < 0.3 && post) {
      own.splice(own.indexOf(post), 1);
      await model.does('delete', post.key, '', () => caller.call('forum.delete', { number: post.number }));
    } else if (chance < 0.45) {
      const file = `file-${Math.floor(random() * 5)}.bin`;
      const key = `listing/${name}/${file}`;
      if (random() < 0.3 && model.has(key)) {
        await model.does('unpublish', key, '', () => caller.call('files.unpublish', { name: file }));
      } else {
        const size = Math.floor(random() * 1e9);
        const listing = { name: file, size, hash: KEY, modified: 1, key: KEY };
        await model.does('publish', key, `${size}`, () => caller.call('files.publish', listing));
      }
    } else {
      const clientId = `${run}-${turn}`;
      const key = `post/${name}/${clientId}`;
      const { post } = await model.does('post', key, text, () =>
        caller.call<{ post: { number: number } }>('forum.post', { text, clientId }),
      );
      own.push({ key, number: post.number });
    }
  }
}

/** What must exist, and what may. A deleted post and an unpublished file have the state ''. */
class Model {
  readonly tokens = new Map<string, string>();
  imports = 0;
  onAcknowledged: () => void = () => {};
  readonly #figures: CrashFigures;
  readonly #things = new Map<string, Thing>();

  constructor(figures: CrashFigures) {
    this.#figures = figures;
  }

  has(key: string): boolean {
    return (this.#things.get(key)?.sure ?? '') !== '';
  }

  /** Sets the state of an item by a call. Each item has one writer. */
  async does<T>(kind: string, key: string, state: string, call: () => Promise<T>): Promise<T> {
    const thing = this.#things.get(key) ?? { sure: undefined };
    this.#things.set(key, thing);
    thing.maybe = state;
    const answer = await call();
    thing.sure = state;
    delete thing.maybe;
    this.#figures.acknowledged[kind] = (this.#figures.acknowledged[kind] ?? 0) + 1;
    this.onAcknowledged();
    return answer;
  }

  async check(home: CrashHome): Promise<void> {
    const { broken } = this.#figures;
    const store = await Store.inFolder(join(home.path, 'data'));
    const view = new ReadModel(store);
    const engine = new LocalEngine(store, view);
    await engine.start(); // refuses a journal with a gap
    try {
      const found = new Map<string, string>();
      let seq = 0;
      for await (const [key, text] of store.range(prefixRange('j/'))) {
        const record = JSON.parse(text) as JournalRecord;
        if (key !== keys.record(++seq) || record.seq !== seq) broken.push(`record ${record.seq} stands at ${key}`);
        const key2 = thingOf(record);
        if (key2 === undefined) continue;
        if (found.has(key2) && record.kind !== 'files.published') broken.push(`${key2} is there twice`);
        found.set(key2, record.kind === 'rates.imported' ? JSON.stringify(record.rows) : 'there');
      }
      if (engine.journal.head() !== seq) broken.push(`the head is ${engine.journal.head()}, not ${seq}`);
      this.#figures.records += seq;
      for (const key of found.keys()) if (!this.#things.has(key)) broken.push(`${key} was never asked for`);
      for (const [key, thing] of this.#things) {
        const state = stateOf(view, key, found);
        const { sure, maybe } = thing;
        if (maybe !== undefined) {
          if (state === maybe) this.#figures.kept += 1;
          else this.#figures.dropped += 1;
        }
        if (state !== sure && state !== maybe) {
          broken.push(`${key} is ${state ?? 'not there'}; acknowledged was ${sure}, asked for was ${maybe}`);
        }
        thing.sure = state;
        delete thing.maybe;
      }
      const fresh = memoryStore();
      await fresh.open();
      await rebuildStore(store, fresh);
      // The search index follows the journal asynchronously.
      const differing = (await differingKeys(store, fresh)).filter(
        (key) => !key.startsWith('w/') && key !== keys.indexedSeq,
      );
      if (differing.length > 0) broken.push(`the view is not what the journal makes: ${differing.slice(0, 5)}`);
      await fresh.close();
    } finally {
      await engine.stop();
    }
  }
}

/** The item that a record creates; undefined if it changes one. */
function thingOf(record: JournalRecord): string | undefined {
  switch (record.kind) {
    case 'forum.posted':
      return `post/${record.member}/${record.clientId}`;
    case 'files.published':
      return `listing/${record.member}/${record.name}`;
    case 'account.created':
      return `account/${record.name}`;
    case 'rates.imported':
      return `import/${(record.rows as number[][])[0]![0]}`;
    default:
      return undefined;
  }
}

function stateOf(view: ReadModel, key: string, found: ReadonlyMap<string, string>): string | undefined {
  const [kind, name, rest] = key.split('/') as [string, string, string];
  switch (kind) {
    case 'post': {
      const post = view.posts.byClientId(name, rest);
      return post && (post.text ?? '');
    }
    case 'listing': {
      const listing = view.listings.get(name, rest);
      return listing ? `${listing.size}` : found.has(key) ? '' : undefined;
    }
    case 'account':
      return view.accounts.byName(name) && 'there';
    default:
      return found.get(key);
  }
}
