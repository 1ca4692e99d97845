import type { AbstractLevel } from 'abstract-level';
import { Failure } from '../domain/failure.ts';

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

/** LevelDB as goldctl uses it: text keys and values, synchronous reads of single keys, atomic batches. */
export class Store {
  readonly #db: Database;
  /** Why nothing more is written, once a write failed. */
  #broken: Failure | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * A store in a folder of this machine.
   * @param location made where it is missing
   */
  static async at(location: string): Promise<Store> {
    const { Level } = await import('level');
    return new Store(
      new Level<string, string>(location, {
        keyEncoding: 'utf8',
        valueEncoding: 'utf8',
        writeBufferSize: 4 * 1024 * 1024,
        cacheSize: 16 * 1024 * 1024,
      }) as unknown as Database,
    );
  }

  /** @throws Failure DATA_LOCKED when another process has it open, STORE_FAILED when it cannot be read */
  async open(): Promise<void> {
    try {
      await this.#db.open();
      this.#broken = undefined;
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      if ((cause as { code?: string }).code === 'LEVEL_LOCKED') {
        throw new Failure(
          'DATA_LOCKED',
          'Another daemon uses this data folder. Stop it, or give this one a folder of its own by GOLDCTL_HOME.',
          { cause },
        );
      }
      throw new Failure('STORE_FAILED', `The data folder cannot be opened: ${(cause as Error).message}.`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  get(key: string): string | undefined {
    return this.#db.getSync(key);
  }

  read<T>(key: string): T | undefined {
    const text = this.#db.getSync(key);
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
    const iterator = this.#db.iterator({ ...range, ...PAGE_BYTES });
    try {
      for (;;) {
        const entries = await iterator.nextv(page);
        if (entries.length === 0) return;
        yield entries as [string, string][];
      }
    } finally {
      await iterator.close();
    }
  }

  /** The entries of a range that is known to be small enough to hold. */
  async entries(range: Range): Promise<[string, string][]> {
    return (await this.#db.iterator({ ...range, ...PAGE_BYTES }).all()) as [string, string][];
  }

  /** Keys alone, a page at a time. */
  async *keysOf(range: Range): AsyncGenerator<string> {
    const iterator = this.#db.keys({ ...range, ...PAGE_BYTES });
    try {
      for (;;) {
        const page = await iterator.nextv(PAGE);
        if (page.length === 0) return;
        yield* page as string[];
      }
    } finally {
      await iterator.close();
    }
  }

  /**
   * Writes all or nothing; `sync` resolves only once it is on the disk.
   *
   * A write that failed (a full disk) leaves LevelDB's log torn, and whatever LevelDB appends to a torn log and
   * confirms is gone at the next open. So the first failure is the last write: all further ones fail until the store
   * was closed and opened again, which reads the log up to the tear and begins a new one.
   * @throws Failure STORE_FAILED
   */
  async write(writes: Iterable<Write>, { sync }: { sync: boolean }): Promise<void> {
    if (this.#broken) throw this.#broken;
    try {
      // Chained: an array of operations is copied and completed one by one, which takes ten times as long.
      const batch = this.#db.batch();
      for (const write of writes) {
        if (write.type === 'put') batch.put(write.key, write.value);
        else batch.del(write.key);
      }
      await batch.write({ sync } as object);
    } catch (cause) {
      const failure = new Failure(
        'STORE_FAILED',
        `The data folder cannot be written: ${(cause as Error).message}. Nothing more is stored until the daemon is ` +
          'restarted: see that the disk has room and works, then restart it.',
        { cause },
      );
      if (this.#db.status === 'open') this.#broken = failure;
      throw failure;
    }
  }
}
