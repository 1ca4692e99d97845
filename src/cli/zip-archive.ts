import type { Readable } from 'node:stream';
import { type Entry, fromFd, type ZipFile } from 'yauzl';
import { AppError } from '../domain/app-error.ts';

/** Bounds memory. */
const MAX_ENTRIES = 10_000;

/** The parts of a ZIP archive. Callers limit their decompressed size. */
export class ZipArchive {
  /** @throws AppError INVALID_REQUEST if it is not a ZIP archive, TOO_LARGE if it has more than 10,000 parts */
  static async open(fd: number): Promise<ZipArchive> {
    const zip = await new Promise<ZipFile>((resolve, reject) => {
      // Reading a part that is larger than declared fails.
      const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
      fromFd(fd, options, (error, opened) => (error ? reject(corruptZipError(error)) : resolve(opened)));
    });
    const entries = new Map<string, Entry>();
    if (zip.entryCount > MAX_ENTRIES) {
      throw new AppError('TOO_LARGE', `The ZIP file has ${zip.entryCount} parts, more than any workbook.`);
    }
    try {
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName.toLowerCase(), entry);
    } catch (cause) {
      throw corruptZipError(cause);
    }
    return new ZipArchive(zip, entries);
  }

  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /**
   * The decompressed bytes of a part.
   * @throws AppError TOO_LARGE if they exceed `limit`, INVALID_REQUEST if the part is missing or corrupt
   */
  async *read(name: string, limit: number): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) throw new AppError('INVALID_REQUEST', `The workbook is corrupt: the part ${name} is missing.`);
    if (entry.uncompressedSize > limit) {
      throw new AppError(
        'TOO_LARGE',
        `The part ${name} of the workbook decompresses to more than ${limit / 1024 ** 2} MiB. Save the table as CSV.`,
      );
    }
    if (entry.isEncrypted())
      throw new AppError('INVALID_REQUEST', 'The workbook is encrypted. Save it without a password.');
    try {
      const stream: Readable = await this.#zip.openReadStreamPromise(entry);
      for await (const chunk of stream) yield chunk as Uint8Array;
    } catch (cause) {
      throw corruptZipError(cause);
    }
  }

  async text(name: string, limit: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(name, limit)) chunks.push(chunk);
    return new TextDecoder().decode(Buffer.concat(chunks));
  }
}

function corruptZipError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('INVALID_REQUEST', 'The ZIP archive is corrupt.', {
    cause,
  });
}
