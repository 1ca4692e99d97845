import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  statfs,
  unlink,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import { createExclusive, makePrivateFolder, openForUpdate } from '../private-file.ts';
import { BLOCK_BYTES, blockBytes, blocksIn, HASH_BYTES, leafOf } from './hash-tree.ts';
import type { FileSpec } from './message.ts';
import { type PartFile, PartState, type PartStateHead, writeFully } from './part-state.ts';
import { numbered } from './safe-path.ts';

/** What is received, and where to. Paths and name are safe already. */
export interface PartSpec {
  /** The download folder; it is made where it is missing. */
  readonly into: string;
  /** The private folder of states; it is made where it is missing. */
  readonly states: string;
  readonly name: string;
  readonly folder: boolean;
  /** Who offered it; '' for what is fetched by its root, from whoever has it. */
  readonly from: string;
  readonly files: readonly FileSpec[];
}

const PART = '.part';
const STATE = '.part.state';
/** A state whose part is gone is kept so long: the disk that the part is on may only be away. */
const KEEP_STATE_MS = 30 * 24 * 3_600_000;
const MAX_NUMBER = 9999;
/** An owner shows so often that it lives; a state that is older has no owner, whoever has its pid now. */
const TOUCH_MS = 10_000;
const OWNED_MS = 30_000;
/** A peer process that ends closes its transfers first. */
const ENDING_MS = 5000;
const ENDING_POLL_MS = 50;
const OPEN_FILES = 16;
const WRITES = 2;
/** Blocks in one writing; they wait this long for those behind them. */
const RUN = 8;
const GATHER_MS = 10;
const SYNC_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly file: number;
  readonly block: number;
  readonly content: Uint8Array;
  readonly leaf: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** States in use by this process: a pid does not tell two transfers of one process apart. */
const inUse = new Set<string>();

/**
 * Files on their way, on the disk: `NAME.part` (a file, or a folder with the files in it), and its state in a private folder.
 * Only what is checked is written. Whatever ends the process, opening it again finds every block that was recorded.
 */
export class Part {
  readonly spec: PartSpec;
  /** Number of the first block of each file, in the row of all blocks; one more for the end. */
  readonly first: readonly number[];
  readonly blocks: number;
  readonly size: number;
  readonly #at: string;
  readonly #file: PartFile;
  readonly #stateFile: string;
  readonly #state: PartState;
  readonly #touching: NodeJS.Timeout;
  readonly #handles = new Map<number, { handle: Promise<FileHandle>; users: number }>();
  #done = 0;
  #writes = 0;
  readonly #queue: Waiting[] = [];
  #soon: NodeJS.Timeout | undefined;
  #unsynced = 0;
  #syncing = false;
  #closed = false;
  #closing: Promise<void> | undefined;

  private constructor(spec: PartSpec, file: PartFile, stateFile: string, state: PartState) {
    this.spec = spec;
    this.first = firstBlocks(spec.files);
    this.blocks = this.first.at(-1)!;
    this.size = sizeOf(spec.files);
    this.#at = file.path;
    this.#file = file;
    this.#stateFile = stateFile;
    this.#state = state;
    this.#touching = setInterval(() => {
      state.touch().catch(() => undefined); // only a hint to others
    }, TOUCH_MS);
  }

  /** Whether a transfer of these files was begun before: it can go on without asking. */
  static async exists(spec: PartSpec): Promise<boolean> {
    const head = await PartState.peek(stateFileOf(spec));
    return head !== undefined && (await isThere(head.part));
  }

  /** Removes what is there of these files, where nobody receives them now. */
  static async discard(spec: PartSpec): Promise<void> {
    const stateFile = stateFileOf(spec);
    const head = await PartState.peek(stateFile);
    if (!head || inUse.has(stateFile) || (await isOwned(stateFile))) return;
    if (await isThere(head.part)) await rm(head.part.path, { recursive: true, force: true });
    await rm(stateFile, { force: true });
  }

  /** Removes states whose parts have been gone for long. */
  static async sweep(states: string): Promise<void> {
    const names = await readdir(states).catch(() => []); // no folder, no state
    for (const name of names.filter((each) => each.endsWith(STATE))) {
      const file = join(states, name);
      const [head, stats] = [await PartState.peek(file), await lstat(file).catch(() => undefined)];
      const isOld = stats !== undefined && Date.now() - stats.mtimeMs > KEEP_STATE_MS;
      if (isOld && !(head && (await isThere(head.part)))) await rm(file, { force: true });
    }
  }

  /**
   * Goes on with what is there, or begins. What is there is hashed once more.
   * @param onProgress bytes hashed so far
   * @throws Failure TOO_LARGE where the disk has too little space, CONFLICT where it is being received already,
   * STORE_FAILED; the signal's reason
   */
  static async open(
    spec: PartSpec,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
  ): Promise<Part> {
    const stateFile = stateFileOf(spec);
    if (inUse.has(stateFile)) throw alreadyReceived(spec);
    inUse.add(stateFile);
    let part: Part | undefined;
    try {
      await mkdir(spec.into, { recursive: true });
      await makePrivateFolder(spec.states);
      const head = await settledHead(spec, stateFile, signal);
      const [file, state] = head ? [head.part, await goOn(spec, stateFile, head)] : await begin(spec, stateFile);
      part = new Part(spec, file, stateFile, state);
      try {
        if (head) await part.#rehash(signal, onProgress);
        await part.#checkSpace();
      } catch (error) {
        if (head) await part.close();
        else await part.remove();
        throw error;
      }
      return part;
    } catch (cause) {
      if (!part) inUse.delete(stateFile);
      throw storeFailure(cause, spec);
    }
  }

  /** Bytes that are checked and on the disk. */
  get done(): number {
    return this.#done;
  }

  get complete(): boolean {
    return this.#done === this.size && !this.#someMissing();
  }

  has(block: number): boolean {
    return this.#state.has(block);
  }

  /** Hashes of a file's blocks, as they are on the disk; zeros where there is none. */
  leaves(file: number): Buffer {
    return this.#state.table.subarray(this.first[file]! * HASH_BYTES, this.first[file + 1]! * HASH_BYTES);
  }

  /**
   * Writes a block that is checked. A few at a time; others wait.
   * @returns once content and hash are with the system: from now on no kill of the process loses it
   * @throws Failure STORE_FAILED, for instance where the disk is full
   */
  write(file: number, block: number, content: Uint8Array, leaf: Buffer): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ file, block, content, leaf, resolve, reject });
    });
    if (this.#queue.length >= RUN) this.#pump();
    else this.#soon ??= setTimeout(() => this.#pump(), GATHER_MS);
    return written;
  }

  /** Each call of the system costs as much as hashing a block: blocks that lie behind one another are written in one. */
  #pump(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    while (this.#writes < WRITES && this.#queue.length > 0) {
      const run = [this.#queue.shift()!];
      const { file, block } = run[0]!;
      while (run.length < RUN && this.#queue[0]?.file === file && this.#queue[0].block === block + run.length) {
        run.push(this.#queue.shift()!);
      }
      this.#writes += 1;
      void this.#writeRun(file, run).finally(() => {
        this.#writes -= 1;
        if (this.#queue.length >= RUN || !this.#soon) this.#pump();
      });
    }
  }

  /** Never rejects: whoever waits for a block is told. */
  async #writeRun(file: number, run: readonly Waiting[]): Promise<void> {
    const { block } = run[0]!;
    try {
      const contents = run.map(({ content }) => content);
      await this.#use(file, (handle) => writeAll(handle, contents, block * BLOCK_BYTES));
      const fresh = run.filter((one) => !this.#state.has(this.first[file]! + one.block));
      await Promise.all(run.map((one) => this.#state.record(this.first[file]! + one.block, one.leaf)));
      for (const { content } of fresh) this.#done += content.length;
      for (const { content } of run) this.#unsynced += content.length;
      for (const { resolve } of run) resolve();
      if (this.#unsynced >= SYNC_BYTES) this.#sync(file);
    } catch (cause) {
      for (const { reject } of run) reject(storeFailure(cause, this.spec));
    }
  }

  /** @param block in the row of all blocks */
  async forget(block: number): Promise<void> {
    if (!this.#state.has(block)) return;
    const { file, at } = this.place(block);
    this.#done -= blockBytes(this.spec.files[file]!.size, at);
    await this.#state.forget(block);
  }

  /** File, and number within it, of a block in the row of all blocks. */
  place(block: number): { file: number; at: number } {
    let [low, high] = [0, this.first.length - 2];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.first[middle]! <= block) low = middle;
      else high = middle - 1;
    }
    return { file: low, at: block - this.first[low]! };
  }

  /**
   * Makes it the user's: synced, under a name that nothing has yet.
   * @returns the whole path
   * @throws Failure STORE_FAILED
   */
  async finish(): Promise<string> {
    try {
      await this.#makeEmptyFiles();
      await this.#closeFiles();
      await this.#syncAll();
      if (!(await isThere(this.#file))) throw replaced(this.#at);
      const saved = this.spec.folder ? await this.#placeFolder() : await this.#placeFile();
      await this.#release();
      await rm(this.#stateFile, { force: true });
      await syncFolder(this.spec.into);
      return saved;
    } catch (cause) {
      throw storeFailure(cause, this.spec);
    }
  }

  /** Keeps everything for later. */
  close(): Promise<void> {
    this.#closing ??= this.#closeFiles().then(() => this.#release());
    return this.#closing;
  }

  async remove(): Promise<void> {
    await this.close();
    if (await isThere(this.#file)) await rm(this.#at, { recursive: true, force: true });
    await rm(this.#stateFile, { force: true });
  }

  async #release(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#touching);
    await this.#state.close();
    inUse.delete(this.#stateFile);
  }

  #someMissing(): boolean {
    for (let block = 0; block < this.blocks; block += 1) if (!this.#state.has(block)) return true;
    return false;
  }

  #path(file: number): string {
    return this.spec.folder ? join(this.#at, ...this.spec.files[file]!.path.split('/')) : this.#at;
  }

  /** Keeps the files used last open. */
  async #use<T>(file: number, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    let entry = this.#handles.get(file);
    this.#handles.delete(file);
    entry ??= { handle: this.#openFile(file), users: 0 };
    this.#handles.set(file, entry);
    entry.users += 1;
    try {
      const handle = await entry.handle.catch((cause) => {
        if (this.#handles.get(file) === entry) this.#handles.delete(file); // what was in the way may go
        throw cause;
      });
      return await work(handle);
    } finally {
      entry.users -= 1;
      await this.#closeSome();
    }
  }

  async #closeSome(): Promise<void> {
    for (const [file, { handle, users }] of this.#handles) {
      if (this.#handles.size <= OPEN_FILES) return;
      if (users > 0) continue;
      this.#handles.delete(file);
      const opened = await handle.catch(() => undefined); // told to whoever used it
      await opened?.close();
    }
  }

  async #openFile(file: number): Promise<FileHandle> {
    const path = this.#path(file);
    if (this.spec.folder) await this.#makeFolders(file);
    return openForUpdate(path, { create: true });
  }

  /** One by one, so that no link that lies in the way is followed. */
  async #makeFolders(file: number): Promise<void> {
    let folder = this.#at;
    for (const segment of this.spec.files[file]!.path.split('/').slice(0, -1)) {
      folder = join(folder, segment);
      try {
        await mkdir(folder, { mode: 0o700 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
        if ((await lstat(folder)).isDirectory()) continue;
        throw new Failure('STORE_FAILED', `${folder} is in the way and is no folder. Move it away, then try again.`, {
          data: { folder },
        });
      }
    }
  }

  async #makeEmptyFiles(): Promise<void> {
    for (const [file, { size }] of this.spec.files.entries())
      if (size === 0) await this.#use(file, async () => undefined);
  }

  async #closeFiles(): Promise<void> {
    const entries = [...this.#handles.values()];
    this.#handles.clear();
    for (const { handle } of entries) {
      const opened = await handle.catch(() => undefined); // told to whoever used it
      await opened?.close();
    }
  }

  /** In the background, so that a power cut takes little. */
  #sync(file: number): void {
    if (this.#syncing) return;
    this.#syncing = true;
    this.#unsynced = 0;
    this.#use(file, (handle) => handle.datasync())
      .then(() => this.#state.sync())
      .catch(() => undefined) // the sync at the end tells
      .finally(() => {
        this.#syncing = false;
      });
  }

  async #syncAll(): Promise<void> {
    const queue = this.spec.files.keys();
    const work = async () => {
      for (const file of queue) {
        const handle = await openForUpdate(this.#path(file));
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
    };
    await Promise.all([work(), work(), work(), work()]);
  }

  /** A hard link takes a name only where it is free, in one step. */
  async #placeFile(): Promise<string> {
    for (let number = 0; number <= MAX_NUMBER; number += 1) {
      const target = join(this.spec.into, numbered(this.spec.name, number));
      try {
        await link(this.#at, target);
        await unlink(this.#at);
        return target;
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === 'EEXIST') {
          if (!(await sameFile(this.#at, target))) continue;
          await unlink(this.#at); // killed between the two steps, the time before
          return target;
        }
        if (code === 'ENOENT') throw cause;
        if (await reserved(target)) return await moveTo(this.#at, target); // no links on this file system
      }
    }
    throw noName(this.spec);
  }

  async #placeFolder(): Promise<string> {
    for (let number = 0; number <= MAX_NUMBER; number += 1) {
      const target = join(this.spec.into, numbered(this.spec.name, number));
      try {
        await mkdir(target, { mode: 0o700 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw cause;
      }
      if (process.platform === 'win32') await rmdir(target); // where nothing is moved onto a folder, even an empty one
      await rename(this.#at, target);
      return target;
    }
    throw noName(this.spec);
  }

  /** What counts is what is on the disk now. */
  async #rehash(signal?: AbortSignal, onProgress?: (bytes: number) => void): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    for (let block = 0; block < this.blocks; block += 1) {
      if (!this.#state.has(block)) continue;
      signal?.throwIfAborted();
      const { file, at } = this.place(block);
      const length = blockBytes(this.spec.files[file]!.size, at);
      const content = await this.#use(file, (handle) => readBlock(handle, buffer.subarray(0, length), at));
      const recorded = this.#state.table.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES);
      if (content && leafOf(content).equals(recorded)) this.#done += length;
      else await this.#state.forget(block);
      onProgress?.(this.#done);
    }
  }

  async #checkSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.spec.into);
    const needed = this.size - this.#done + this.blocks * HASH_BYTES;
    const free = bavail * bsize;
    if (needed <= free) return;
    throw new Failure(
      'TOO_LARGE',
      `${this.spec.name} needs ${needed} bytes, and ${this.spec.into} has ${free} left. Make room, or choose another folder.`,
      { data: { folder: this.spec.into, needed, free } },
    );
  }
}

/**
 * What an earlier transfer of these files recorded; undefined where this one begins. What cannot be gone on with is
 * removed: a damaged state, or one whose part is gone or was replaced by something else.
 * @throws Failure CONFLICT where another process receives them
 */
async function settledHead(
  spec: PartSpec,
  stateFile: string,
  signal: AbortSignal | undefined,
): Promise<PartStateHead | undefined> {
  await letGo(stateFile, signal);
  if (await isOwned(stateFile)) throw alreadyReceived(spec);
  const head = await PartState.peek(stateFile);
  if (head && head.identity === identityOf(spec) && (await isThere(head.part))) return head;
  await rm(stateFile, { force: true });
  return undefined;
}

async function begin(spec: PartSpec, stateFile: string): Promise<[file: PartFile, state: PartState]> {
  for (let number = 0; number <= MAX_NUMBER; number += 1) {
    const at = `${join(spec.into, numbered(spec.name, number))}${PART}`;
    if (!(await makePart(at, spec.folder))) continue;
    try {
      const file = { path: at, fingerprint: await fingerprintOf(at) };
      return [file, await PartState.create(stateFile, identityOf(spec), file, firstBlocks(spec.files).at(-1)!)];
    } catch (cause) {
      await rm(at, { recursive: true, force: true });
      // Another process began at the same moment.
      throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyReceived(spec) : cause;
    }
  }
  throw noName(spec);
}

/** @returns false where something has the name */
async function makePart(at: string, folder: boolean): Promise<boolean> {
  try {
    if (folder) await mkdir(at, { mode: 0o700 });
    else await (await createExclusive(at)).close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

function goOn(spec: PartSpec, stateFile: string, head: PartStateHead): Promise<PartState> {
  return PartState.resume(stateFile, head, firstBlocks(spec.files).at(-1)!);
}

/** Whether another process has it. A state without a whole head may be one that another process makes now. */
async function isOwned(stateFile: string): Promise<boolean> {
  const head = await PartState.peek(stateFile);
  if (head) return head.pid !== process.pid && Date.now() - head.touchedAt < OWNED_MS && isAlive(head.pid);
  const stats = await lstat(stateFile).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs < ENDING_MS;
}

/** Waits for an owner that is about to end, as it is when its client was killed. */
async function letGo(stateFile: string, signal?: AbortSignal): Promise<void> {
  for (const until = performance.now() + ENDING_MS; performance.now() < until; await sleep(ENDING_POLL_MS)) {
    signal?.throwIfAborted();
    if (!(await isOwned(stateFile))) return;
  }
}

/** Where the state of these files is, for this folder. */
function stateFileOf(spec: PartSpec): string {
  const key = createHash('sha256').update(JSON.stringify([resolve(spec.into), identityOf(spec)]));
  return join(spec.states, `${key.digest('hex')}${STATE}`);
}

async function fingerprintOf(path: string): Promise<string> {
  const { ino, birthtimeNs } = await lstat(path, { bigint: true });
  return `${ino} ${birthtimeNs}`;
}

/** Whether a part is still what it was when its state was made. */
async function isThere({ path, fingerprint }: PartFile): Promise<boolean> {
  return (await fingerprintOf(path).catch(() => undefined)) === fingerprint;
}

/** What makes two transfers one: a root says all about a file; without one, who offers it, and how it looks there. */
function identityOf({ from, folder, name, files }: PartSpec): string {
  const rooted = files.every(({ root }) => root !== null);
  const rows = files.map(({ path, size, modified, root }) => {
    if (root === null) return [path, size, modified];
    return folder ? [path, size, root] : [size, root];
  });
  return JSON.stringify(rooted && !folder ? rows : [from, name, folder, rows]);
}

function firstBlocks(files: readonly FileSpec[]): number[] {
  const first = [0];
  for (const { size } of files) first.push(first.at(-1)! + blocksIn(size));
  return first;
}

function sizeOf(files: readonly FileSpec[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** Undefined where the file ends before. */
async function readBlock(handle: FileHandle, into: Buffer, block: number): Promise<Buffer | undefined> {
  for (let got = 0; got < into.length; ) {
    const { bytesRead } = await handle.read(into, got, into.length - got, block * BLOCK_BYTES + got);
    if (bytesRead === 0) return undefined;
    got += bytesRead;
  }
  return into;
}

/** Writes all of it: the system may take less at once, when the disk is nearly full. */
async function writeAll(handle: FileHandle, contents: readonly Uint8Array[], at: number): Promise<void> {
  const { bytesWritten: first } = await handle.writev(contents, at);
  let before = 0;
  for (const content of contents) {
    const done = Math.min(content.length, Math.max(0, first - before));
    if (done < content.length) await writeFully(handle, content.subarray(done), at + before + done);
    before += content.length;
  }
}

async function sameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
  return one.ino === other.ino && one.dev === other.dev && one.ino !== 0n;
}

/** False where something has the name. */
async function reserved(target: string): Promise<boolean> {
  try {
    await (await createExclusive(target)).close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

async function moveTo(from: string, target: string): Promise<string> {
  await rename(from, target);
  return target;
}

/** So that the new name survives a power cut. Not every system opens folders. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function alreadyReceived({ name }: PartSpec): Failure {
  return new Failure('CONFLICT', `${name} is being received already. Wait for it, or cancel that transfer.`);
}

function replaced(path: string): Failure {
  return new Failure(
    'STORE_FAILED',
    `${path} was moved, or something else has its name now, so it cannot be finished. Start the transfer again.`,
    { data: { path } },
  );
}

function noName({ name, into }: PartSpec): Failure {
  return new Failure('STORE_FAILED', `There are ${MAX_NUMBER} files like ${name} in ${into}. Move some away.`, {
    data: { folder: into },
  });
}

function storeFailure(cause: unknown, { into, name }: PartSpec): unknown {
  if (cause instanceof Failure) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (typeof code !== 'string') return cause;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const message = full
    ? `The disk of ${into} is full. What is there of ${name} is kept: make room, then start the transfer again.`
    : `${name} cannot be saved in ${into} (${code}). Check the folder, then start the transfer again.`;
  return new Failure('STORE_FAILED', message, { cause, data: { folder: into, full } });
}
