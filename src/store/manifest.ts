import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files that a store consists of now: others in its folder are left from work that never ended. */
export interface Live {
  readonly tables: ReadonlySet<number>;
  /** Logs from this number on. */
  readonly firstLog: number;
}

const BLOCK = 32_768;
const HEADER = 7;
/** Kinds of pieces that a record of a log comes in. */
const [FULL, FIRST, LAST] = [1, 2, 4];

/**
 * What the manifest of a store says. Its bytes are as they are: checksums are looked at elsewhere.
 * @returns undefined when it cannot be understood
 */
export async function readManifest(folder: string): Promise<Live | undefined> {
  try {
    const name = (await readFile(join(folder, 'CURRENT'), 'latin1')).trim();
    if (!/^MANIFEST-\d+$/.test(name)) return undefined;
    const tables = new Set<number>();
    let firstLog = 0;
    for (const edit of recordsOf(await readFile(join(folder, name)))) firstLog = apply(edit, tables) ?? firstLog;
    return { tables, firstLog };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof RangeError || code === 'ENOENT') return undefined;
    throw error;
  }
}

function* recordsOf(log: Buffer): Generator<Buffer> {
  let pieces: Buffer[] = [];
  for (let start = 0; start < log.length; start += BLOCK) {
    const block = log.subarray(start, start + BLOCK);
    for (let at = 0; at + HEADER <= block.length; ) {
      const end = at + HEADER + block.readUInt16LE(at + 4);
      const type = block[at + 6]!;
      if (type === 0 || end > block.length) break;
      const piece = block.subarray(at + HEADER, end);
      if (type === FULL || type === FIRST) pieces = [];
      pieces.push(piece);
      if (type === FULL || type === LAST) yield Buffer.concat(pieces);
      at = end;
    }
  }
}

/** Applies a change of the set of files. @returns the first log that counts from then on, where the change says it */
function apply(edit: Buffer, tables: Set<number>): number | undefined {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1, read = 0; read < 10; read++, scale *= 128) {
      if (at >= edit.length) break;
      const byte = edit[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('no number');
  };
  const text = () => {
    const length = number();
    at += length;
    if (at > edit.length) throw new RangeError('a text is too long');
  };
  let log: number | undefined;
  while (at < edit.length) {
    const tag = number();
    if (tag === 1) text();
    else if (tag === 2) log = number();
    else if (tag === 3 || tag === 4 || tag === 9) number();
    else if (tag === 5) {
      number();
      text();
    } else if (tag === 6) {
      number();
      tables.delete(number());
    } else if (tag === 7) {
      number();
      tables.add(number());
      number();
      text();
      text();
    } else throw new RangeError('no such field');
  }
  return log;
}
