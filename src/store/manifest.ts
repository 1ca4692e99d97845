import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of a store that are in use. Others in its folder are leftovers of unfinished work. */
export interface LiveFiles {
  readonly tables: ReadonlySet<number>;
  /** Logs with lower numbers are obsolete. */
  readonly firstLogNumber: number;
}

const LOG_BLOCK_BYTES = 32_768;
const LOG_HEADER_BYTES = 7;
/** Types of fragments of a log record. */
const [FULL, FIRST, LAST] = [1, 2, 4];

/** Does not verify checksums: see corruption.ts. @returns undefined for an invalid manifest */
export async function readManifest(folder: string): Promise<LiveFiles | undefined> {
  try {
    const name = (await readFile(join(folder, 'CURRENT'), 'latin1')).trim();
    if (!/^MANIFEST-\d+$/.test(name)) return undefined;
    const tables = new Set<number>();
    let firstLog = 0;
    for (const edit of readLogRecords(await readFile(join(folder, name))))
      firstLog = applyEdit(edit, tables) ?? firstLog;
    return { tables, firstLogNumber: firstLog };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof RangeError || code === 'ENOENT') return undefined;
    throw error;
  }
}

function* readLogRecords(log: Buffer): Generator<Buffer> {
  let fragments: Buffer[] = [];
  for (let start = 0; start < log.length; start += LOG_BLOCK_BYTES) {
    const block = log.subarray(start, start + LOG_BLOCK_BYTES);
    for (let at = 0; at + LOG_HEADER_BYTES <= block.length; ) {
      const end = at + LOG_HEADER_BYTES + block.readUInt16LE(at + 4);
      const type = block[at + 6]!;
      if (type === 0 || end > block.length) break;
      const fragment = block.subarray(at + LOG_HEADER_BYTES, end);
      if (type === FULL || type === FIRST) fragments = [];
      fragments.push(fragment);
      if (type === FULL || type === LAST) yield Buffer.concat(fragments);
      at = end;
    }
  }
}

/** Applies a version edit. @returns the number of the first log in use, if the edit changes it */
function applyEdit(edit: Buffer, tables: Set<number>): number | undefined {
  let at = 0;
  const readNumber = (): number => {
    let value = 0;
    for (let scale = 1, read = 0; read < 10; read++, scale *= 128) {
      if (at >= edit.length) break;
      const byte = edit[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('invalid number');
  };
  const skipText = () => {
    const length = readNumber();
    at += length;
    if (at > edit.length) throw new RangeError('string too long');
  };
  let log: number | undefined;
  while (at < edit.length) {
    const tag = readNumber();
    if (tag === 1) skipText();
    else if (tag === 2) log = readNumber();
    else if (tag === 3 || tag === 4 || tag === 9) readNumber();
    else if (tag === 5) {
      readNumber();
      skipText();
    } else if (tag === 6) {
      readNumber();
      tables.delete(readNumber());
    } else if (tag === 7) {
      readNumber();
      tables.add(readNumber());
      readNumber();
      skipText();
      skipText();
    } else throw new RangeError('unknown field');
  }
  return log;
}
