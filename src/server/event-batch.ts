/** An event, encoded once for all subscribers. */
export interface EncodedEvent {
  readonly text: string;
  /** A newer event of the same key replaces it for a slow reader. */
  readonly key?: string;
  /** Journal sequence number: a slow reader may skip the event and read it from the journal later. */
  readonly seq?: number;
}

/** The events of one turn, in order, encoded once for all subscribers of a group. */
export class EventBatch {
  readonly events: readonly EncodedEvent[];
  #text: string | undefined;
  #bytes: Buffer | undefined;

  constructor(events: readonly EncodedEvent[]) {
    this.events = events;
  }

  get text(): string {
    this.#text ??= this.events.length === 1 ? this.events[0]!.text : this.events.map(({ text }) => text).join('');
    return this.#text;
  }

  /** Shared by all connections: must not be modified. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.text);
    return this.#bytes;
  }
}
