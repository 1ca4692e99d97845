import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError } from '../domain/app-error.ts';
import { createExclusive } from '../private-file.ts';

const CHUNK_BYTES = 64 * 1024;
/** Maximum size of a buffered stream and of decompressed gzip data. */
export const MAX_INPUT_BYTES = 4 * 1024 ** 3;

/** A file that can be read several times. */
export interface ImportInput {
  /** Size on disk; `onBytes` of `read` counts up to it. */
  readonly size: number;
  /** The first decompressed bytes, for detecting the format. */
  readonly head: Buffer;
  /** The file descriptor, for random access. */
  readonly fd: number;
  /** Reads from the beginning; decompresses gzip. @throws AppError INVALID_REQUEST, TOO_LARGE while reading */
  read(onBytes?: (count: number) => void): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a file, or standard input for `-`. Input other than a regular file is first copied to a private temporary file.
 * @throws AppError INVALID_REQUEST, TOO_LARGE
 */
export async function openImportInput(
  path: string,
  stdin: Readable = process.stdin,
  limit = MAX_INPUT_BYTES,
): Promise<ImportInput> {
  const name = path === '-' ? 'standard input' : `the file ${path}`;
  let stored: OpenedFile | undefined;
  try {
    if (path === '-') stored = await copyToTemporaryFile(stdin, name, limit);
    else {
      const handle = await open(path, 'r');
      stored = { handle };
      const stats = await handle.stat();
      // Reading to the end closes the original handle.
      if (!stats.isFile() && !stats.isDirectory())
        stored = await copyToTemporaryFile(handle.createReadStream(), name, limit);
    }
    return await FileInput.open(stored, name, limit);
  } catch (cause) {
    if (stored) await closeFile(stored).catch(() => {}); // the original error is more useful
    throw inputError(name, cause);
  }
}

interface OpenedFile {
  readonly handle: FileHandle;
  /** The folder of a temporary file. Already removed, except on systems that keep open files. */
  readonly folder?: string;
}

async function closeFile({ handle, folder }: OpenedFile): Promise<void> {
  await handle.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

/** Copies a stream to a private temporary file that is removed however the process ends. */
async function copyToTemporaryFile(bytes: AsyncIterable<Uint8Array>, name: string, limit: number): Promise<OpenedFile> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-import-'));
  let handle: FileHandle | undefined;
  try {
    handle = await createExclusive(join(folder, 'input'));
    // On Windows, the folder can be removed only after the file is closed.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > limit) {
        throw new AppError(
          'TOO_LARGE',
          `${capitalize(name)} is larger than ${formatLimit(limit)}. Save it as a file first.`,
        );
      }
      await handle.write(chunk);
    }
    return { handle, folder };
  } catch (cause) {
    await handle?.close();
    await rm(folder, { recursive: true, force: true });
    if (cause instanceof AppError || (cause as NodeJS.ErrnoException).syscall === 'read') throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError(
      'INVALID_REQUEST',
      `Could not copy ${name} to a temporary file in ${tmpdir()} (${code ?? cause}). Set TMPDIR to use another folder.`,
      { cause },
    );
  }
}

class FileInput implements ImportInput {
  static async open(stored: OpenedFile, name: string, limit: number): Promise<FileInput> {
    const { size, mtimeMs } = await stored.handle.stat();
    const file = new FileInput(stored, name, limit, size, mtimeMs);
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
  readonly #file: OpenedFile;
  readonly #name: string;
  readonly #limit: number;
  readonly #changedAt: number;
  #isGzip = false;

  private constructor(stored: OpenedFile, name: string, limit: number, size: number, changedAt: number) {
    this.#file = stored;
    this.#name = name;
    this.#limit = limit;
    this.size = size;
    this.#changedAt = changedAt;
  }

  get fd(): number {
    return this.#file.handle.fd;
  }

  async *read(onBytes: (count: number) => void = () => {}): AsyncGenerator<Uint8Array> {
    try {
      if (this.#isGzip) yield* this.#decompressed(onBytes);
      else yield* this.#bytes(onBytes);
    } catch (cause) {
      throw inputError(this.#name, cause);
    }
  }

  async close(): Promise<void> {
    await closeFile(this.#file);
  }

  async *#bytes(onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
    const { handle } = this.#file;
    let read = 0;
    // Not a stream: it would close the handle if its reader stops early.
    while (true) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, read);
      if (bytesRead === 0) break;
      read += bytesRead;
      onBytes(read);
      yield buffer.subarray(0, bytesRead);
    }
    const { size, mtimeMs } = await handle.stat();
    if (read !== this.size || size !== this.size || mtimeMs !== this.#changedAt) {
      throw new AppError(
        'INVALID_REQUEST',
        `${capitalize(this.#name)} changed while it was being read. Wait until it is complete, then run the import again.`,
      );
    }
  }

  async *#decompressed(onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
    const unpacked = pipeline(Readable.from(this.#bytes(onBytes)), createGunzip(), () => {});
    let size = 0;
    for await (const chunk of unpacked as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > this.#limit) {
        throw new AppError(
          'TOO_LARGE',
          `${capitalize(this.#name)} decompresses to more than ${formatLimit(this.#limit)}. Split it and import the parts.`,
        );
      }
      yield chunk;
    }
  }
}

function inputError(name: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'EISDIR'
      ? 'it is a folder'
      : code === 'ENOENT'
        ? 'it does not exist'
        : code?.startsWith('Z_')
          ? 'the gzip file is corrupt or truncated. Download it again'
          : (code ?? 'unknown error');
  return new AppError('INVALID_REQUEST', `Could not read ${name}: ${why}.`, { cause });
}

function capitalize(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function formatLimit(limit: number): string {
  return limit >= 1024 ** 3 ? `${limit / 1024 ** 3} GiB` : `${limit} bytes`;
}
