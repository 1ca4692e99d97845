/**
 * A block as it was before Snappy packed it.
 * @throws RangeError when the bytes are no such block
 */
export function unpackSnappy(packed: Uint8Array): Buffer {
  let at = 0;
  const byte = (): number => {
    if (at >= packed.length) throw new RangeError('the block ends too early');
    return packed[at++]!;
  };
  const little = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  let length = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    if (shift > 28) throw new RangeError('the length is too long');
    const next = byte();
    length += (next & 0x7f) * 2 ** shift;
    more = next >= 0x80;
  }
  // Three bytes make 64 at most: what claims more is damaged, and would take the memory.
  if (length > packed.length * 64) throw new RangeError('the length is too large');
  const out = Buffer.alloc(length);
  let end = 0;
  while (at < packed.length) {
    const tag = byte();
    if ((tag & 3) === 0) {
      let count = tag >>> 2;
      if (count >= 60) count = little(count - 59);
      count += 1;
      if (at + count > packed.length || end + count > length) throw new RangeError('a literal is too long');
      out.set(packed.subarray(at, at + count), end);
      at += count;
      end += count;
      continue;
    }
    const short = (tag & 3) === 1;
    const count = short ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const back = short ? ((tag >>> 5) << 8) | byte() : little((tag & 3) === 2 ? 2 : 4);
    if (back === 0 || back > end || end + count > length) throw new RangeError('a copy reaches too far');
    for (let i = 0; i < count; i++, end++) out[end] = out[end - back]!; // may overlap what it writes
  }
  if (end !== length) throw new RangeError('the block is too short');
  return out;
}
