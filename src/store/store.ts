import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AbstractChainedBatch, AbstractLevel } from 'abstract-level';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { createExclusive } from '../private-file.ts';
import type { DiskReserve } from './disk-reserve.ts';

export type StoreWrite = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

export interface KeyRange {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

type Database = AbstractLevel<string | Buffer | Uint8Array, string, string>;

const PAGE_ENTRIES = 1000;
/** Size limit of a page. With LevelDB's default of 16 KiB, a chart would wait for a thread sixty times. */
const PAGE_READ_OPTIONS = { highWaterMarkBytes: 512 * 1024 };

/** How long `reopen` waits for open iterators before it closes the store anyway. */
const READER_DRAIN_TIMEOUT_MS = 1000;

export interface StoreOptions {
  /** Folder of the store, if it is on disk. */
  readonly location?: string;
  /** Released if the disk is too full to open the store. */
  readonly reserve?: DiskReserve;
}

/** LevelDB as goldctl uses it: text keys and values, synchronous reads of single keys, atomic batches. */
export class Store {
  readonly #db: Database;
  readonly #location: string | undefined;
  readonly #reserve: DiskReserve | undefined;
  #isReserveReleased = false;
  /** Why writes are rejected, after a write failed. */
  #writeError: AppError | undefined;
  #reopenPromise: Promise<void> | undefined;
  #openIterators = 0;
  #readersDrained: Deferred<void> | undefined;
  #onWriteError: ((failure: AppError) => void) | undefined;
  /** Settles with the most recently started write. */
  #lastWrite: Promise<void> = Promise.resolve();
  /** Readable but not yet written; the latest write of each key. */
  #staged = new Map<string, StoreWrite>();
  /** Staged writes that are being written. */
  #flushingWrites: ReadonlyMap<string, StoreWrite> | undefined;
  #lastFlush: Promise<void> = Promise.resolve();

  constructor(db: Database, { location, reserve }: StoreOptions = {}) {
    this.#db = db;
    this.#reserve = reserve;
    this.#location = location;
  }

  /** @param location created if it is missing */
  static async inFolder(location: string, options: Pick<StoreOptions, 'reserve'> = {}): Promise<Store> {
    const { Level } = await import('level');
    const level = new Level<string, string>(location, {
      keyEncoding: 'utf8',
      valueEncoding: 'utf8',
      writeBufferSize: 4 * 1024 * 1024,
      cacheSize: 16 * 1024 * 1024,
    });
    return new Store(level as unknown as Database, { location, ...options });
  }

  /**
   * Rebuilds a store that cannot be opened from its readable files. Unreadable data is lost.
   * @throws AppError STORE_FAILED
   */
  static async repairDatabase(location: string): Promise<void> {
    const { Level } = await import('level');
    try {
      // `level` is classic-level in Node. Its types also cover browsers, which have no `repair`.
      await (Level as unknown as { repair(location: string): Promise<void> }).repair(location);
    } catch (cause) {
      throw new AppError('STORE_FAILED', `The data folder cannot be repaired: ${describeCause(cause)}.`, {
        cause,
      });
    }
  }

  /** Why writes are currently rejected; undefined if they are not. */
  get writeError(): AppError | undefined {
    return this.#writeError;
  }

  /** `listener` is called for the write that failed, but not for those rejected after it. */
  onWriteError(listener: (failure: AppError) => void): void {
    this.#onWriteError = listener;
  }

  /**
   * If the disk is full, releases the reserve: then everything can be read, and writes are rejected until `reopen`
   * restores the reserve.
   * @throws AppError DATA_LOCKED if another process has it open, STORE_FAILED if it cannot be read
   */
  async open(): Promise<void> {
    this.#staged.clear();
    this.#lastFlush = Promise.resolve();
    this.#writeError = undefined;
    try {
      await this.#open();
    } catch (thrown) {
      const failure = AppError.from(thrown);
      if (failure.code !== 'STORE_FAILED' || !(await this.#reserve?.release())) throw failure;
      this.#isReserveReleased = true;
      await this.#open();
      this.#writeError = new AppError(
        'STORE_FAILED',
        'The disk of the data folder is full. Stored data can be read; writes are rejected until there is free space. ' +
          'The daemon retries automatically.',
        { cause: failure },
      );
    }
  }

  async #open(): Promise<void> {
    try {
      await this.#db.open();
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      if ((cause as { code?: string }).code === 'LEVEL_LOCKED') {
        throw new AppError(
          'DATA_LOCKED',
          'Another daemon is using this data folder. Stop it, or set GOLDCTL_HOME to another folder.',
          { cause },
        );
      }
      throw new AppError('STORE_FAILED', `The data folder cannot be opened: ${describeCause(cause)}.`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#reopenPromise?.catch(() => {}); // reported to the caller of reopen
    await this.#db.close();
  }

  /**
   * Makes the store writable again after a failed write. Closes and reopens LevelDB: it replays its log up to the
   * damage, writes the result to a table (synced, so that nothing depends on a failed sync) and starts a new log, which
   * gets the staged writes. If the disk still fails, does not close LevelDB, because a failed open would also stop
   * readers. Meanwhile new ranges wait; ranges that do not end soon and single reads throw NOT_AVAILABLE.
   * @param check verifies that the acknowledged data is there; if it throws, writes stay rejected
   * @throws AppError STORE_FAILED, and errors of `check`
   */
  async reopen(check: () => Promise<void>): Promise<void> {
    if (!this.#writeError) return;
    if (this.#location !== undefined && this.#db.status === 'open') await probeFreeSpace(this.#location);
    if (this.#isReserveReleased) await this.#restoreReserve();
    try {
      this.#reopenPromise = this.#closeAndReopen();
      await this.#reopenPromise.finally(() => {
        this.#reopenPromise = undefined;
      });
      await check();
      this.#writeError = undefined;
    } catch (thrown) {
      this.#writeError = AppError.from(thrown);
      throw this.#writeError;
    }
  }

  async #restoreReserve(): Promise<void> {
    await this.#reserve?.create().catch(throwStoreWriteError);
    this.#isReserveReleased = false;
  }

  async #closeAndReopen(): Promise<void> {
    if (this.#openIterators > 0 && this.#db.status === 'open') {
      this.#readersDrained = deferred();
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, READER_DRAIN_TIMEOUT_MS);
      });
      await Promise.race([this.#readersDrained.promise, timeout]);
      clearTimeout(timer);
      this.#readersDrained = undefined;
    }
    await this.#db.close();
    await this.#open();
    await this.#batch(this.#staged.values())
      .write({ sync: true } as object)
      .catch(throwStoreWriteError);
    this.#staged.clear();
    this.#lastFlush = Promise.resolve();
  }

  /** Deletes everything. @throws AppError STORE_FAILED */
  async clear(): Promise<void> {
    await this.#db.clear().catch(throwStoreWriteError);
  }

  /** @throws AppError NOT_AVAILABLE while the store is being reopened, STORE_FAILED if it cannot be read */
  get(key: string): string | undefined {
    const staged = this.#staged.get(key) ?? this.#flushingWrites?.get(key);
    if (staged) return staged.type === 'put' ? staged.value : undefined;
    try {
      // classic-level 3.0.0 enlarges its buffer for text keys too late; multi-byte characters that do not fit are lost.
      // Binary keys take 2 µs more, so they are used only for keys with multi-byte characters.
      if (Buffer.byteLength(key) === key.length) return this.#db.getSync(key);
      return this.#db.getSync<Buffer, string>(Buffer.from(key), { keyEncoding: 'buffer' });
    } catch (cause) {
      throw this.#readError(cause);
    }
  }

  /** As `get`, parsed as JSON. */
  read<T>(key: string): T | undefined {
    const text = this.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  /**
   * All current entries of a range.
   * @param pageSize entries to fetch at a time; small if the reader is likely to stop early
   */
  async *range(range: KeyRange, pageSize = PAGE_ENTRIES): AsyncGenerator<[string, string]> {
    for await (const entries of this.pages(range, pageSize)) yield* entries;
  }

  /** As `range`, page by page: faster for thousands of entries. */
  async *pages(range: KeyRange, pageSize = PAGE_ENTRIES): AsyncGenerator<[string, string][]> {
    await this.#waitUntilReadable();
    const options = { ...range, ...PAGE_READ_OPTIONS };
    yield* this.#iteratePages(() => this.#db.iterator(options), pageSize) as AsyncGenerator<[string, string][]>;
  }

  /** For a range that is known to fit into memory. */
  async entries(range: KeyRange): Promise<[string, string][]> {
    const all: [string, string][] = [];
    for await (const page of this.pages(range)) all.push(...page);
    return all;
  }

  /** Fetches keys only. */
  async *keysOf(range: KeyRange): AsyncGenerator<string> {
    await this.#waitUntilReadable();
    const options = { ...range, ...PAGE_READ_OPTIONS };
    for await (const page of this.#iteratePages(() => this.#db.keys(options), PAGE_ENTRIES)) yield* page as string[];
  }

  /** Waits until LevelDB is open and the staged writes are in it, or writing them has failed. */
  async #waitUntilReadable(): Promise<void> {
    if (this.#reopenPromise) await this.#reopenPromise.catch(() => {});
    await this.flush().catch(() => {}); // existing data can be read anyway
  }

  async *#iteratePages(open: () => PageIterator, pageSize: number): AsyncGenerator<unknown[]> {
    this.#openIterators += 1;
    let iterator: PageIterator | undefined;
    try {
      iterator = open();
      for (;;) {
        const entries = await iterator.nextv(pageSize);
        if (entries.length === 0) return;
        yield entries;
      }
    } catch (cause) {
      throw this.#readError(cause);
    } finally {
      await iterator?.close();
      this.#openIterators -= 1;
      if (this.#openIterators === 0) this.#readersDrained?.resolve();
    }
  }

  #readError(cause: unknown): AppError {
    if (cause instanceof AppError) return cause;
    const code = (cause as { code?: string }).code ?? '';
    if (NOT_OPEN_CODES.has(code)) {
      return new AppError('NOT_AVAILABLE', 'The data folder is being reopened. Try again in a moment.', { cause });
    }
    return new AppError('STORE_FAILED', `The data folder cannot be read: ${describeCause(cause)}.`, { cause });
  }

  /**
   * Writes all or nothing. With `sync`, resolves once the data is on disk.
   *
   * A failed write (disk full) leaves LevelDB's log damaged, and the next open loses everything that LevelDB appends
   * after the damage, even if confirmed. So after the first failure all writes are rejected until `reopen`. Only then
   * it is known whether the failed write was stored.
   * @throws AppError STORE_FAILED
   */
  async write(writes: Iterable<StoreWrite>, { sync }: { sync: boolean }): Promise<void> {
    if (this.#writeError) throw this.#writeError;
    const previousWrite = this.#lastWrite;
    const currentWrite = deferred();
    this.#lastWrite = currentWrite.promise;
    try {
      const batch = this.#batch(writes);
      // One at a time, so that no write is confirmed that is in the log after a failed one.
      await previousWrite;
      if (this.#writeError) {
        await batch.close();
        throw this.#writeError;
      }
      await batch.write({ sync } as object);
    } catch (cause) {
      if (cause === this.#writeError) throw cause;
      const failure = storeWriteError(cause);
      if (this.#db.status === 'open') {
        this.#writeError = failure;
        this.#onWriteError?.(failure);
      }
      throw failure;
    } finally {
      currentWrite.resolve();
    }
  }

  /**
   * Makes writes readable immediately. The next `flush` or range writes everything staged, all or nothing. For data
   * that is durable elsewhere.
   */
  stage(writes: Iterable<StoreWrite>): void {
    for (const write of writes) this.#staged.set(write.key, write);
  }

  get stagedCount(): number {
    return this.#staged.size;
  }

  /**
   * Writes everything staged, without a sync. If that fails, the writes stay staged for `reopen`; until then single
   * reads see them, but ranges do not.
   * @throws AppError STORE_FAILED
   */
  flush(): Promise<void> {
    if (this.#staged.size > 0) this.#lastFlush = this.#flush(this.#lastFlush);
    return this.#lastFlush;
  }

  async #flush(previousFlush: Promise<void>): Promise<void> {
    await previousFlush.catch(() => {}); // reported to its caller
    const staged = this.#staged;
    this.#staged = new Map();
    this.#flushingWrites = staged;
    try {
      await this.write(staged.values(), { sync: false });
    } catch (failure) {
      this.#staged = new Map([...staged, ...this.#staged]);
      throw failure;
    } finally {
      this.#flushingWrites = undefined;
    }
  }

  /** Chained, because abstract-level copies every operation of an array, which takes ten times as long. */
  #batch(writes: Iterable<StoreWrite>): AbstractChainedBatch<Database, string, string> {
    const batch = this.#db.batch();
    for (const write of writes) {
      if (write.type === 'put') batch.put(write.key, write.value);
      else batch.del(write.key);
    }
    return batch;
  }
}

type PageIterator = { nextv(size: number): Promise<unknown[]>; close(): Promise<void> };

/** Error codes of reads from a closed store. */
const NOT_OPEN_CODES = new Set(['LEVEL_DATABASE_NOT_OPEN', 'LEVEL_ITERATOR_NOT_OPEN']);

/** In addition to the logs and manifests, for a new table, log and manifest, and for later writes. */
const PROBE_BYTES = 1024 * 1024;

/** @throws AppError STORE_FAILED if the folder has no space for what an open writes */
async function probeFreeSpace(location: string): Promise<void> {
  const file = join(location, 'probe');
  try {
    let bytes = PROBE_BYTES;
    for (const name of await readdir(location)) {
      if (name.endsWith('.log') || name.startsWith('MANIFEST-')) bytes += (await stat(join(location, name))).size;
    }
    await rm(file, { force: true }); // left by a killed daemon
    const handle = await createExclusive(file);
    try {
      const chunk = Buffer.alloc(64 * 1024, 1); // some file systems do not store zeros
      for (let written = 0; written < bytes; ) written += (await handle.write(chunk)).bytesWritten;
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw storeWriteError(cause);
  } finally {
    await rm(file, { force: true }).catch(() => {}); // if it cannot be removed, it was not created
  }
}

function storeWriteError(cause: unknown): AppError {
  return new AppError(
    'STORE_FAILED',
    `The data folder cannot be written: ${describeCause(cause)}. Writes are rejected until it can; the daemon retries ` +
      'automatically. Check free space and disk health.',
    { cause },
  );
}

function throwStoreWriteError(cause: unknown): never {
  throw storeWriteError(cause);
}

/** The error text without paths, because it is sent to clients. The log has the original error. */
function describeCause(cause: unknown): string {
  const parts = (cause as Error).message.replace(/, \w+( '.*')?$/s, '').split(': ');
  return parts.filter((part) => !/[\\/]/.test(part)).join(': ') || 'unknown reason';
}
