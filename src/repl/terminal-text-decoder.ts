/** C1 controls: terminals may send them as single bytes, also among UTF-8. */
const [FIRST_C1, LAST_C1] = [0x80, 0x9f];

/**
 * Decodes UTF-8 that may be split anywhere. A byte that belongs to no character is U+FFFD, or a C1 control where it is
 * the code of one.
 */
export class TerminalTextDecoder {
  #incomplete: Buffer = Buffer.alloc(0);

  write(chunk: Buffer): string {
    const bytes = this.#incomplete.length > 0 ? Buffer.concat([this.#incomplete, chunk]) : chunk;
    let text = '';
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      const length = characterLength(bytes, at);
      if (length === undefined) break;
      if (length === 0) {
        const byte = bytes[at]!;
        const isC1 = byte >= FIRST_C1 && byte <= LAST_C1;
        text += bytes.toString('utf8', from, at) + (isC1 ? String.fromCharCode(byte) : '\ufffd');
        from = ++at;
      } else at += length;
    }
    this.#incomplete = Buffer.from(bytes.subarray(at));
    return text + bytes.toString('utf8', from, at);
  }
}

/** Bytes of the character at an index; 0: the byte begins none; undefined: its end is missing. */
function characterLength(bytes: Buffer, at: number): number | undefined {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}
