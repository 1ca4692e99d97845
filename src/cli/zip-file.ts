import type { Readable } from 'node:stream';
import { type Entry, fromFd, type ZipFile } from 'yauzl';
import { Failure } from '../domain/failure.ts';

/** Parts that a workbook may have. */
const MAX_ENTRIES = 10_000;

/** The parts of a ZIP file. What they unpack to is bounded by who reads them. */
export class ZipParts {
  /** @throws Failure INVALID_REQUEST when it is no ZIP file, or has more than 10,000 parts */
  static async open(fd: number): Promise<ZipParts> {
    const zip = await new Promise<ZipFile>((resolve, reject) => {
      // Sizes are checked while a part is read: one that is larger than it says ends with an error.
      const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
      fromFd(fd, options, (error, opened) => (error ? reject(damaged(error)) : resolve(opened)));
    });
    const entries = new Map<string, Entry>();
    if (zip.entryCount > MAX_ENTRIES) {
      throw new Failure('TOO_LARGE', `The ZIP file has ${zip.entryCount} parts: no workbook has as many.`);
    }
    try {
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName.toLowerCase(), entry);
    } catch (cause) {
      throw damaged(cause);
    }
    return new ZipParts(zip, entries);
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
   * The bytes of a part, unpacked.
   * @throws Failure TOO_LARGE when they are more than `limit`, INVALID_REQUEST when the part is missing or damaged
   */
  async *read(name: string, limit: number): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(name.toLowerCase());
    if (!entry) throw new Failure('INVALID_REQUEST', `The workbook has no part ${name}: it is damaged.`);
    if (entry.uncompressedSize > limit) {
      throw new Failure(
        'TOO_LARGE',
        `The part ${name} of the workbook unpacks to more than ${limit / 1024 ** 2} MiB. Save the table as CSV.`,
      );
    }
    if (entry.isEncrypted())
      throw new Failure('INVALID_REQUEST', 'The workbook is encrypted. Save it without a password.');
    try {
      const stream: Readable = await this.#zip.openReadStreamPromise(entry);
      for await (const chunk of stream) yield chunk as Uint8Array;
    } catch (cause) {
      throw damaged(cause);
    }
  }

  async text(name: string, limit: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(name, limit)) chunks.push(chunk);
    return new TextDecoder().decode(Buffer.concat(chunks));
  }
}

function damaged(cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure('INVALID_REQUEST', 'The file begins like a ZIP file and cannot be read as one: it is damaged.', {
    cause,
  });
}
