import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  constants,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from './domain/failure.ts';
import { isAlive } from './is-alive.ts';

/**
 * The only module that opens files for writing (`test/lint/files.test.ts` holds everything else to it). What it makes is
 * 0600, whatever the umask, and it follows no link at the name that it writes.
 */

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** Names the process that writes it, so that others can tell when nobody does any more. */
const TEMPORARY_NAME = /^\.goldctl-(\d{1,10})-[0-9a-f]{16}\.tmp$/;
/** In folders that other machines or containers may share, where process numbers say nothing. */
const ABANDONED_MS = 3_600_000;

export interface PrivateFileOptions {
  /** Takes the place of a file or link of that name. Default: fails with EEXIST. */
  readonly replace?: boolean;
}

/**
 * A file that comes into being as a whole, on the disk, or not at all. Until then it lies beside its place under a random
 * name. Methods throw errors of the system: `describeWriteError` says them.
 */
export class PrivateFile {
  /** @throws EEXIST where there is one and `replace` is not given; ERR_NOT_REGULAR for what no file may replace */
  static async create(path: string, { replace = false }: PrivateFileOptions = {}): Promise<PrivateFile> {
    await refuseTarget(path, replace);
    const folder = await Folder.open(dirname(path));
    try {
      await removeTemporaryFiles(folder.path, ABANDONED_MS).catch(() => {}); // tidiness keeps nothing from being written
      const name = `.goldctl-${process.pid}-${randomBytes(8).toString('hex')}.tmp`;
      const handle = await createExclusive(folder.resolve(name));
      return new PrivateFile(path, { folder, name, handle, replace });
    } catch (cause) {
      await folder.close();
      throw cause;
    }
  }

  readonly #path: string;
  readonly #folder: Folder;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #replace: boolean;
  #size = 0;
  #isSettled = false;

  private constructor(
    path: string,
    { folder, name, handle, replace }: { folder: Folder; name: string; handle: FileHandle; replace: boolean },
  ) {
    this.#path = path;
    this.#folder = folder;
    this.#temporary = folder.resolve(name);
    this.#handle = handle;
    this.#replace = replace;
  }

  async write(content: string | Uint8Array): Promise<void> {
    await this.#handle.writeFile(content);
    this.#size += typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  }

  /** Puts it in its place. @returns its bytes */
  async commit(): Promise<number> {
    await this.#handle.sync();
    await this.#handle.close();
    await refuseTarget(this.#path, this.#replace);
    await this.#folder.assertInPlace();
    const target = this.#folder.resolve(basename(this.#path));
    if (this.#replace) await rename(this.#temporary, target);
    else await moveToFreeName(this.#temporary, target);
    this.#isSettled = true;
    await this.#folder.sync();
    await this.#folder.close();
    return this.#size;
  }

  /** Leaves nothing of it, where it is not in its place. Never throws: the fault that led here is the one to tell. */
  async abandon(): Promise<void> {
    if (this.#isSettled) return;
    this.#isSettled = true;
    await this.#handle.close().catch(() => {});
    await rm(this.#temporary, { force: true }).catch(() => {});
    await this.#folder.close().catch(() => {});
  }
}

/**
 * Writes a file of 0600 as a whole or not at all: readers see the old content or the new one, also after a power cut.
 * Its folder is made where it is missing.
 * @throws Failure STORE_FAILED
 */
export async function writePrivate(path: string, content: string | Uint8Array): Promise<void> {
  await makePrivateFolder(dirname(path));
  await write(path, content, true).catch((cause) => {
    throw storeFailure(path, cause);
  });
}

/**
 * As `writePrivate`, where there is no file of that name yet.
 * @returns false where there is one, which stays
 * @throws Failure STORE_FAILED
 */
export async function placePrivate(path: string, content: string | Uint8Array): Promise<boolean> {
  await makePrivateFolder(dirname(path));
  try {
    await write(path, content, false);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storeFailure(path, cause);
  }
}

async function write(path: string, content: string | Uint8Array, replace: boolean): Promise<void> {
  const file = await PrivateFile.create(path, { replace });
  try {
    await file.write(content);
    await file.commit();
  } finally {
    await file.abandon();
  }
}

function storeFailure(file: string, cause: unknown): Failure {
  return new Failure(
    'STORE_FAILED',
    `${file} cannot be written: ${describeWriteError(cause)}. Check its folder and the space left.`,
    { cause, data: { file } },
  );
}

/** @throws Failure STORE_FAILED */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure(
      'STORE_FAILED',
      `The folder ${folder} cannot be made (${code}). Make it writable, or set GOLDCTL_HOME to a folder that is.`,
      { cause, data: { folder } },
    );
  }
}

/** A new file to read and write at any place. @throws EEXIST where anything has the name, a link included */
export function createExclusive(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, 0o600);
}

/** A copy, as accessible as the original. @throws EEXIST where anything has the name */
export function copyExclusive(from: string, to: string): Promise<void> {
  return copyFile(from, to, constants.COPYFILE_EXCL);
}

/** A file to change at any place; made where it is missing and `create` is given. @throws ELOOP for a link */
export function openForUpdate(path: string, { create = false }: { create?: boolean } = {}): Promise<FileHandle> {
  return open(path, constants.O_RDWR | NO_FOLLOW | (create ? constants.O_CREAT : 0), 0o600);
}

/** A log: made where it is missing, else written on. @throws ELOOP for a link */
export async function openForAppend(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW, 0o600);
  try {
    await handle.chmod(0o600);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  return handle;
}

/**
 * Removes temporary files of this user in a folder whose process has ended. @returns their names
 * @param minAgeMs those that changed later stay
 */
export async function removeTemporaryFiles(folder: string, minAgeMs = 0): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(folder)) {
    const pid = TEMPORARY_NAME.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined); // somebody else removes them as well
    if (!stats?.isFile() || !isAbandoned(stats, Number(pid)) || Date.now() - stats.mtimeMs < minAgeMs) continue;
    await rm(path, { force: true });
    removed.push(name);
  }
  return removed;
}

/** Whether it belongs to this user, and the process that made it, where one is known, has ended. */
export function isAbandoned({ uid, mtimeMs }: Stats, pid: number | undefined): boolean {
  if (uid !== (process.getuid?.() ?? uid)) return false;
  if (pid === undefined) return true;
  // In a container, the next process often has the number of the last one.
  return pid === process.pid ? mtimeMs < Date.now() - process.uptime() * 1000 : !isAlive(pid);
}

const WRITE_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the disk takes no file of that size',
  EROFS: 'the disk is read-only',
  EACCES: 'the folder is not yours to write',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  ERR_NOT_REGULAR: 'what has that name is no regular file',
  ESTALE: 'its folder was replaced meanwhile',
};

/** Why a file cannot be written, as a clause. Paths of temporary files are not in it. */
export function describeWriteError(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return WRITE_ERRORS[code ?? ''] ?? code ?? message;
}

/**
 * The folder that a path led to when it was opened. On Linux, names are resolved in that very folder, wherever the path
 * leads meanwhile; elsewhere a path that leads to another folder is noticed.
 */
class Folder {
  static async open(path: string): Promise<Folder> {
    const { dev, ino } = await stat(path, { bigint: true });
    // Windows opens no folders; and one that can be written but not listed cannot be opened.
    const handle = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0)).catch(() => undefined);
    if (!handle) return new Folder(path, path, { dev, ino });
    const opened = await handle.stat({ bigint: true });
    const magic = `/proc/self/fd/${handle.fd}`;
    const found = await stat(magic, { bigint: true }).catch(() => undefined);
    const isUsable = found?.ino === opened.ino && found.dev === opened.dev;
    return new Folder(path, isUsable ? magic : path, opened, handle);
  }

  readonly path: string;
  readonly #base: string;
  readonly #identity: { readonly dev: bigint; readonly ino: bigint };
  readonly #handle: FileHandle | undefined;

  private constructor(
    path: string,
    base: string,
    { dev, ino }: { readonly dev: bigint; readonly ino: bigint },
    handle?: FileHandle,
  ) {
    this.path = path;
    this.#base = base;
    this.#identity = { dev, ino };
    this.#handle = handle;
  }

  resolve(name: string): string {
    return join(this.#base, name);
  }

  /** @throws ESTALE where its path leads to another folder, or nowhere */
  async assertInPlace(): Promise<void> {
    const now = await stat(this.path, { bigint: true }).catch(() => undefined);
    if (now?.ino === this.#identity.ino && now.dev === this.#identity.dev) return;
    throw Object.assign(new Error('the folder was replaced'), { code: 'ESTALE' });
  }

  /** The names, too, are to be there after a power cut. */
  async sync(): Promise<void> {
    await this.#handle?.sync();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

async function refuseTarget(path: string, replace: boolean): Promise<void> {
  const there = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (!there) return;
  if (!replace) throw Object.assign(new Error('there is a file of that name'), { code: 'EEXIST' });
  // A link gives way itself, unless it leads to what people do not mean to replace, as /dev/stdout.
  const meant = there.isSymbolicLink() ? await stat(path).catch(() => undefined) : there;
  if (!meant || meant.isFile()) return;
  throw Object.assign(new Error('it is no regular file'), { code: 'ERR_NOT_REGULAR' });
}

/** A hard link takes a name only where it is free, in one step. */
async function moveToFreeName(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw cause;
    // A file system without hard links (FAT): a look has to do.
    await refuseTarget(to, false);
    await rename(from, to);
    return;
  }
  await rm(from);
}
