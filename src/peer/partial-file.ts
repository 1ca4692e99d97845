import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { lstat, readdir, rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { createFolders, createPrivateFolder } from '../private-file.ts';
import { readFully } from '../read-fully.ts';
import { BlockStateFile, type BlockStateHeader, type PartialFileRef, writeFully } from './block-state-file.ts';
import { BLOCK_BYTES, blockLength, firstBlocks, HASH_BYTES, hashLeaf, locateBlock } from './hash-tree.ts';
import { moveFileIntoPlace, moveFolderIntoPlace, syncFolder, tryCreate, useFreeName } from './move-into-place.ts';
import { PartialFileHandles } from './partial-file-handles.ts';
import { isLocked, LOCK_HEARTBEAT_MS, lockInProcess, unlockInProcess, waitForOwner } from './partial-file-lock.ts';
import type { FileSpec } from './peer-message.ts';
import { type BlockWrite, WriteQueue } from './write-queue.ts';

/** What is received, and where it is saved. Paths and names are safe. */
export interface PartialFileSpec {
  /** Created if missing. */
  readonly downloadFolder: string;
  /** The private folder of state files; created if missing. */
  readonly stateFolder: string;
  readonly name: string;
  readonly folder: boolean;
  /** Key of the sender of an offer; '' for a file that is downloaded by its root, from any source. */
  readonly sender: string;
  readonly files: readonly FileSpec[];
}

const PART_SUFFIX = '.part';
const STATE_SUFFIX = '.part.state';
/** A state file outlives its missing partial file by this time, because the file's disk may only be unmounted. */
const STALE_STATE_MS = 30 * 24 * 3_600_000;
const SYNC_INTERVAL_BYTES = 64 * 1024 * 1024;

/**
 * Received blocks on disk: `NAME.part` (a file, or a folder with the files in it) and a state file in a private folder.
 * Only verified blocks are written. After a crash, reopening it finds every block that was recorded.
 */
export class PartialFile {
  readonly spec: PartialFileSpec;
  /** See `firstBlocks` in hash-tree.ts. */
  readonly firstBlocks: readonly number[];
  readonly blockCount: number;
  readonly size: number;
  readonly #ref: PartialFileRef;
  readonly #stateFile: string;
  readonly #state: BlockStateFile;
  readonly #heartbeatTimer: NodeJS.Timeout;
  readonly #handles: PartialFileHandles;
  readonly #writes = new WriteQueue((run) => this.#writeRun(run));
  #verifiedBytes = 0;
  #unsyncedBytes = 0;
  #isSyncing = false;
  #isReleased = false;
  #closing: Promise<void> | undefined;

  private constructor(spec: PartialFileSpec, ref: PartialFileRef, stateFile: string, state: BlockStateFile) {
    this.spec = spec;
    this.firstBlocks = firstBlocks(spec.files);
    this.blockCount = this.firstBlocks.at(-1)!;
    this.size = spec.files.reduce((sum, { size }) => sum + size, 0);
    this.#ref = ref;
    this.#handles = new PartialFileHandles(ref.path, spec.folder, spec.files);
    this.#stateFile = stateFile;
    this.#state = state;
    this.#heartbeatTimer = setInterval(() => {
      state.heartbeat().catch(() => undefined); // only a hint to other processes
    }, LOCK_HEARTBEAT_MS);
  }

  /** Whether there is an earlier transfer of these files, which can be resumed without asking. */
  static async exists(spec: PartialFileSpec): Promise<boolean> {
    const header = await BlockStateFile.readHeader(stateFilePath(spec));
    return header !== undefined && (await isUnreplaced(header.partialFile));
  }

  /** Removes the partial file unless it is being received now. */
  static async discard(spec: PartialFileSpec): Promise<void> {
    const stateFile = stateFilePath(spec);
    const header = await BlockStateFile.readHeader(stateFile);
    if (!header || (await isLocked(stateFile))) return;
    if (await isUnreplaced(header.partialFile)) await rm(header.partialFile.path, { recursive: true, force: true });
    await rm(stateFile, { force: true });
  }

  /** Removes state files whose partial files have long been gone. */
  static async removeStaleStates(stateFolder: string): Promise<void> {
    const names = await readdir(stateFolder).catch(() => []); // the folder may not exist yet
    for (const name of names.filter((each) => each.endsWith(STATE_SUFFIX))) {
      const file = join(stateFolder, name);
      const [header, stats] = [await BlockStateFile.readHeader(file), await lstat(file).catch(() => undefined)];
      const isOld = stats !== undefined && Date.now() - stats.mtimeMs > STALE_STATE_MS;
      if (isOld && !(header && (await isUnreplaced(header.partialFile)))) await rm(file, { force: true });
    }
  }

  /**
   * Resumes an earlier transfer, whose blocks are hashed again, or starts a new one.
   * @param onProgress bytes hashed so far
   * @throws AppError TOO_LARGE when the disk lacks space, CONFLICT when the files are already being received,
   * STORE_FAILED; the signal's reason
   */
  static async open(
    spec: PartialFileSpec,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
  ): Promise<PartialFile> {
    const stateFile = stateFilePath(spec);
    if (!lockInProcess(stateFile)) throw alreadyReceivingError(spec);
    let part: PartialFile | undefined;
    try {
      await createFolders(spec.downloadFolder);
      await createPrivateFolder(spec.stateFolder);
      const header = await findResumable(spec, stateFile, signal);
      const blockCount = firstBlocks(spec.files).at(-1)!;
      if (header) {
        const state = await BlockStateFile.resume(stateFile, header, blockCount);
        part = new PartialFile(spec, header.partialFile, stateFile, state);
      } else part = new PartialFile(spec, ...(await createPartialFile(spec, stateFile, blockCount)));
      try {
        if (header) await part.#rehash(signal, onProgress);
        await part.#assertFreeSpace();
      } catch (error) {
        if (header) await part.close();
        else await part.remove();
        throw error;
      }
      return part;
    } catch (cause) {
      if (!part) unlockInProcess(stateFile);
      throw toStoreError(cause, spec);
    }
  }

  /** Bytes that are verified and on disk. */
  get verifiedBytes(): number {
    return this.#verifiedBytes;
  }

  get isComplete(): boolean {
    if (this.#verifiedBytes !== this.size) return false;
    for (let index = 0; index < this.blockCount; index += 1) if (!this.#state.has(index)) return false;
    return true;
  }

  /** @param index among the blocks of all files */
  hasBlock(index: number): boolean {
    return this.#state.has(index);
  }

  /** Hashes of a file's blocks on disk; zeros for missing blocks. */
  leaves(file: number): Buffer {
    return this.#state.table.subarray(this.firstBlocks[file]! * HASH_BYTES, this.firstBlocks[file + 1]! * HASH_BYTES);
  }

  /**
   * Writes a verified block. Only a few writes run at a time; others wait.
   * @returns once content and hash are with the operating system, so that the death of the process cannot lose them
   * @throws AppError STORE_FAILED, for instance when the disk is full
   */
  writeBlock(file: number, block: number, content: Uint8Array, leaf: Buffer): Promise<void> {
    return this.#writes.add({ file, block, content, leaf });
  }

  /** @param index among the blocks of all files */
  async forgetBlock(index: number): Promise<void> {
    if (!this.#state.has(index)) return;
    const { file, block } = locateBlock(this.firstBlocks, index);
    this.#verifiedBytes -= blockLength(this.spec.files[file]!.size, block);
    await this.#state.forget(index);
  }

  /**
   * Syncs the files and moves them to a free name in the download folder.
   * @returns the full path
   * @throws AppError STORE_FAILED
   */
  async finish(): Promise<string> {
    const { folder: isFolder, name, downloadFolder } = this.spec;
    const { path } = this.#ref;
    try {
      await this.#handles.createEmptyFiles();
      await this.#handles.close();
      await this.#handles.syncAll();
      if (!(await isUnreplaced(this.#ref))) throw replacedError(path);
      const saved = await (isFolder ? moveFolderIntoPlace : moveFileIntoPlace)(path, downloadFolder, name);
      await this.#release();
      await rm(this.#stateFile, { force: true });
      await syncFolder(downloadFolder);
      return saved;
    } catch (cause) {
      throw toStoreError(cause, this.spec);
    }
  }

  /** Keeps everything on disk. */
  close(): Promise<void> {
    this.#closing ??= this.#handles.close().then(() => this.#release());
    return this.#closing;
  }

  async remove(): Promise<void> {
    await this.close();
    if (await isUnreplaced(this.#ref)) await rm(this.#ref.path, { recursive: true, force: true });
    await rm(this.#stateFile, { force: true });
  }

  async #release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearInterval(this.#heartbeatTimer);
    await this.#state.close();
    unlockInProcess(this.#stateFile);
  }

  /** Writes adjacent blocks of one file. */
  async #writeRun(run: readonly BlockWrite[]): Promise<void> {
    const { file, block } = run[0]!;
    const first = this.firstBlocks[file]!;
    try {
      const contents = run.map(({ content }) => content);
      await this.#handles.use(file, (handle) => writeFully(handle, contents, block * BLOCK_BYTES));
      const added = run.filter((write) => !this.#state.has(first + write.block));
      await Promise.all(run.map((write) => this.#state.record(first + write.block, write.leaf)));
      for (const { content } of added) this.#verifiedBytes += content.length;
      for (const { content } of run) this.#unsyncedBytes += content.length;
      if (this.#unsyncedBytes >= SYNC_INTERVAL_BYTES) this.#syncInBackground(file);
    } catch (cause) {
      throw toStoreError(cause, this.spec);
    }
  }

  /** Limits what a power cut can lose. */
  #syncInBackground(file: number): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    this.#unsyncedBytes = 0;
    this.#handles
      .use(file, (handle) => handle.datasync())
      .then(() => this.#state.sync())
      .catch(() => undefined) // the final sync reports errors
      .finally(() => {
        this.#isSyncing = false;
      });
  }

  /** Only blocks whose content is still on disk count. */
  async #rehash(signal?: AbortSignal, onProgress?: (bytes: number) => void): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    for (let index = 0; index < this.blockCount; index += 1) {
      if (!this.#state.has(index)) continue;
      signal?.throwIfAborted();
      const { file, block } = locateBlock(this.firstBlocks, index);
      const content = buffer.subarray(0, blockLength(this.spec.files[file]!.size, block));
      const read = await this.#handles.use(file, (handle) => readFully(handle, content, block * BLOCK_BYTES));
      const recorded = this.#state.table.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
      if (read === content.length && hashLeaf(content).equals(recorded)) this.#verifiedBytes += read;
      else await this.#state.forget(index);
      onProgress?.(this.#verifiedBytes);
    }
  }

  async #assertFreeSpace(): Promise<void> {
    const { name, downloadFolder: folder } = this.spec;
    const { bavail, bsize } = await statfs(folder);
    const needed = this.size - this.#verifiedBytes + this.blockCount * HASH_BYTES;
    const free = bavail * bsize;
    if (needed <= free) return;
    const message = `${name} needs ${needed} bytes, but ${folder} has only ${free} free. Free some space, or choose another folder.`;
    throw new AppError('TOO_LARGE', message, { data: { folder, needed, free } });
  }
}

/**
 * Finds the state of an earlier transfer of these files. Removes one that cannot be resumed because it is damaged, or
 * because its partial file is missing or was replaced.
 * @throws AppError CONFLICT when another process receives the files
 */
async function findResumable(
  spec: PartialFileSpec,
  stateFile: string,
  signal: AbortSignal | undefined,
): Promise<BlockStateHeader | undefined> {
  if (await waitForOwner(stateFile, signal)) throw alreadyReceivingError(spec);
  const header = await BlockStateFile.readHeader(stateFile);
  if (header && header.identity === transferIdentity(spec) && (await isUnreplaced(header.partialFile))) return header;
  await rm(stateFile, { force: true });
  return undefined;
}

function createPartialFile(
  spec: PartialFileSpec,
  stateFile: string,
  blockCount: number,
): Promise<[ref: PartialFileRef, stateFile: string, state: BlockStateFile]> {
  return useFreeName(spec.downloadFolder, spec.name, async (target) => {
    const path = `${target}${PART_SUFFIX}`;
    if (!(await tryCreate(path, spec.folder))) return undefined;
    try {
      const ref = { path, fingerprint: await inodeFingerprint(path) };
      return [ref, stateFile, await BlockStateFile.create(stateFile, transferIdentity(spec), ref, blockCount)];
    } catch (cause) {
      await rm(path, { recursive: true, force: true });
      // If the state file exists, another process started at the same moment.
      throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyReceivingError(spec) : cause;
    }
  });
}

function stateFilePath(spec: PartialFileSpec): string {
  const key = createHash('sha256').update(JSON.stringify([resolve(spec.downloadFolder), transferIdentity(spec)]));
  return join(spec.stateFolder, `${key.digest('hex')}${STATE_SUFFIX}`);
}

async function inodeFingerprint(path: string): Promise<string> {
  const { ino, birthtimeNs } = await lstat(path, { bigint: true });
  return `${ino} ${birthtimeNs}`;
}

/** Whether a partial file is still the one for which its state file was created. */
async function isUnreplaced({ path, fingerprint }: PartialFileRef): Promise<boolean> {
  return (await inodeFingerprint(path).catch(() => undefined)) === fingerprint;
}

/** Equal for two transfers of the same files: a root identifies a file; without one, its sender and metadata do. */
function transferIdentity({ sender, folder, name, files }: PartialFileSpec): string {
  const hasRoots = files.every(({ root }) => root !== null);
  const rows = files.map(({ path, size, modified, root }) => {
    if (root === null) return [path, size, modified];
    return folder ? [path, size, root] : [size, root];
  });
  return JSON.stringify(hasRoots && !folder ? rows : [sender, name, folder, rows]);
}

function alreadyReceivingError({ name }: PartialFileSpec): AppError {
  return new AppError('CONFLICT', `${name} is already being received. Wait for that transfer, or cancel it.`);
}

function replacedError(path: string): AppError {
  const message = `${path} was moved or replaced, so it cannot be completed. Start the transfer again.`;
  return new AppError('STORE_FAILED', message, { data: { path } });
}

function toStoreError(cause: unknown, { downloadFolder: folder, name }: PartialFileSpec): unknown {
  if (cause instanceof AppError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (typeof code !== 'string') return cause;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const message = full
    ? `The disk of ${folder} is full. The received part of ${name} is kept: free some space, then start the transfer again.`
    : `Cannot save ${name} in ${folder} (${code}). Check the folder, then start the transfer again.`;
  return new AppError('STORE_FAILED', message, { cause, data: { folder, full } });
}
