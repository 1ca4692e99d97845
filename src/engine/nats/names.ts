/** What a room is called in the cluster: everything begins with its prefix, so that rooms share one. */
export class Names {
  readonly stream: string;
  readonly leases: string;
  readonly #prefix: string;

  /** @param prefix of letters, digits, `-` and `_`: one token of a subject */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.stream = `${prefix}-journal`;
    this.leases = `${prefix}-leases`;
  }

  /** Every record of the journal. */
  get journal(): string {
    return `${this.#prefix}.journal.>`;
  }

  /** Where the stream tells what it has taken. */
  get live(): string {
    return `${this.#prefix}.live.>`;
  }

  get bus(): string {
    return `${this.#prefix}.bus.>`;
  }

  /** Of a record: what it is about where writers may race, or else its kind. */
  record(kind: string, subject?: string): string {
    return subject === undefined
      ? `${this.#prefix}.journal.kind.${token(kind)}`
      : `${this.#prefix}.journal.about.${token(subject)}`;
  }

  /** What a record is about, of the name that `record` made. */
  about(name: string): string | undefined {
    const start = `${this.#prefix}.journal.about.`;
    return name.startsWith(start) ? decodeURIComponent(name.slice(start.length)) : undefined;
  }

  topic(topic: string): string {
    return `${this.#prefix}.bus.${token(topic)}`;
  }

  topicOf(name: string): string {
    return decodeURIComponent(name.slice(`${this.#prefix}.bus.`.length));
  }
}

/** Any text as one token: names of accounts hold dots, spaces would end a subject. */
function token(text: string): string {
  return encodeURIComponent(text).replace(/[.*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
