/** Decodes chunks of UTF-8, or of UTF-16 with a byte order mark. The mark is removed; invalid bytes become U+FFFD. */
export class UnicodeDecoder {
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #pendingBytes: Uint8Array = new Uint8Array();

  push(bytes: Uint8Array): string {
    if (this.#decoder) return this.#decoder.decode(bytes, { stream: true });
    const start = this.#pendingBytes.length === 0 ? bytes : Buffer.concat([this.#pendingBytes, bytes]);
    if (start.length < 2) {
      this.#pendingBytes = start;
      return '';
    }
    return this.#selectEncoding(start).decode(start, { stream: true });
  }

  finish(): string {
    if (this.#decoder) return this.#decoder.decode();
    return this.#selectEncoding(this.#pendingBytes).decode(this.#pendingBytes);
  }

  #selectEncoding(start: Uint8Array): InstanceType<typeof TextDecoder> {
    const [first, second] = start;
    const isLittle = first === 0xff && second === 0xfe;
    const isBig = first === 0xfe && second === 0xff;
    this.#decoder = new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8');
    return this.#decoder;
  }
}
