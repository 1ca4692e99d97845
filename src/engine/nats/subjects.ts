/** Subjects and names of a room in the cluster. All begin with its prefix, so that rooms can share a cluster. */
export class Subjects {
  readonly stream: string;
  readonly leases: string;
  readonly #prefix: string;

  /** @param prefix of letters, digits, `-` and `_`: one token of a subject */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.stream = `${prefix}-journal`;
    this.leases = `${prefix}-leases`;
  }

  get journal(): string {
    return `${this.#prefix}.journal.>`;
  }

  /** Matches what the stream republishes. */
  get live(): string {
    return `${this.#prefix}.live.>`;
  }

  get bus(): string {
    return `${this.#prefix}.bus.>`;
  }

  /** Subject of a record: what it is about where writers race, otherwise its kind. */
  recordSubject(kind: string, subject?: string): string {
    return subject === undefined
      ? `${this.#prefix}.journal.kind.${encodeToken(kind)}`
      : `${this.#prefix}.journal.about.${encodeToken(subject)}`;
  }

  /** The inverse of `recordSubject`: what a record is about. */
  subjectOf(name: string): string | undefined {
    const prefix = `${this.#prefix}.journal.about.`;
    return name.startsWith(prefix) ? decodeURIComponent(name.slice(prefix.length)) : undefined;
  }

  busSubject(topic: string): string {
    return `${this.#prefix}.bus.${encodeToken(topic)}`;
  }

  topicOf(name: string): string {
    return decodeURIComponent(name.slice(`${this.#prefix}.bus.`.length));
  }
}

/** Encodes any text as one token: account names contain dots, and a space would end a subject. */
function encodeToken(text: string): string {
  return encodeURIComponent(text).replace(/[.*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
