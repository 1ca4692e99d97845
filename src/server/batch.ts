/** Something to be told, encoded once for everybody who hears it. */
export interface Event {
  /** Its line. */
  readonly text: string;
  /** A newer one of the same key makes it worthless: it may be left out for a reader who is behind. */
  readonly key?: string;
  /** Its place in the journal, where it can be asked for again by that: it may be left out with a notice of it. */
  readonly seq?: number;
}

/** The events of one turn, in order, as one piece for all who hear the same. */
export class Batch {
  readonly events: readonly Event[];
  #text: string | undefined;
  #bytes: Buffer | undefined;

  constructor(events: readonly Event[]) {
    this.events = events;
  }

  get text(): string {
    this.#text ??= this.events.length === 1 ? this.events[0]!.text : this.events.map(({ text }) => text).join('');
    return this.#text;
  }

  /** Shared by all connections: not to be written into. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.text);
    return this.#bytes;
  }
}
