import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { AppError } from '../domain/app-error.ts';
import {
  type BackupHeader,
  backupCorruptError,
  parseBackupHeader,
  parseBackupRecord,
  parseBackupTrailer,
} from '../domain/backup.ts';
import { LocalEngine } from '../engine/local/engine.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { createPrivateFile } from '../private-file.ts';
import { ReadModel } from '../projections/read-model.ts';
import { Replay } from '../projections/replay.ts';
import { LineDecoder } from '../protocol/jsonrpc.ts';
import { Store } from '../store/store.ts';
import { certificatePath, parseCertificate } from './certificate.ts';
import { quoteValue } from './config-problem.ts';
import { fetchDaemonStatus } from './lifecycle.ts';
import { recordProblem } from './record-schemas.ts';

/** A record is at most the response of a provider, which is limited to 5 MiB. */
const MAX_BACKUP_LINE_BYTES = 64 * 1024 * 1024;

export interface RestoreReport {
  readonly records: number;
  readonly accounts: number;
  readonly posts: number;
  readonly instruments: number;
  readonly madeAt: number;
  readonly server: string;
  /** The backup contained the daemon's key and certificate, and they were restored. */
  readonly certificate: boolean;
}

/**
 * Restores a data folder from a backup. The new folder is verified against the checksum while reading and again after
 * storing, then moved into place as a whole: if anything fails, the home is unchanged.
 * @throws AppError BACKUP_DAMAGED, DATA_NEWER, CONFLICT for a home with data, DATA_LOCKED, INVALID_REQUEST, STORE_FAILED
 */
export async function restoreBackup(
  home: HomeDirectory,
  file: string,
  onRecord: (records: number, total: number) => void = () => {},
): Promise<RestoreReport> {
  await assertNoDaemon(home);
  await home.ensureFolders();
  await assertNoData(home);
  const draft = `${home.dataFolder}.restoring-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    const { header, sha256, figures } = await buildStore(draft, file, home, onRecord);
    await verifyStore(draft, header, sha256);
    const isNew =
      header.certificate !== undefined && (await createPrivateFile(certificatePath(home), header.certificate));
    try {
      await moveIntoPlace(draft, home);
    } catch (thrown) {
      if (isNew) await rm(certificatePath(home), { force: true });
      throw thrown;
    }
    const { madeAt, server } = header;
    return { records: header.seq, ...figures, madeAt, server, certificate: header.certificate !== undefined };
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new AppError('STORE_FAILED', `${home.dataFolder} cannot be written (${code ?? message}).`, { cause: thrown });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function assertNoDaemon(home: HomeDirectory): Promise<void> {
  try {
    await fetchDaemonStatus(home);
  } catch (thrown) {
    if (AppError.from(thrown).code === 'NO_DAEMON') return;
  }
  throw new AppError(
    'DATA_LOCKED',
    `A daemon is running in this home (${home.root}). Backups can only be restored into an empty home: set GOLDCTL_HOME, or stop the daemon and move its data away.`,
    { data: { home: home.root } },
  );
}

async function assertNoData({ dataFolder }: HomeDirectory): Promise<void> {
  if ((await readdir(dataFolder)).length === 0) return;
  throw dataExistsError(dataFolder);
}

function dataExistsError(folder: string, cause?: unknown): AppError {
  return new AppError(
    'CONFLICT',
    `${folder} already contains data. Backups can only be restored into an empty home: move the folder, or set GOLDCTL_HOME.`,
    { cause, data: { folder } },
  );
}

interface BuiltStore {
  readonly header: BackupHeader;
  readonly sha256: string;
  readonly figures: Pick<RestoreReport, 'accounts' | 'posts' | 'instruments'>;
}

/** Reads the file into a new store; every record is validated first. */
async function buildStore(
  folder: string,
  file: string,
  home: HomeDirectory,
  onRecord: (records: number, total: number) => void,
): Promise<BuiltStore> {
  const store = await Store.inFolder(folder);
  await store.open();
  try {
    const replay = new Replay(store);
    await replay.start();
    const hash = createHash('sha256');
    let header: BackupHeader | undefined;
    let sha256: string | undefined;
    let last = 0;
    for await (const line of readBackupLines(file)) {
      if (sha256 !== undefined) throw backupCorruptError('there is data after its end');
      if (!header) {
        header = parseBackupHeader(line);
        if (header.certificate !== undefined) await assertCertificateFits(home, header.certificate);
      } else if (last < header.seq) {
        const record = parseBackupRecord(line, last + 1);
        const problem = recordProblem(record);
        if (problem !== undefined) {
          // The header is the first line.
          throw backupCorruptError(
            `line ${record.seq + 1} (record ${record.seq}, ${quoteValue(record.kind)}) is not valid: ${problem}`,
          );
        }
        try {
          await replay.add(record);
        } catch (cause) {
          if (cause instanceof AppError) throw cause;
          throw backupCorruptError(`this goldctl cannot read record ${record.seq}`, cause);
        }
        last = record.seq;
        if (last % 1000 === 0) onRecord(last, header.seq);
      } else {
        const trailer = parseBackupTrailer(line);
        sha256 = hash.digest('hex');
        if (trailer.records !== last || trailer.sha256 !== sha256)
          throw backupCorruptError('its checksum does not match');
        continue;
      }
      hash.update(line).update('\n');
    }
    if (!header || sha256 === undefined) throw backupCorruptError('it is truncated');
    await replay.finish();
    const { accounts, posts, quotes } = replay.readModel;
    return {
      header,
      sha256,
      figures: { accounts: accounts.count, posts: posts.newestNumber, instruments: quotes.instruments.size },
    };
  } finally {
    await store.close();
  }
}

/** Verifies, record by record, that a daemon would read from the store what the backup contains. */
async function verifyStore(folder: string, header: BackupHeader, sha256: string): Promise<void> {
  const store = await Store.inFolder(folder);
  const engine = new LocalEngine(store, new ReadModel(store));
  await engine.start();
  try {
    const hash = createHash('sha256').update(`${JSON.stringify(header)}\n`);
    const reading = new AbortController();
    if (engine.journal.head() !== header.seq) throw storeMismatchError();
    if (header.seq > 0) {
      for await (const record of engine.journal.follow(0, reading.signal)) {
        hash.update(`${JSON.stringify(record)}\n`);
        if (record.seq === header.seq) break;
      }
    }
    if (hash.digest('hex') !== sha256) throw storeMismatchError();
  } finally {
    await engine.stop();
  }
}

function storeMismatchError(): AppError {
  return new AppError(
    'STORE_FAILED',
    'The stored data does not match the backup. Nothing was restored. Check the disk.',
  );
}

/** Not every system renames over an empty folder, so it is removed first, but only if it is still empty. */
async function moveIntoPlace(draft: string, home: HomeDirectory): Promise<void> {
  try {
    await rmdir(home.dataFolder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw dataExistsError(home.dataFolder, cause);
  }
  await rename(draft, home.dataFolder);
  if (process.platform === 'win32') return; // folders cannot be opened there
  const parent = await open(dirname(home.dataFolder), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function assertCertificateFits(home: HomeDirectory, pem: string): Promise<void> {
  const file = certificatePath(home);
  try {
    parseCertificate(pem, file);
  } catch (cause) {
    throw backupCorruptError('its certificate is not valid', cause);
  }
  const there = await access(file).then(
    () => readFile(file, 'utf8'),
    () => undefined,
  );
  if (there === undefined || there === pem) return;
  throw new AppError(
    'CONFLICT',
    `The backup contains the daemon's key and certificate, but ${file} is a different one. Move that file away if clients should trust the one in the backup.`,
    { data: { file } },
  );
}

async function* readBackupLines(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  const splitter = new LineDecoder(MAX_BACKUP_LINE_BYTES);
  try {
    for await (const chunk of source.pipe(unpacked)) yield* splitter.push(chunk as Buffer);
  } catch (cause) {
    if (cause instanceof AppError && cause.code !== 'PARSE_ERROR' && cause.code !== 'TOO_LARGE') throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) throw backupCorruptError(message, cause);
    if (cause instanceof AppError) throw backupCorruptError('it is not line-based text', cause);
    throw new AppError('INVALID_REQUEST', `${file} cannot be read (${code ?? message}).`, { cause, data: { file } });
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}
