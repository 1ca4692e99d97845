import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openForUpdate } from '../private-file.ts';
import { crc32c, masked } from './crc32c.ts';
import { readManifest } from './manifest.ts';
import { unpackSnappy } from './snappy.ts';

/** Bytes of a file of LevelDB that are not those that were written. */
export interface Damage {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly what: 'block' | 'table' | 'log' | 'end of log' | 'missing table';
}

const TRAILER = 5; // one byte that says how a block is packed, four of checksum
const FOOTER = 48;
const MAGIC = Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);
const LOG_BLOCK = 32_768;
const LOG_HEADER = 7;
/** No block is longer: LevelDB ends one at 4 KiB or behind the entry that crosses it, and no entry is near this. */
const LONGEST_BLOCK = 256 * 1024 * 1024;

export function isTable(name: string): boolean {
  return /^\d+\.(ldb|sst)$/.test(name);
}

/**
 * Reads every file of a store that is not open, and compares it with its checksums: LevelDB looks at those of its logs
 * when it opens, and at none of those of its tables, and has no setting here that makes it.
 * @param onBytes told now and then how much was read
 * @throws what the file system throws
 */
export async function* damages(folder: string, onBytes: (bytes: number) => void = () => {}): AsyncGenerator<Damage> {
  const live = await readManifest(folder);
  const names = (await readdir(folder)).sort();
  const missing = new Set(live?.tables);
  for (const name of names) {
    const log = /^(\d+\.log|MANIFEST-\d+)$/.test(name);
    if (!log && !isTable(name)) continue;
    const number = Number.parseInt(name, 10);
    missing.delete(number);
    // A process that was ended in the middle leaves files behind that the next open removes.
    if (live && (log ? number < live.firstLog : !live.tables.has(number))) continue;
    const handle = await open(join(folder, name));
    try {
      const { size } = await handle.stat();
      yield* log ? logDamages(name, handle, size, onBytes) : tableDamages(name, handle, size, onBytes);
    } finally {
      await handle.close();
    }
  }
  for (const number of missing) {
    yield { file: `${String(number).padStart(6, '0')}.ldb`, offset: 0, length: 0, what: 'missing table' };
  }
}

async function* tableDamages(
  file: string,
  handle: FileHandle,
  size: number,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Damage> {
  const whole: Damage = { file, offset: 0, length: size, what: 'table' };
  const footer = size < FOOTER ? undefined : await bytesAt(handle, size - FOOTER, FOOTER);
  if (!footer?.subarray(-8).equals(MAGIC)) return yield whole;
  const blocks: Place[] = [];
  try {
    const [metaindex, rest] = placeOf(footer, 0);
    const [index] = placeOf(footer, rest);
    const entries = await blockAt(handle, index, size);
    const others = await blockAt(handle, metaindex, size); // a filter, without which LevelDB reads more blocks
    if (!entries || !others) return yield whole;
    blocks.push(...indexed(entries), ...indexed(others));
  } catch (error) {
    if (error instanceof RangeError) return yield whole;
    throw error;
  }
  for (const place of blocks) {
    const bytes = await rawAt(handle, place, size);
    if (!bytes || !isWhole(bytes)) yield { file, ...place, what: 'block' };
    onBytes(place.length + TRAILER);
  }
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

/** What an index block says: where each block of entries lies. */
function* indexed(block: Buffer): Generator<Place> {
  if (block.length < 4) throw new RangeError('no restarts');
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
  for (let at = 0; at < end; ) {
    const [, own] = varint(block, at);
    const [key, valueLength] = varint(block, own);
    const [length, start] = varint(block, valueLength);
    const value = start + key;
    yield placeOf(block, value)[0];
    at = value + length;
  }
}

function placeOf(bytes: Uint8Array, at: number): [Place, next: number] {
  const [offset, next] = varint(bytes, at);
  const [length, end] = varint(bytes, next);
  return [{ offset, length }, end];
}

function varint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length && at < from + 8; at++, scale *= 128) {
    value += (bytes[at]! & 0x7f) * scale;
    if (bytes[at]! < 0x80) return [value, at + 1];
  }
  throw new RangeError('no number');
}

async function blockAt(handle: FileHandle, place: Place, size: number): Promise<Buffer | undefined> {
  const bytes = await rawAt(handle, place, size);
  if (!bytes || !isWhole(bytes)) return undefined;
  const content = bytes.subarray(0, place.length);
  return bytes[place.length] === 1 ? unpackSnappy(content) : content;
}

async function rawAt(handle: FileHandle, { offset, length }: Place, size: number): Promise<Buffer | undefined> {
  if (length > LONGEST_BLOCK || offset + length + TRAILER > size) return undefined;
  return bytesAt(handle, offset, length + TRAILER);
}

function isWhole(bytes: Buffer): boolean {
  return masked(crc32c(bytes.subarray(0, -4))) === bytes.readUInt32LE(bytes.length - 4);
}

async function* logDamages(
  file: string,
  handle: FileHandle,
  size: number,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Damage> {
  for (let start = 0; start < size; start += LOG_BLOCK) {
    const length = Math.min(LOG_BLOCK, size - start);
    const block = await bytesAt(handle, start, length);
    const last = start + length === size;
    for (let at = 0; at + LOG_HEADER <= block.length; ) {
      const count = block.readUInt16LE(at + 4);
      const type = block[at + 6]!;
      const end = at + LOG_HEADER + count;
      if (type === 0 && count === 0) break; // room that was taken and not used
      if (end > block.length) {
        // At the very end it is a write that never ended, and nobody was told that it had.
        if (!last) yield { file, offset: start + at, length: block.length - at, what: 'log' };
        break;
      }
      if (masked(crc32c(block.subarray(at + 6, end))) !== block.readUInt32LE(at)) {
        // How long it is cannot be believed either: LevelDB gives up the rest of the block.
        yield { file, offset: start + at, length: block.length - at, what: last ? 'end of log' : 'log' };
        break;
      }
      at = end;
    }
    onBytes(length);
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) break; // it got shorter
    read += bytesRead;
  }
  return bytes;
}

/**
 * Makes LevelDB refuse a damaged block, which it would hand over as it is: it packs blocks in no such way.
 * The file must be nobody else's: a copy.
 */
export async function spoil(folder: string, { file, offset, length, what }: Damage): Promise<void> {
  if (what !== 'block') return;
  const handle = await openForUpdate(join(folder, file));
  try {
    await handle.write(Buffer.from([0x7f]), 0, 1, offset + length);
  } finally {
    await handle.close();
  }
}
