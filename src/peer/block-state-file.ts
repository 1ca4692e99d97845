import { Buffer } from 'node:buffer';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { createExclusive, openForUpdate } from '../private-file.ts';
import { readFully } from '../read-fully.ts';
import { HASH_BYTES } from './hash-tree.ts';

/**
 * Records which blocks of a `.part` file are verified. Format: `gctlpart`, version u32, length u32 of the text at offset
 * 32, pid of the owner u32; the text: a line of JSON that identifies the partial file, then the identity of the transfer;
 * from the next multiple of 4096, 32 bytes per block: its hash once its content is verified and written, else zeros.
 *
 * It is updated in place, after the content. Written pages survive the death of the process, so a recorded block is on
 * file. A power cut may lose them, so after a restart a block counts only if its content still has the recorded hash.
 *
 * It is in a private folder, not beside the partial file: members' files arrive there too, and one that looks like a
 * state file could name a file of the user as its partial file.
 */
const MAGIC = Buffer.from('gctlpart');
const VERSION = 2;
const PID_OFFSET = 16;
const TEXT_OFFSET = 32;
const PAGE_BYTES = 4096;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

export interface PartialFileRef {
  readonly path: string;
  /** Inode and creation time; tells whether something else has taken the path since. */
  readonly fingerprint: string;
}

export interface BlockStateHeader {
  readonly identity: string;
  readonly partialFile: PartialFileRef;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly heartbeatAt: number;
  readonly tableOffset: number;
}

export class BlockStateFile {
  /** 32 bytes per block, of all files in order. */
  readonly table: Buffer;
  readonly #handle: FileHandle;
  readonly #tableOffset: number;
  readonly #dirtyPages = new Set<number>();
  #currentWrite: Promise<void> = Promise.resolve();
  #nextWrite: Promise<void> | undefined;

  private constructor(handle: FileHandle, offset: number, table: Buffer) {
    this.#handle = handle;
    this.#tableOffset = offset;
    this.table = table;
  }

  /** @throws EEXIST when the file exists */
  static async create(file: string, identity: string, ref: PartialFileRef, blocks: number): Promise<BlockStateFile> {
    const handle = await createExclusive(file);
    try {
      const text = Buffer.from(`${JSON.stringify(ref)}\n${identity}`);
      const header = Buffer.alloc(TEXT_OFFSET);
      MAGIC.copy(header);
      header.writeUInt32LE(VERSION, 8);
      header.writeUInt32LE(text.length, 12);
      header.writeUInt32LE(process.pid, PID_OFFSET);
      await writeFully(handle, [header, text], 0);
      return new BlockStateFile(handle, tableOffset(text.length), Buffer.alloc(blocks * HASH_BYTES));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Takes over a file whose header has been read. */
  static async resume(file: string, { tableOffset: at }: BlockStateHeader, blocks: number): Promise<BlockStateFile> {
    const handle = await openForUpdate(file);
    try {
      const pid = Buffer.alloc(4);
      pid.writeUInt32LE(process.pid);
      await writeFully(handle, [pid], PID_OFFSET);
      const table = Buffer.alloc(blocks * HASH_BYTES);
      await readFully(handle, table, at); // beyond the end of the file, nothing is recorded
      return new BlockStateFile(handle, at, table);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @returns undefined when it is not a state file or cannot be read */
  static async readHeader(file: string): Promise<BlockStateHeader | undefined> {
    const handle = await open(
      file,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    ).catch(() => undefined);
    if (!handle) return undefined;
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return undefined;
      const header = Buffer.alloc(TEXT_OFFSET);
      await handle.read(header, 0, TEXT_OFFSET, 0);
      const length = header.readUInt32LE(12);
      const isKnown = header.subarray(0, 8).equals(MAGIC) && header.readUInt32LE(8) === VERSION;
      if (!isKnown || length > MAX_TEXT_BYTES || TEXT_OFFSET + length > stats.size) return undefined;
      const text = Buffer.alloc(length);
      await handle.read(text, 0, length, TEXT_OFFSET);
      const end = text.indexOf('\n');
      return {
        identity: text.toString('utf8', end + 1),
        partialFile: JSON.parse(text.toString('utf8', 0, end)) as PartialFileRef,
        pid: header.readUInt32LE(PID_OFFSET),
        heartbeatAt: stats.mtimeMs,
        tableOffset: tableOffset(length),
      };
    } catch {
      return undefined; // damaged: the transfer starts from the beginning
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
   * Records the hash of a block whose content is already written. Concurrent records share one write.
   * @returns once the operating system has it
   */
  record(block: number, leaf: Buffer): Promise<void> {
    this.table.set(leaf, block * HASH_BYTES);
    return this.#scheduleWrite(block);
  }

  forget(block: number): Promise<void> {
    this.table.fill(0, block * HASH_BYTES, (block + 1) * HASH_BYTES);
    return this.#scheduleWrite(block);
  }

  /** Shows other processes that the owner is alive. */
  async heartbeat(): Promise<void> {
    const now = new Date();
    await this.#handle.utimes(now, now);
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await (this.#nextWrite ?? this.#currentWrite).catch(() => undefined); // reported to the caller of record()
    await this.#handle.close();
  }

  #scheduleWrite(block: number): Promise<void> {
    this.#dirtyPages.add(Math.floor((block * HASH_BYTES) / PAGE_BYTES));
    this.#nextWrite ??= this.#currentWrite
      .catch(() => undefined) // reported to the callers of that write
      .then(() => {
        this.#currentWrite = this.#nextWrite!;
        this.#nextWrite = undefined;
        return this.#writeDirtyPages();
      });
    return this.#nextWrite;
  }

  async #writeDirtyPages(): Promise<void> {
    const pages = [...this.#dirtyPages];
    this.#dirtyPages.clear();
    for (const page of pages) {
      const bytes = this.table.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      await writeFully(this.#handle, [bytes], this.#tableOffset + page * PAGE_BYTES);
    }
  }
}

function tableOffset(textBytes: number): number {
  return Math.ceil((TEXT_OFFSET + textBytes) / PAGE_BYTES) * PAGE_BYTES;
}

/** A single write may be short when the disk is nearly full. */
export async function writeFully(handle: FileHandle, contents: readonly Uint8Array[], at: number): Promise<void> {
  let { bytesWritten: done } = await handle.writev(contents, at);
  let start = 0;
  for (const content of contents) {
    while (done < start + content.length) {
      const from = done - start;
      done += (await handle.write(content, from, content.length - from, at + done)).bytesWritten;
    }
    start += content.length;
  }
}
