import { Buffer } from 'node:buffer';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { createExclusive, openForUpdate } from '../private-file.ts';
import { HASH_BYTES } from './hash-tree.ts';

/**
 * What says which blocks of a `.part` are checked: `gctlpart`, version u32, length u32 of the text at 32, pid of its owner
 * u32; the text: a line of JSON that tells the part's file, then the identity of the transfer; from the next multiple of
 * 4096, 32 bytes for each block: its hash once its content is checked and written, else zeros. Written in place, content
 * first: as pages stay in the system's memory when a process is killed, a recorded block is there; and as a block counts
 * after a restart only when what is on the disk has the recorded hash, none is believed that a power cut took.
 *
 * It lies in a private folder and not beside the part: there, files of other members arrive too, and one that looks like
 * a state could name a file of the user's own as its part.
 */
const MAGIC = Buffer.from('gctlpart');
const VERSION = 2;
const PID_AT = 16;
const TEXT_AT = 32;
const PAGE = 4096;
const MAX_TEXT = 64 * 1024 * 1024;

/** The file or folder that a state is of. */
export interface PartFile {
  readonly path: string;
  /** Inode and time of birth: what has another one took its path since. */
  readonly fingerprint: string;
}

/** What a state says of itself. */
export interface PartStateHead {
  readonly identity: string;
  readonly part: PartFile;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly touchedAt: number;
  readonly tableAt: number;
}

export class PartState {
  /** 32 bytes a block of all files, in order. */
  readonly table: Buffer;
  readonly #handle: FileHandle;
  readonly #tableAt: number;
  readonly #dirty = new Set<number>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(handle: FileHandle, tableAt: number, table: Buffer) {
    this.#handle = handle;
    this.#tableAt = tableAt;
    this.table = table;
  }

  /**
   * @throws EEXIST where there is a file of that name
   */
  static async create(file: string, identity: string, part: PartFile, blocks: number): Promise<PartState> {
    const handle = await createExclusive(file);
    try {
      const text = Buffer.from(`${JSON.stringify(part)}\n${identity}`);
      const head = Buffer.alloc(TEXT_AT);
      MAGIC.copy(head);
      head.writeUInt32LE(VERSION, 8);
      head.writeUInt32LE(text.length, 12);
      head.writeUInt32LE(process.pid, PID_AT);
      await writeFully(handle, Buffer.concat([head, text]), 0);
      return new PartState(handle, tableAt(text.length), Buffer.alloc(blocks * HASH_BYTES));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Goes on with one that `peek` has seen. */
  static async resume(file: string, { tableAt: at }: PartStateHead, blocks: number): Promise<PartState> {
    const handle = await openForUpdate(file);
    try {
      const pid = Buffer.alloc(4);
      pid.writeUInt32LE(process.pid);
      await writeFully(handle, pid, PID_AT);
      const table = Buffer.alloc(blocks * HASH_BYTES);
      for (let got = 0; got < table.length; ) {
        const { bytesRead } = await handle.read(table, got, table.length - got, at + got);
        if (bytesRead === 0) break; // nothing recorded from here on
        got += bytesRead;
      }
      return new PartState(handle, at, table);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Whose state a file is; undefined where it is none, or cannot be read. */
  static async peek(file: string): Promise<PartStateHead | undefined> {
    const handle = await open(
      file,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    ).catch(() => undefined);
    if (!handle) return undefined;
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return undefined;
      const head = Buffer.alloc(TEXT_AT);
      await handle.read(head, 0, TEXT_AT, 0);
      const length = head.readUInt32LE(12);
      const known = head.subarray(0, 8).equals(MAGIC) && head.readUInt32LE(8) === VERSION;
      if (!known || length > MAX_TEXT || TEXT_AT + length > stats.size) return undefined;
      const text = Buffer.alloc(length);
      await handle.read(text, 0, length, TEXT_AT);
      const end = text.indexOf('\n');
      return {
        identity: text.toString('utf8', end + 1),
        part: JSON.parse(text.toString('utf8', 0, end)) as PartFile,
        pid: head.readUInt32LE(PID_AT),
        touchedAt: stats.mtimeMs,
        tableAt: tableAt(length),
      };
    } catch {
      return undefined; // damaged: the transfer begins anew
    } finally {
      await handle.close();
    }
  }

  has(block: number): boolean {
    const at = block * HASH_BYTES;
    for (let i = at; i < at + HASH_BYTES; i += 4) if (this.table.readUInt32LE(i) !== 0) return true;
    return false;
  }

  /**
   * Records that a block's content, already written, has this hash. Those that come together are written together.
   * @returns once it is with the system
   */
  record(block: number, leaf: Buffer): Promise<void> {
    this.table.set(leaf, block * HASH_BYTES);
    return this.#changed(block);
  }

  forget(block: number): Promise<void> {
    this.table.fill(0, block * HASH_BYTES, (block + 1) * HASH_BYTES);
    return this.#changed(block);
  }

  /** Shows others that its owner lives. */
  async touch(): Promise<void> {
    const now = new Date();
    await this.#handle.utimes(now, now);
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#writing).catch(() => undefined); // told to whoever recorded
    await this.#handle.close();
  }

  #changed(block: number): Promise<void> {
    this.#dirty.add(Math.floor((block * HASH_BYTES) / PAGE));
    this.#next ??= this.#writing
      .catch(() => undefined) // told to whoever waited for that one
      .then(() => {
        this.#writing = this.#next!;
        this.#next = undefined;
        return this.#writeDirty();
      });
    return this.#next;
  }

  async #writeDirty(): Promise<void> {
    const pages = [...this.#dirty];
    this.#dirty.clear();
    for (const page of pages) {
      const some = this.table.subarray(page * PAGE, (page + 1) * PAGE);
      await writeFully(this.#handle, some, this.#tableAt + page * PAGE);
    }
  }
}

function tableAt(textBytes: number): number {
  return Math.ceil((TEXT_AT + textBytes) / PAGE) * PAGE;
}

/** Writes all of it: the system may take less at once, when the disk is nearly full. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
