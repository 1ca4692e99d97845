import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { LocalEngine } from '../engine/local/engine.ts';
import type { Engine, Journal, JournalRecord } from '../engine/types.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { subjectOfRecord } from '../projections/account-subject.ts';
import { ReadModel } from '../projections/read-model.ts';
import { Replay } from '../projections/replay.ts';
import { Store } from '../store/store.ts';
import { version } from '../version.ts';
import { applyFlags, type Config, loadConfig } from './config.ts';
import { quoteValue } from './config-problem.ts';
import { createEngine } from './create-engine.ts';
import { assertDaemonStopped } from './data-check.ts';
import { recordProblem } from './record-schemas.ts';
import { swapDataFolders } from './swap-data-folders.ts';

export interface MigrationReport {
  readonly records: number;
  /** Of all records as JSON, one per line, hex: equal for source and copy. */
  readonly sha256: string;
  readonly kept: string;
}

/** Called now and then: records so far, and in total. */
export type RecordProgressListener = (records: number, total: number) => void;

/** Concurrent appends. Their order is that of the calls, because they use one connection. */
const MAX_PENDING_APPENDS = 512;
/** Daemons announce themselves twice a second. */
const CLUSTER_LISTEN_MS = 1200;
const PROGRESS_EVERY_RECORDS = 500;
const NULL_LOGGER = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Moves the data of this home into an empty stream of a NATS cluster, or from there to this machine. The copy is compared
 * with its source by count and SHA-256 before the new data folder replaces the old one, which is kept.
 * @param to `nats://HOST,...` as in `--engine`, or `local`
 * @throws AppError DATA_LOCKED, CONFLICT if the stream has records or other daemons use it, INVALID_REQUEST, STORE_FAILED
 */
export async function migrate(
  home: HomeDirectory,
  to: string,
  onRecord: RecordProgressListener = () => {},
): Promise<MigrationReport> {
  const settings = await loadConfig(home.configFile);
  const config = to === 'local' ? settings : applyFlags(settings, { engine: to });
  if (config.engine.url === undefined) {
    throw new AppError(
      'CONFIG_INVALID',
      `${home.configFile} does not name the NATS cluster to move from. Set engine.url.`,
    );
  }
  await assertDaemonStopped(home);
  await home.ensureFolders();
  const draft = `${home.dataFolder}.migrating-${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    const moved = await (to === 'local' ? moveToLocal : moveToCluster)(home, draft, config, onRecord);
    return { ...moved, kept: await swapDataFolders(home, 'migrate', draft) };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

type JournalDigest = Omit<MigrationReport, 'kept'>;

async function moveToCluster(
  home: HomeDirectory,
  draft: string,
  config: Config,
  onRecord: RecordProgressListener,
): Promise<JournalDigest> {
  const here = await Store.inFolder(home.dataFolder);
  return await withEngine(new LocalEngine(here, new ReadModel(here)), async ({ journal }) => {
    const records = journal.head();
    if (records === 0) {
      throw new AppError(
        'INVALID_REQUEST',
        `${home.dataFolder} contains no records to move. Start the daemon with --engine to create the journal in the cluster.`,
      );
    }
    const cluster = await withEngine(await createClusterEngine(draft, config), async (engine) => {
      const before = engine.journal.head();
      if (before > 0) {
        throw new AppError(
          'CONFLICT',
          `The stream already has ${before} records; data can only be moved into an empty stream. Use another engine.prefix, or delete the stream.`,
        );
      }
      await copyJournal(journal, engine.journal, onRecord);
      return await digestJournal(engine.journal);
    });
    const own = await digestJournal(journal);
    if (own.records !== records || cluster.records !== records || cluster.sha256 !== own.sha256)
      throw migrationMismatchError();
    return own;
  });
}

async function moveToLocal(
  home: HomeDirectory,
  draft: string,
  config: Config,
  onRecord: RecordProgressListener,
): Promise<JournalDigest> {
  const cluster = await withEngine(await createClusterEngine(home.dataFolder, config), async (engine) => {
    await assertNoOtherDaemons(engine);
    const { journal } = engine;
    if (journal.head() === 0) throw new AppError('INVALID_REQUEST', 'The stream has no records. Nothing was moved.');
    await replayInto(draft, readRecords(journal, onRecord));
    return await digestJournal(journal);
  });
  const here = await Store.inFolder(draft);
  const local = await withEngine(new LocalEngine(here, new ReadModel(here)), ({ journal }) => digestJournal(journal));
  if (local.records !== cluster.records || local.sha256 !== cluster.sha256) throw migrationMismatchError();
  return local;
}

async function replayInto(folder: string, all: AsyncIterable<JournalRecord>): Promise<void> {
  const store = await Store.inFolder(folder);
  await store.open();
  try {
    const replay = new Replay(store);
    await replay.start();
    for await (const record of all) {
      const problem = recordProblem(record);
      if (problem !== undefined) {
        throw new AppError(
          'STORE_FAILED',
          `Record ${record.seq} of the stream (${quoteValue(record.kind)}) is not valid: ${problem}. Nothing was moved. Restore a backup, or remove the program that wrote it from the cluster.`,
        );
      }
      await replay.add(record);
    }
    await replay.finish();
  } finally {
    await store.close();
  }
}

/** The journal in the cluster, with its local copy in a folder. */
async function createClusterEngine(folder: string, config: Config): Promise<Engine> {
  const store = await Store.inFolder(folder);
  return createEngine({
    config: config.engine,
    store,
    readModel: new ReadModel(store),
    version: version(),
    log: NULL_LOGGER,
    recovery: {},
  });
}

async function withEngine<T>(engine: Engine, work: (engine: Engine) => Promise<T>): Promise<T> {
  await engine.start();
  try {
    return await work(engine);
  } finally {
    await engine.stop();
  }
}

async function copyJournal(from: Journal, to: Journal, onRecord: RecordProgressListener): Promise<void> {
  let underWay: Promise<void>[] = [];
  for await (const { seq, ...record } of readRecords(from, onRecord)) {
    const subject = subjectOfRecord(record);
    const appended = to.append(record, defined({ subject })).then((there) => {
      if (there.seq !== seq)
        throw new AppError(
          'CONFLICT',
          `Record ${seq} was stored as ${there.seq}: another program writes to the stream.`,
        );
    });
    appended.catch(() => {}); // awaited below
    underWay.push(appended);
    if (underWay.length < MAX_PENDING_APPENDS) continue;
    await Promise.all(underWay);
    underWay = [];
  }
  await Promise.all(underWay);
}

async function digestJournal(journal: Journal): Promise<JournalDigest> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const record of readRecords(journal)) {
    hash.update(`${JSON.stringify(record)}\n`);
    count += 1;
  }
  return { records: count, sha256: hash.digest('hex') };
}

/** The records that a journal has now. */
async function* readRecords(journal: Journal, onRecord: RecordProgressListener = () => {}) {
  const head = journal.head();
  if (head === 0) return;
  for await (const record of journal.follow(0, new AbortController().signal)) {
    yield record;
    if (record.seq % PROGRESS_EVERY_RECORDS === 0) onRecord(record.seq, head);
    if (record.seq === head) return;
  }
}

/** Records that other daemons write during the move would exist only in the cluster. */
async function assertNoOtherDaemons({ bus }: Engine): Promise<void> {
  const addresses = new Set<string>();
  const unsubscribe = bus.subscribe('daemons', (message) => {
    const { info } = message as { info?: { address?: unknown } };
    if (typeof info?.address === 'string') addresses.add(info.address);
  });
  await sleep(CLUSTER_LISTEN_MS);
  unsubscribe();
  if (addresses.size === 0) return;
  throw new AppError(
    'CONFLICT',
    `Other daemons serve this cluster: ${[...addresses].join(', ')}. Stop them first; their later writes would stay in the cluster.`,
    { data: { daemons: [...addresses] } },
  );
}

function migrationMismatchError(): AppError {
  return new AppError(
    'STORE_FAILED',
    'The copy does not match its source. The data folder here is unchanged. Delete the stream: its content is not usable.',
  );
}
