import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import type { Engine, Journal, JournalRecord } from '../engine/contract.ts';
import { LocalEngine } from '../engine/local/engine.ts';
import type { Home } from '../home.ts';
import { Store } from '../store/store.ts';
import { version } from '../version.ts';
import { Replay } from '../view/replay.ts';
import { subjectOf } from '../view/subject.ts';
import { View } from '../view/view.ts';
import { changePlaces } from './change-places.ts';
import { refuseRunning } from './check.ts';
import { applyFlags, type Config, loadConfig } from './config.ts';
import { createEngine } from './engine.ts';
import { show } from './problem.ts';
import { recordProblem } from './record-schemas.ts';

export interface Migrated {
  readonly records: number;
  /** Of all records as JSON, one a line, hex: the same here and there. */
  readonly sha256: string;
  /** Where the data folder of before is kept. */
  readonly kept: string;
}

/** Told now and then: records so far, and in all. */
export type OnRecord = (records: number, total: number) => void;

/** Appends on their way at a time: the order is that of the calls, on one connection. */
const WINDOW = 512;
/** Daemons say twice a second that they are alive. */
const LISTEN_MS = 1200;
const TOLD_EVERY = 500;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Moves the room of this home: into an empty stream of a NATS cluster, or from there to this machine. Every record
 * keeps its place. What was written is read back and compared with what it was made of, in number and by SHA-256,
 * before the new data folder takes the place of the old one, which is kept.
 * @param to `nats://HOST,...` as `--engine` has it, or `local`
 * @throws Failure DATA_LOCKED while a daemon runs here, CONFLICT for a stream with records and for a room that other
 * daemons serve, INVALID_REQUEST when there is nothing to move, STORE_FAILED, NOT_AVAILABLE, CONFIG_INVALID, USAGE
 */
export async function migrate(home: Home, to: string, onRecord: OnRecord = () => {}): Promise<Migrated> {
  const settings = await loadConfig(home.configFile);
  const config = to === 'local' ? settings : applyFlags(settings, { engine: to });
  if (config.engine.url === undefined) {
    throw new Failure(
      'CONFIG_INVALID',
      `${home.configFile} names no NATS cluster from which the room is to be fetched: write engine.url.`,
    );
  }
  await refuseRunning(home);
  await home.prepare();
  const draft = `${home.dataFolder}.migrating-${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    const moved = await (to === 'local' ? fetched : sent)(home, draft, config, onRecord);
    return { ...moved, kept: await changePlaces(home, 'migrate', draft) };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type Moved = Omit<Migrated, 'kept'>;

async function sent(home: Home, draft: string, config: Config, onRecord: OnRecord): Promise<Moved> {
  const here = await Store.at(home.dataFolder);
  return await running(new LocalEngine(here, new View(here)), async ({ journal }) => {
    const records = journal.head();
    if (records === 0) {
      throw new Failure(
        'INVALID_REQUEST',
        `There is no room in ${home.dataFolder} yet. Start the daemon with --engine: it begins one in the cluster.`,
      );
    }
    const cluster = await running(await clusterOf(draft, config), async (engine) => {
      const before = engine.journal.head();
      if (before > 0) {
        throw new Failure(
          'CONFLICT',
          `The stream has ${before} records already, and a room is moved into an empty one only. Name another engine.prefix, or remove the stream.`,
        );
      }
      await copy(journal, engine.journal, onRecord);
      return await digest(engine.journal);
    });
    const own = await digest(journal);
    if (own.records !== records || cluster.records !== records || cluster.sha256 !== own.sha256) throw differs();
    return own;
  });
}

async function fetched(home: Home, draft: string, config: Config, onRecord: OnRecord): Promise<Moved> {
  const cluster = await running(await clusterOf(home.dataFolder, config), async (engine) => {
    await refuseOthers(engine);
    const { journal } = engine;
    if (journal.head() === 0)
      throw new Failure('INVALID_REQUEST', 'There is no record in the stream: nothing is moved.');
    await replayed(draft, records(journal, onRecord));
    return await digest(journal);
  });
  const here = await Store.at(draft);
  const local = await running(new LocalEngine(here, new View(here)), ({ journal }) => digest(journal));
  if (local.records !== cluster.records || local.sha256 !== cluster.sha256) throw differs();
  return local;
}

async function replayed(folder: string, all: AsyncIterable<JournalRecord>): Promise<void> {
  const store = await Store.at(folder);
  await store.open();
  try {
    const replay = new Replay(store);
    await replay.start();
    for await (const record of all) {
      const problem = recordProblem(record);
      if (problem !== undefined) {
        throw new Failure(
          'STORE_FAILED',
          `Record ${record.seq} of the stream (${show(record.kind)}) is refused: ${problem}. Nothing was moved; put a backup back, or remove who wrote it from the cluster.`,
        );
      }
      await replay.add(record);
    }
    await replay.end();
  } finally {
    await store.close();
  }
}

/** The journal in the cluster, with its copy in a folder. */
async function clusterOf(folder: string, config: Config): Promise<Engine> {
  const store = await Store.at(folder);
  return createEngine({
    config: config.engine,
    store,
    view: new View(store),
    version: version(),
    log: SILENT,
    recovery: {},
  });
}

async function running<T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> {
  await engine.start();
  try {
    return await work(engine);
  } finally {
    await engine.stop();
  }
}

async function copy(from: Journal, to: Journal, onRecord: OnRecord): Promise<void> {
  let underWay: Promise<void>[] = [];
  for await (const { seq, ...record } of records(from, onRecord)) {
    const subject = subjectOf(record);
    const appended = to.append(record, subject === undefined ? {} : { subject }).then((there) => {
      if (there.seq !== seq)
        throw new Failure('CONFLICT', `Record ${seq} came to place ${there.seq}: somebody else writes there.`);
    });
    appended.catch(() => {}); // awaited below
    underWay.push(appended);
    if (underWay.length < WINDOW) continue;
    await Promise.all(underWay);
    underWay = [];
  }
  await Promise.all(underWay);
}

async function digest(journal: Journal): Promise<Moved> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const record of records(journal)) {
    hash.update(`${JSON.stringify(record)}\n`);
    count += 1;
  }
  return { records: count, sha256: hash.digest('hex') };
}

/** Those that a journal has now. */
async function* records(journal: Journal, onRecord: OnRecord = () => {}) {
  const head = journal.head();
  if (head === 0) return;
  for await (const record of journal.follow(0, new AbortController().signal)) {
    yield record;
    if (record.seq % TOLD_EVERY === 0) onRecord(record.seq, head);
    if (record.seq === head) return;
  }
}

/** What they went on writing would be in the cluster only. */
async function refuseOthers({ bus }: Engine): Promise<void> {
  const addresses = new Set<string>();
  const unsubscribe = bus.subscribe('daemons', (message) => {
    const { info } = message as { info?: { address?: unknown } };
    if (typeof info?.address === 'string') addresses.add(info.address);
  });
  await sleep(LISTEN_MS);
  unsubscribe();
  if (addresses.size === 0) return;
  throw new Failure(
    'CONFLICT',
    `Other daemons serve this room: ${[...addresses].join(', ')}. Stop them first; what they write would stay in the cluster.`,
    { data: { daemons: [...addresses] } },
  );
}

function differs(): Failure {
  return new Failure(
    'STORE_FAILED',
    'What was written is not what it was made of. The data folder here is as it was; what is in the stream is of no use: remove it.',
  );
}
