import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AbstractChainedBatch, AbstractLevel } from 'abstract-level';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import { createExclusive } from '../private-file.ts';
import type { Reserve } from './reserve.ts';

export type Write = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

export interface Range {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

type Database = AbstractLevel<string | Buffer | Uint8Array, string, string>;

const PAGE = 1000;
/**
 * Where a fetch of entries ends before its page is full. LevelDB's own 16 KiB would have a chart wait for a thread
 * sixty times.
 */
const PAGE_BYTES = { highWaterMarkBytes: 512 * 1024 };

/** Readers that are under way get this long to end before the store is closed under them to be opened again. */
const READERS_MS = 1000;

export interface StoreOptions {
  /** The folder of this machine that it lies in, where it does. */
  readonly location?: string;
  /** Given up when the disk is too full to open the store. */
  readonly reserve?: Reserve;
}

/** LevelDB as goldctl uses it: text keys and values, synchronous reads of single keys, atomic batches. */
export class Store {
  readonly #db: Database;
  readonly #location: string | undefined;
  readonly #reserve: Reserve | undefined;
  #isReserveReleased = false;
  /** Why nothing is written, since a write failed. */
  #refusal: Failure | undefined;
  #reopening: Promise<void> | undefined;
  /** Iterators that are open. */
  #readers = 0;
  #readersGone: Deferred<void> | undefined;
  #refused: ((failure: Failure) => void) | undefined;
  /** Settles with the last write that was begun. */
  #writing: Promise<void> = Promise.resolve();
  /** What can be read and is not written; the latest of each key. */
  #staged = new Map<string, Write>();
  /** What of it is being written. */
  #flushing: ReadonlyMap<string, Write> | undefined;
  #flushed: Promise<void> = Promise.resolve();

  constructor(db: Database, { location, reserve }: StoreOptions = {}) {
    this.#db = db;
    this.#reserve = reserve;
    this.#location = location;
  }

  /**
   * A store in a folder of this machine.
   * @param location made where it is missing
   */
  static async at(location: string, options: Pick<StoreOptions, 'reserve'> = {}): Promise<Store> {
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
   * Joins what is left of a store that cannot be opened, for LevelDB to open it again. What it cannot read is gone.
   * @throws Failure STORE_FAILED
   */
  static async rejoin(location: string): Promise<void> {
    const { Level } = await import('level');
    try {
      // `level` is classic-level in Node; its types are those of browsers too, which have nothing to repair.
      await (Level as unknown as { repair(location: string): Promise<void> }).repair(location);
    } catch (cause) {
      throw new Failure('STORE_FAILED', `Of the data folder nothing can be read: ${reasonOf(cause)}.`, {
        cause,
      });
    }
  }

  /** Why nothing is written at present; undefined while all is well. */
  get refusal(): Failure | undefined {
    return this.#refusal;
  }

  /** `listener` is told of the write that failed, and not of those that are refused after it. */
  onRefusal(listener: (failure: Failure) => void): void {
    this.#refused = listener;
  }

  /**
   * On a disk that is too full for it, the reserve is given up: then all can be read, and writes are refused until
   * `reopen` has it back.
   * @throws Failure DATA_LOCKED when another process has it open, STORE_FAILED when it cannot be read
   */
  async open(): Promise<void> {
    this.#staged.clear();
    this.#flushed = Promise.resolve();
    this.#refusal = undefined;
    try {
      await this.#open();
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.code !== 'STORE_FAILED' || !(await this.#reserve?.release())) throw failure;
      this.#isReserveReleased = true;
      await this.#open();
      this.#refusal = new Failure(
        'STORE_FAILED',
        'The disk of the data folder is full. What is stored can be read, and nothing is written until there is room; ' +
          'the daemon tries again by itself.',
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
        throw new Failure(
          'DATA_LOCKED',
          'Another daemon uses this data folder. Stop it, or give this one a folder of its own by GOLDCTL_HOME.',
          { cause },
        );
      }
      throw new Failure('STORE_FAILED', `The data folder cannot be opened: ${reasonOf(cause)}.`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => {}); // told to who asked for it
    await this.#db.close();
  }

  /**
   * Makes a store writable again that refuses writes: closed and opened, LevelDB reads its log up to the tear, keeps
   * what it found in a table (synced, so that nothing hangs on a sync that failed) and begins a new log, which takes
   * what is staged. While it cannot work, it is not closed: an open that fails would take the readers their data.
   * Ranges that begin meanwhile wait for it; a range that does not end soon, and single reads, throw NOT_AVAILABLE.
   * @param check reads whether what is found is what was acknowledged; what it throws is why nothing is written still
   * @throws Failure STORE_FAILED, and what `check` throws
   */
  async reopen(check: () => Promise<void>): Promise<void> {
    const refusal = this.#refusal;
    if (!refusal) return;
    if (this.#location !== undefined && this.#db.status === 'open') await probe(this.#location);
    if (this.#isReserveReleased) await this.#restoreReserve();
    try {
      this.#reopening = this.#cycle();
      await this.#reopening.finally(() => {
        this.#reopening = undefined;
      });
      await check();
      this.#refusal = undefined;
    } catch (thrown) {
      this.#refusal = Failure.from(thrown);
      throw this.#refusal;
    }
  }

  async #restoreReserve(): Promise<void> {
    try {
      await this.#reserve?.restore();
      this.#isReserveReleased = false;
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  async #cycle(): Promise<void> {
    if (this.#readers > 0 && this.#db.status === 'open') {
      this.#readersGone = deferred();
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, READERS_MS);
      });
      await Promise.race([this.#readersGone.promise, patience]);
      clearTimeout(timer);
      this.#readersGone = undefined;
    }
    await this.#db.close();
    await this.#open();
    try {
      await this.#batch(this.#staged.values()).write({ sync: true } as object);
      this.#staged.clear();
      this.#flushed = Promise.resolve();
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  /** Takes everything out. @throws Failure STORE_FAILED */
  async clear(): Promise<void> {
    try {
      await this.#db.clear();
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  /** @throws Failure NOT_AVAILABLE while it is opened again, STORE_FAILED when the disk does not give it */
  get(key: string): string | undefined {
    const staged = this.#staged.get(key) ?? this.#flushing?.get(key);
    if (staged) return staged.type === 'put' ? staged.value : undefined;
    try {
      // classic-level 3.0.0 writes a text key into a buffer that it enlarges too late: where a character of several
      // bytes does not fit, it looks up the key without it. Keys as bytes take 2 µs more, so only those go that way.
      if (Buffer.byteLength(key) === key.length) return this.#db.getSync(key);
      return this.#db.getSync<Buffer, string>(Buffer.from(key), { keyEncoding: 'buffer' });
    } catch (cause) {
      throw this.#unread(cause);
    }
  }

  /** As `get`, and the value is JSON. */
  read<T>(key: string): T | undefined {
    const text = this.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  /**
   * All entries of a range as of now.
   * @param page how many are fetched at a time: few where the reader is likely to stop early
   */
  async *range(range: Range, page = PAGE): AsyncGenerator<[string, string]> {
    for await (const entries of this.pages(range, page)) yield* entries;
  }

  /** As `range`, by the page: for those who read thousands, and would wait for each. */
  async *pages(range: Range, page = PAGE): AsyncGenerator<[string, string][]> {
    await this.#settled();
    const options = { ...range, ...PAGE_BYTES };
    yield* this.#paged(() => this.#db.iterator(options), page) as AsyncGenerator<[string, string][]>;
  }

  /** The entries of a range that is known to be small enough to hold. */
  async entries(range: Range): Promise<[string, string][]> {
    const all: [string, string][] = [];
    for await (const page of this.pages(range)) all.push(...page);
    return all;
  }

  /** Keys alone, a page at a time. */
  async *keysOf(range: Range): AsyncGenerator<string> {
    await this.#settled();
    const options = { ...range, ...PAGE_BYTES };
    for await (const page of this.#paged(() => this.#db.keys(options), PAGE)) yield* page as string[];
  }

  /** Waits until LevelDB is open, and has what is staged, or does not get it. */
  async #settled(): Promise<void> {
    if (this.#reopening) await this.#reopening.catch(() => {});
    await this.flush().catch(() => {}); // what is there is read all the same
  }

  async *#paged(open: () => Pages, page: number): AsyncGenerator<unknown[]> {
    this.#readers += 1;
    let iterator: Pages | undefined;
    try {
      iterator = open();
      for (;;) {
        const entries = await iterator.nextv(page);
        if (entries.length === 0) return;
        yield entries;
      }
    } catch (cause) {
      throw this.#unread(cause);
    } finally {
      await iterator?.close();
      this.#readers -= 1;
      if (this.#readers === 0) this.#readersGone?.resolve();
    }
  }

  #unread(cause: unknown): Failure {
    if (cause instanceof Failure) return cause;
    const code = (cause as { code?: string }).code ?? '';
    if (NOT_OPEN.has(code)) {
      return new Failure('NOT_AVAILABLE', 'The data folder is being opened again. Try again in a moment.', { cause });
    }
    return new Failure('STORE_FAILED', `The data folder cannot be read: ${reasonOf(cause)}.`, { cause });
  }

  /**
   * Writes all or nothing; `sync` resolves only once it is on the disk.
   *
   * A write that failed (a full disk) leaves LevelDB's log torn, and whatever LevelDB appends to a torn log and
   * confirms is gone at the next open. So the first failure is the last write: all further ones are refused until
   * `reopen`. Whether the one that failed is there then is not known before.
   * @throws Failure STORE_FAILED
   */
  async write(writes: Iterable<Write>, { sync }: { sync: boolean }): Promise<void> {
    if (this.#refusal) throw this.#refusal;
    const before = this.#writing;
    const turn = deferred();
    this.#writing = turn.promise;
    try {
      const batch = this.#batch(writes);
      // One at a time: else one could be confirmed that went to the log behind one that tore it.
      await before;
      if (this.#refusal) {
        await batch.close();
        throw this.#refusal;
      }
      await batch.write({ sync } as object);
    } catch (cause) {
      if (cause === this.#refusal) throw cause;
      const failure = unwritable(cause);
      if (this.#db.status === 'open') {
        this.#refusal = failure;
        this.#refused?.(failure);
      }
      throw failure;
    } finally {
      turn.resolve();
    }
  }

  /**
   * Has it read at once, and written with all else that is staged by the next `flush`, all or nothing, or by the next
   * range: for what is durable elsewhere.
   */
  stage(writes: Iterable<Write>): void {
    for (const write of writes) this.#staged.set(write.key, write);
  }

  /** How many writes are staged. */
  get staged(): number {
    return this.#staged.size;
  }

  /**
   * Resolves once LevelDB has what is staged, without a sync. What it does not take stays staged, and is written by
   * `reopen`: until then single reads find it, and ranges do not.
   * @throws Failure STORE_FAILED
   */
  flush(): Promise<void> {
    if (this.#staged.size > 0) this.#flushed = this.#flush(this.#flushed);
    return this.#flushed;
  }

  async #flush(before: Promise<void>): Promise<void> {
    await before.catch(() => {}); // told to who waited for it
    const staged = this.#staged;
    this.#staged = new Map();
    this.#flushing = staged;
    try {
      await this.write(staged.values(), { sync: false });
    } catch (failure) {
      this.#staged = new Map([...staged, ...this.#staged]);
      throw failure;
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Chained: an array of operations is copied and completed one by one, which takes ten times as long. */
  #batch(writes: Iterable<Write>): AbstractChainedBatch<Database, string, string> {
    const batch = this.#db.batch();
    for (const write of writes) {
      if (write.type === 'put') batch.put(write.key, write.value);
      else batch.del(write.key);
    }
    return batch;
  }
}

type Pages = { nextv(size: number): Promise<unknown[]>; close(): Promise<void> };

/** What a read says that comes to a store that is closed. */
const NOT_OPEN = new Set(['LEVEL_DATABASE_NOT_OPEN', 'LEVEL_ITERATOR_NOT_OPEN']);

/** An open makes a table of the log, and a log and a manifest anew: there must be room for that, and for some writes. */
const PROBE_BYTES = 1024 * 1024;

/** @throws Failure STORE_FAILED when the folder does not take what an open writes */
async function probe(location: string): Promise<void> {
  const file = join(location, 'probe');
  try {
    let bytes = PROBE_BYTES;
    for (const name of await readdir(location)) {
      if (name.endsWith('.log') || name.startsWith('MANIFEST-')) bytes += (await stat(join(location, name))).size;
    }
    await rm(file, { force: true }); // one that a killed daemon left
    const handle = await createExclusive(file);
    try {
      const chunk = Buffer.alloc(64 * 1024, 1); // zeros may take no room
      for (let written = 0; written < bytes; ) written += (await handle.write(chunk)).bytesWritten;
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unwritable(cause);
  } finally {
    await rm(file, { force: true }).catch(() => {}); // where it cannot be removed, it could not be made
  }
}

function unwritable(cause: unknown): Failure {
  return new Failure(
    'STORE_FAILED',
    `The data folder cannot be written: ${reasonOf(cause)}. Nothing is stored until it can; the daemon tries ` +
      'again by itself. See that the disk has room and works.',
    { cause },
  );
}

/** What LevelDB or the system says, without the paths in it: strangers are told too. The log has the cause itself. */
function reasonOf(cause: unknown): string {
  const parts = (cause as Error).message.replace(/, \w+( '.*')?$/s, '').split(': ');
  return parts.filter((part) => !/[\\/]/.test(part)).join(': ') || 'the system does not say why';
}
