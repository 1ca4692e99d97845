/** As much of a text as fits into so many bytes of UTF-8, whole characters only. */
export function shorten(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  // A character of three bytes is one unit of a string, one of four bytes is two: more units than bytes never fit.
  const cut = Buffer.from(text.slice(0, bytes)).subarray(0, bytes + 1);
  let end = bytes;
  while (end > 0 && (cut[end]! & 0xc0) === 0x80) end--;
  return cut.toString('utf8', 0, end);
}
