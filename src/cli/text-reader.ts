/**
 * Text from bytes that come in pieces: UTF-8, or UTF-16 where its byte order mark is in front. The mark is left out. Bytes
 * that fit no character become U+FFFD.
 */
export class TextReader {
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #held: Uint8Array = new Uint8Array();

  push(bytes: Uint8Array): string {
    if (this.#decoder) return this.#decoder.decode(bytes, { stream: true });
    const start = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (start.length < 2) {
      this.#held = start;
      return '';
    }
    return this.#begin(start).decode(start, { stream: true });
  }

  end(): string {
    if (this.#decoder) return this.#decoder.decode();
    return this.#begin(this.#held).decode(this.#held);
  }

  #begin(start: Uint8Array): InstanceType<typeof TextDecoder> {
    const [first, second] = start;
    const isLittle = first === 0xff && second === 0xfe;
    const isBig = first === 0xfe && second === 0xff;
    this.#decoder = new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8');
    return this.#decoder;
  }
}
