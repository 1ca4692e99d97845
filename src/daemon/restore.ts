import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { type BackupHeader, damaged, readBackupHeader, readBackupRecord, readBackupTrailer } from '../domain/backup.ts';
import { Failure } from '../domain/failure.ts';
import { LocalEngine } from '../engine/local/engine.ts';
import type { Home } from '../home.ts';
import { placePrivate } from '../private-file.ts';
import { LineSplitter } from '../protocol/line.ts';
import { Store } from '../store/store.ts';
import { Replay } from '../view/replay.ts';
import { View } from '../view/view.ts';
import { certificateFile, parseCertificate } from './certificate.ts';
import { daemonStatus } from './lifecycle.ts';
import { show } from './problem.ts';
import { recordProblem } from './record-schemas.ts';

/** The longest line that is read: a record is a provider's answer at most, which is bounded to 5 MiB. */
const LINE_BYTES = 64 * 1024 * 1024;

export interface Restored {
  readonly records: number;
  readonly accounts: number;
  readonly posts: number;
  readonly instruments: number;
  /** Of the backup. */
  readonly madeAt: number;
  readonly server: string;
  /** The daemon's key and certificate were in it, and are in place. */
  readonly certificate: boolean;
}

/**
 * Makes the data folder of a home from a backup: every record in its place, everything else made anew from them. It is
 * built beside the place where it goes, checked against the backup's checksum as it is read and once more as it is
 * stored, and moved there as a whole: whatever fails, the home is as it was.
 * @param onRecord told now and then: records so far, and in all
 * @throws Failure BACKUP_DAMAGED, DATA_NEWER, CONFLICT for a home with data, DATA_LOCKED when a daemon runs on it,
 * INVALID_REQUEST when the file cannot be read, STORE_FAILED
 */
export async function restore(
  home: Home,
  file: string,
  onRecord: (records: number, total: number) => void = () => {},
): Promise<Restored> {
  await refuseDaemon(home);
  await home.prepare();
  await refuseData(home);
  const draft = `${home.dataFolder}.restoring-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    const { header, sha256, figures } = await build(draft, file, home, onRecord);
    await compare(draft, header, sha256);
    const isNew = header.certificate !== undefined && (await placePrivate(certificateFile(home), header.certificate));
    try {
      await place(draft, home);
    } catch (thrown) {
      if (isNew) await rm(certificateFile(home), { force: true });
      throw thrown;
    }
    const { madeAt, server } = header;
    return { records: header.seq, ...figures, madeAt, server, certificate: header.certificate !== undefined };
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new Failure('STORE_FAILED', `${home.dataFolder} cannot be written (${code ?? message}).`, { cause: thrown });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function refuseDaemon(home: Home): Promise<void> {
  try {
    await daemonStatus(home);
  } catch (thrown) {
    if (Failure.from(thrown).code === 'NO_DAEMON') return;
  }
  throw new Failure(
    'DATA_LOCKED',
    `A daemon runs on this home (${home.root}). Restore into an empty one: name another folder by GOLDCTL_HOME, or stop the daemon and move its data away.`,
    { data: { home: home.root } },
  );
}

async function refuseData({ dataFolder }: Home): Promise<void> {
  if ((await readdir(dataFolder)).length === 0) return;
  throw hasData(dataFolder);
}

function hasData(folder: string, cause?: unknown): Failure {
  return new Failure(
    'CONFLICT',
    `There is data in ${folder}, and a backup is restored into an empty home only. Move that folder away, or name another home by GOLDCTL_HOME.`,
    { cause, data: { folder } },
  );
}

interface Built {
  readonly header: BackupHeader;
  readonly sha256: string;
  readonly figures: Pick<Restored, 'accounts' | 'posts' | 'instruments'>;
}

/** Reads the file into a store of its own; every record is looked at before it is taken. */
async function build(
  folder: string,
  file: string,
  home: Home,
  onRecord: (records: number, total: number) => void,
): Promise<Built> {
  const store = await Store.at(folder);
  await store.open();
  try {
    const replay = new Replay(store);
    await replay.start();
    const hash = createHash('sha256');
    let header: BackupHeader | undefined;
    let sha256: string | undefined;
    let last = 0;
    for await (const line of linesOf(file)) {
      if (sha256 !== undefined) throw damaged('something stands behind its end');
      if (!header) {
        header = readBackupHeader(line);
        if (header.certificate !== undefined) await refuseCertificate(home, header.certificate);
      } else if (last < header.seq) {
        const record = readBackupRecord(line, last + 1);
        const problem = recordProblem(record);
        if (problem !== undefined) {
          // The header is the first line.
          throw damaged(`line ${record.seq + 1} (record ${record.seq}, ${show(record.kind)}) is refused: ${problem}`);
        }
        try {
          await replay.add(record);
        } catch (cause) {
          if (cause instanceof Failure) throw cause;
          throw damaged(`this goldctl cannot read record ${record.seq}`, cause);
        }
        last = record.seq;
        if (last % 1000 === 0) onRecord(last, header.seq);
      } else {
        const trailer = readBackupTrailer(line);
        sha256 = hash.digest('hex');
        if (trailer.records !== last || trailer.sha256 !== sha256) throw damaged('its checksum does not hold');
        continue;
      }
      hash.update(line).update('\n');
    }
    if (!header || sha256 === undefined) throw damaged('it ends too soon');
    await replay.end();
    const { accounts, posts, quotes } = replay.view;
    return {
      header,
      sha256,
      figures: { accounts: accounts.count, posts: posts.newest, instruments: quotes.instruments.size },
    };
  } finally {
    await store.close();
  }
}

/** What a daemon would read there is what the backup says, record by record. */
async function compare(folder: string, header: BackupHeader, sha256: string): Promise<void> {
  const store = await Store.at(folder);
  const engine = new LocalEngine(store, new View(store));
  await engine.start();
  try {
    const hash = createHash('sha256').update(`${JSON.stringify(header)}\n`);
    const reading = new AbortController();
    if (engine.journal.head() !== header.seq) throw differs();
    if (header.seq > 0) {
      for await (const record of engine.journal.follow(0, reading.signal)) {
        hash.update(`${JSON.stringify(record)}\n`);
        if (record.seq === header.seq) break;
      }
    }
    if (hash.digest('hex') !== sha256) throw differs();
  } finally {
    await engine.stop();
  }
}

function differs(): Failure {
  return new Failure(
    'STORE_FAILED',
    'What was stored is not what the backup says. Nothing was restored: look after the disk.',
  );
}

/** A rename goes over an empty folder only where the system has it so: it is taken away first, if it is empty still. */
async function place(draft: string, home: Home): Promise<void> {
  try {
    await rmdir(home.dataFolder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw hasData(home.dataFolder, cause);
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

async function refuseCertificate(home: Home, pem: string): Promise<void> {
  const file = certificateFile(home);
  try {
    parseCertificate(pem, file);
  } catch (cause) {
    throw damaged('the certificate in it is none', cause);
  }
  const there = await access(file).then(
    () => readFile(file, 'utf8'),
    () => undefined,
  );
  if (there === undefined || there === pem) return;
  throw new Failure(
    'CONFLICT',
    `The backup has a key and certificate of the daemon, and there is another one in ${file}. Move one away: clients know a daemon by it.`,
    { data: { file } },
  );
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  const splitter = new LineSplitter(LINE_BYTES);
  try {
    for await (const chunk of source.pipe(unpacked)) yield* splitter.push(chunk as Buffer);
  } catch (cause) {
    if (cause instanceof Failure && cause.code !== 'PARSE_ERROR' && cause.code !== 'TOO_LARGE') throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) throw damaged(message, cause);
    if (cause instanceof Failure) throw damaged('it is no text in lines', cause);
    throw new Failure('INVALID_REQUEST', `${file} cannot be read (${code ?? message}).`, { cause, data: { file } });
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}
