import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../domain/failure.ts';
import { createExclusive } from '../private-file.ts';

const CHUNK_BYTES = 64 * 1024;
/** What is kept of a stream in a temporary file, and what a gzip file may unpack to. */
export const MAX_INPUT_BYTES = 4 * 1024 ** 3;

/** A file that can be read several times from its beginning. */
export interface Input {
  /** Of the file as it is stored; what `onBytes` of `read` counts up to. */
  readonly size: number;
  /** The first bytes, unpacked: enough to tell what kind of file it is. */
  readonly head: Buffer;
  /** Its descriptor, for a reader that takes parts of the file. */
  readonly fd: number;
  /**
   * The bytes from the beginning, unpacked where the file is gzip.
   * @throws Failure INVALID_REQUEST, TOO_LARGE while they are read
   */
  read(onBytes?: (count: number) => void): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a file, or standard input for `-`. What is no regular file is first copied into a private temporary file.
 * @throws Failure INVALID_REQUEST, TOO_LARGE
 */
export async function openInput(
  path: string,
  stdin: Readable = process.stdin,
  limit = MAX_INPUT_BYTES,
): Promise<Input> {
  const name = path === '-' ? 'standard input' : `the file ${path}`;
  let stored: Stored | undefined;
  try {
    if (path === '-') stored = await spool(stdin, name, limit);
    else {
      const handle = await open(path, 'r');
      stored = { handle };
      const stats = await handle.stat();
      // Reading ends and closes what is no regular file.
      if (!stats.isFile() && !stats.isDirectory()) stored = await spool(handle.createReadStream(), name, limit);
    }
    return await StoredFile.open(stored, name, limit);
  } catch (cause) {
    if (stored) await close(stored).catch(() => {}); // the failure below says more
    throw unreadable(name, cause);
  }
}

interface Stored {
  readonly handle: FileHandle;
  /** Of a temporary file: where files can be removed while they are open, it is gone already. */
  readonly folder?: string;
}

async function close({ handle, folder }: Stored): Promise<void> {
  await handle.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

/** Copies a stream into a temporary file that only this user can read, and that is removed however the process ends. */
async function spool(bytes: AsyncIterable<Uint8Array>, name: string, limit: number): Promise<Stored> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-import-'));
  let handle: FileHandle | undefined;
  try {
    handle = await createExclusive(join(folder, 'input'));
    // Windows keeps the folder until the file is closed.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > limit) {
        throw new Failure('TOO_LARGE', `${sentence(name)} has more than ${gibibytes(limit)}. Save it as a file first.`);
      }
      await handle.write(chunk);
    }
    return { handle, folder };
  } catch (cause) {
    await handle?.close();
    await rm(folder, { recursive: true, force: true });
    if (cause instanceof Failure || (cause as NodeJS.ErrnoException).syscall === 'read') throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure(
      'INVALID_REQUEST',
      `Could not keep ${name} in a temporary file in ${tmpdir()} (${code ?? cause}). TMPDIR names another folder.`,
      { cause },
    );
  }
}

class StoredFile implements Input {
  static async open(stored: Stored, name: string, limit: number): Promise<StoredFile> {
    const { size, mtimeMs } = await stored.handle.stat();
    const file = new StoredFile(stored, name, limit, size, mtimeMs);
    const start = Buffer.alloc(2);
    await stored.handle.read(start, 0, 2, 0);
    file.#isGzip = start[0] === 0x1f && start[1] === 0x8b;
    const head: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of file.read()) {
      head.push(chunk);
      length += chunk.length;
      if (length >= CHUNK_BYTES) break;
    }
    file.head = Buffer.concat(head).subarray(0, CHUNK_BYTES);
    return file;
  }

  readonly size: number;
  head: Buffer = Buffer.alloc(0);
  readonly #stored: Stored;
  readonly #name: string;
  readonly #limit: number;
  readonly #changedAt: number;
  #isGzip = false;

  private constructor(stored: Stored, name: string, limit: number, size: number, changedAt: number) {
    this.#stored = stored;
    this.#name = name;
    this.#limit = limit;
    this.size = size;
    this.#changedAt = changedAt;
  }

  get fd(): number {
    return this.#stored.handle.fd;
  }

  async *read(onBytes: (count: number) => void = () => {}): AsyncGenerator<Uint8Array> {
    try {
      if (this.#isGzip) yield* this.#unpacked(onBytes);
      else yield* this.#bytes(onBytes);
    } catch (cause) {
      throw unreadable(this.#name, cause);
    }
  }

  async close(): Promise<void> {
    await close(this.#stored);
  }

  async *#bytes(onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
    const { handle } = this.#stored;
    let read = 0;
    // A stream of the handle would close it where its reader stops before the end.
    while (true) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, read);
      if (bytesRead === 0) break;
      read += bytesRead;
      onBytes(read);
      yield buffer.subarray(0, bytesRead);
    }
    const { size, mtimeMs } = await handle.stat();
    if (read !== this.size || size !== this.size || mtimeMs !== this.#changedAt) {
      throw new Failure(
        'INVALID_REQUEST',
        `${sentence(this.#name)} changed while it was read: wait until it is complete, then run the import again.`,
      );
    }
  }

  async *#unpacked(onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
    const unpacked = pipeline(Readable.from(this.#bytes(onBytes)), createGunzip(), () => {});
    let size = 0;
    for await (const chunk of unpacked as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > this.#limit) {
        throw new Failure(
          'TOO_LARGE',
          `${sentence(this.#name)} unpacks to more than ${gibibytes(this.#limit)}. Split it and import the parts.`,
        );
      }
      yield chunk;
    }
  }
}

function unreadable(name: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'EISDIR'
      ? 'it is a folder'
      : code === 'ENOENT'
        ? 'there is none'
        : code?.startsWith('Z_')
          ? 'the gzip file is damaged or cut off. Fetch it again'
          : (code ?? 'it failed');
  return new Failure('INVALID_REQUEST', `Could not read ${name}: ${why}.`, { cause });
}

function sentence(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function gibibytes(limit: number): string {
  return limit >= 1024 ** 3 ? `${limit / 1024 ** 3} GiB` : `${limit} bytes`;
}
