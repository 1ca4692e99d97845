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
import { AppError } from './domain/app-error.ts';
import { isProcessAlive } from './process-alive.ts';

/**
 * The only module that opens files for writing (enforced by `test/lint/files.test.ts`). Files are 0600, regardless of
 * the umask, and symbolic links at the target are never followed.
 */

const NO_FOLLOW_FLAG = constants.O_NOFOLLOW ?? 0;
/** Contains the id of the writing process, so that others can detect abandoned files. */
const TEMPORARY_FILE_NAME = /^\.goldctl-(\d{1,10})-[0-9a-f]{16}\.tmp$/;
/** For folders shared with other machines or containers, where process ids are not meaningful. */
const MIN_ABANDONED_AGE_MS = 3_600_000;

export interface PrivateFileOptions {
  /** Replaces a file or link of that name. Default: fails with EEXIST. */
  readonly replace?: boolean;
}

interface OpenFile {
  readonly path: string;
  readonly folder: TargetFolder;
  readonly temporaryPath: string;
  readonly handle: FileHandle;
  readonly replace: boolean;
}

/**
 * Creates a file atomically: on disk as a whole, or not at all. Until `commit` it has a random name in the target's
 * folder. Methods throw system errors: see `describeWriteError`.
 */
export class PrivateFile {
  /** @throws EEXIST if the file exists and `replace` is false; ERR_NOT_REGULAR for a target such as a device */
  static async create(path: string, { replace = false }: PrivateFileOptions = {}): Promise<PrivateFile> {
    await assertReplaceable(path, replace);
    const folder = await TargetFolder.open(dirname(path));
    try {
      await removeTemporaryFiles(folder.path, MIN_ABANDONED_AGE_MS).catch(() => {}); // a failed clean-up must not prevent writing
      const name = `.goldctl-${process.pid}-${randomBytes(8).toString('hex')}.tmp`;
      const handle = await createExclusive(folder.resolve(name));
      return new PrivateFile({ path, folder, temporaryPath: folder.resolve(name), handle, replace });
    } catch (cause) {
      await folder.close();
      throw cause;
    }
  }

  readonly #file: OpenFile;
  #writtenBytes = 0;
  #isSettled = false;

  private constructor(file: OpenFile) {
    this.#file = file;
  }

  async write(content: string | Uint8Array): Promise<void> {
    await this.#file.handle.writeFile(content);
    this.#writtenBytes += typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  }

  /** Moves the file to its target. @returns its size in bytes */
  async commit(): Promise<number> {
    const { path, folder, temporaryPath, handle, replace } = this.#file;
    await handle.sync();
    await handle.close();
    await assertReplaceable(path, replace);
    await folder.assertInPlace();
    const target = folder.resolve(basename(path));
    if (replace) await rename(temporaryPath, target);
    else await renameWithoutReplacing(temporaryPath, target);
    this.#isSettled = true;
    await folder.sync();
    await folder.close();
    return this.#writtenBytes;
  }

  /** Deletes the file unless it was committed. Never throws, so that the original error is reported. */
  async discard(): Promise<void> {
    if (this.#isSettled) return;
    this.#isSettled = true;
    await this.#file.handle.close().catch(() => {});
    await rm(this.#file.temporaryPath, { force: true }).catch(() => {});
    await this.#file.folder.close().catch(() => {});
  }
}

/**
 * Readers see either the old content or the new one, even after a power failure. Creates the folder if it is missing.
 * @throws AppError STORE_FAILED
 */
export async function writePrivateFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await createPrivateFolder(dirname(path));
  await writeAtomic(path, content, true).catch((cause) => {
    throw fileWriteError(path, cause);
  });
}

/**
 * As `writePrivateFileAtomic`, but keeps an existing file.
 * @returns false if the file exists
 * @throws AppError STORE_FAILED
 */
export async function createPrivateFile(path: string, content: string | Uint8Array): Promise<boolean> {
  await createPrivateFolder(dirname(path));
  try {
    await writeAtomic(path, content, false);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileWriteError(path, cause);
  }
}

async function writeAtomic(path: string, content: string | Uint8Array, replace: boolean): Promise<void> {
  const file = await PrivateFile.create(path, { replace });
  try {
    await file.write(content);
    await file.commit();
  } finally {
    await file.discard();
  }
}

function fileWriteError(file: string, cause: unknown): AppError {
  return new AppError(
    'STORE_FAILED',
    `${file} cannot be written: ${describeWriteError(cause)}. Check its folder and the free space.`,
    { cause, data: { file } },
  );
}

/** @throws AppError STORE_FAILED */
export async function createPrivateFolder(folder: string): Promise<void> {
  try {
    await createFolders(folder, 0o700);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = FOLDER_ERROR_CLAUSES[code ?? ''];
    throw new AppError(
      'STORE_FAILED',
      `The folder ${folder} cannot be created (${code})${why === undefined ? '' : `: ${why}`}. Make its parent writable, or set GOLDCTL_HOME to a writable folder.`,
      { cause, data: { folder } },
    );
  }
}

const FOLDER_ERROR_CLAUSES: Readonly<Record<string, string>> = {
  EEXIST: 'a file is in its place',
  ENOENT: 'its file system does not allow new folders there',
  ENOTDIR: 'a part of its path is a file',
  EACCES: 'permission to write to its parent is denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
};

/**
 * Creates a folder and its missing parents. Node's recursive mkdir() never returns on file systems that answer ENOENT for
 * a new name in an existing folder, such as /proc.
 * @throws system errors
 */
export async function createFolders(folder: string, mode = 0o777): Promise<void> {
  if (await isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await createFolders(parent, mode);
  try {
    await mkdir(folder, { mode });
  } catch (cause) {
    // Another process may have created it in the meantime.
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(folder))) throw cause;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Opens a new file for random access. @throws EEXIST if anything has that name, including a link */
export function createExclusive(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW_FLAG, 0o600);
}

/** Keeps the permissions of the original. @throws EEXIST if anything has that name */
export function copyExclusive(from: string, to: string): Promise<void> {
  return copyFile(from, to, constants.COPYFILE_EXCL);
}

/** Opens a file for random access. @throws ELOOP for a link */
export function openForUpdate(path: string, { create = false }: { create?: boolean } = {}): Promise<FileHandle> {
  return open(path, constants.O_RDWR | NO_FOLLOW_FLAG | (create ? constants.O_CREAT : 0), 0o600);
}

/** Creates the file if it is missing. @throws ELOOP for a link */
export async function openForAppend(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW_FLAG, 0o600);
  try {
    await handle.chmod(0o600);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  return handle;
}

/**
 * Removes this user's temporary files of ended processes from a folder. @returns their names
 * @param minAgeMs keeps files modified more recently
 */
export async function removeTemporaryFiles(folder: string, minAgeMs = 0): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(folder)) {
    const pid = TEMPORARY_FILE_NAME.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined); // another process may have removed it
    if (!stats?.isFile() || !isAbandoned(stats, Number(pid)) || Date.now() - stats.mtimeMs < minAgeMs) continue;
    await rm(path, { force: true });
    removed.push(name);
  }
  return removed;
}

/** Whether the file belongs to this user, and the process that created it, if known, has ended. */
export function isAbandoned({ uid, mtimeMs }: Stats, pid: number | undefined): boolean {
  if (uid !== (process.getuid?.() ?? uid)) return false;
  if (pid === undefined) return true;
  // In a container, a process often gets the id of the previous one.
  return pid === process.pid ? mtimeMs < Date.now() - process.uptime() * 1000 : !isProcessAlive(pid);
}

const WRITE_ERROR_CLAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is exceeded',
  EFBIG: 'the file is too large for the disk',
  EROFS: 'the disk is read-only',
  EACCES: 'permission to write to the folder is denied',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder does not exist',
  ERR_NOT_REGULAR: 'the target is not a regular file',
  ESTALE: 'its folder was replaced in the meantime',
};

/** Why a file cannot be written, as a clause without paths of temporary files. */
export function describeWriteError(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return WRITE_ERROR_CLAUSES[code ?? ''] ?? code ?? message;
}

interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * A folder that stays the same if its path is redirected after opening. On Linux, names are resolved in the opened
 * folder; elsewhere `assertInPlace` detects the change.
 */
class TargetFolder {
  static async open(path: string): Promise<TargetFolder> {
    const { dev, ino } = await stat(path, { bigint: true });
    // Windows cannot open folders, nor can anyone open a folder that is writable but not readable.
    const handle = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0)).catch(() => undefined);
    if (!handle) return new TargetFolder(path, path, { dev, ino });
    const opened = await handle.stat({ bigint: true });
    const fdPath = `/proc/self/fd/${handle.fd}`;
    const found = await stat(fdPath, { bigint: true }).catch(() => undefined);
    const isUsable = found?.ino === opened.ino && found.dev === opened.dev;
    return new TargetFolder(path, isUsable ? fdPath : path, opened, handle);
  }

  readonly path: string;
  readonly #base: string;
  readonly #identity: FileIdentity;
  readonly #handle: FileHandle | undefined;

  private constructor(path: string, base: string, { dev, ino }: FileIdentity, handle?: FileHandle) {
    this.path = path;
    this.#base = base;
    this.#identity = { dev, ino };
    this.#handle = handle;
  }

  resolve(name: string): string {
    return join(this.#base, name);
  }

  /** @throws ESTALE if the path leads to another folder, or nowhere */
  async assertInPlace(): Promise<void> {
    const now = await stat(this.path, { bigint: true }).catch(() => undefined);
    if (now?.ino === this.#identity.ino && now.dev === this.#identity.dev) return;
    throw Object.assign(new Error('the folder was replaced'), { code: 'ESTALE' });
  }

  /** Makes the file names durable too. */
  async sync(): Promise<void> {
    await this.#handle?.sync();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

async function assertReplaceable(path: string, replace: boolean): Promise<void> {
  const existing = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (!existing) return;
  if (!replace) throw Object.assign(new Error('a file of that name exists'), { code: 'EEXIST' });
  // A link itself is replaced, unless it leads to something that people do not want to replace, such as /dev/stdout.
  const target = existing.isSymbolicLink() ? await stat(path).catch(() => undefined) : existing;
  if (!target || target.isFile()) return;
  throw Object.assign(new Error('not a regular file'), { code: 'ERR_NOT_REGULAR' });
}

/** Uses a hard link, which fails atomically if the name is taken. */
async function renameWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw cause;
    // Without hard links (FAT), checking first is the best option, although not atomic.
    await assertReplaceable(to, false);
    await rename(from, to);
    return;
  }
  await rm(from);
}
