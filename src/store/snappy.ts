/** @throws RangeError for invalid data */
export function snappyDecompress(compressed: Uint8Array): Buffer {
  let at = 0;
  const readByte = (): number => {
    if (at >= compressed.length) throw new RangeError('unexpected end of the block');
    return compressed[at++]!;
  };
  const readLittleEndian = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += readByte() * 2 ** (8 * i);
    return value;
  };
  let length = 0;
  for (let shift = 0, hasMore = true; hasMore; shift += 7) {
    if (shift > 28) throw new RangeError('the length is too long');
    const next = readByte();
    length += (next & 0x7f) * 2 ** shift;
    hasMore = next >= 0x80;
  }
  // Three bytes expand to at most 64, so a larger length is damage; do not allocate it.
  if (length > compressed.length * 64) throw new RangeError('the length is too large');
  const out = Buffer.alloc(length);
  let end = 0;
  while (at < compressed.length) {
    const tag = readByte();
    if ((tag & 3) === 0) {
      let count = tag >>> 2;
      if (count >= 60) count = readLittleEndian(count - 59);
      count += 1;
      if (at + count > compressed.length || end + count > length) throw new RangeError('literal too long');
      out.set(compressed.subarray(at, at + count), end);
      at += count;
      end += count;
      continue;
    }
    const isShort = (tag & 3) === 1;
    const count = isShort ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const distance = isShort ? ((tag >>> 5) << 8) | readByte() : readLittleEndian((tag & 3) === 2 ? 2 : 4);
    if (distance === 0 || distance > end || end + count > length) throw new RangeError('copy out of range');
    for (let i = 0; i < count; i++, end++) out[end] = out[end - distance]!; // source and target can overlap
  }
  if (end !== length) throw new RangeError('the block is too short');
  return out;
}
