import type { Post } from '../domain/post.ts';
import { type Quote, seriesId } from '../domain/quote.ts';
import type { Bus, Change } from '../engine/contract.ts';
import { encodeNotification } from '../protocol/line.ts';
import type { View } from '../view/view.ts';

/** What a connection wants to hear. */
export interface Watch {
  /** Instruments, or all. */
  readonly rates: ReadonlySet<string> | true | undefined;
  readonly forum: boolean;
  readonly members: boolean;
}

export interface Watcher {
  readonly watching: Watch;
  event(text: string, about: { key?: string; seq?: number }): void;
}

/** Turns what the journal changed into events: each encoded once, whoever many watch. */
export class Hub {
  readonly #view: View;
  readonly #bus: Bus;
  readonly #mark: (quote: Quote) => Quote;
  readonly #watchers = new Set<Watcher>();
  #unsubscribe: (() => void)[] = [];

  /** @param mark adds what the wire says of a quote beyond the journal (whether it is stale) */
  constructor(room: { view: View; bus: Bus; mark: (quote: Quote) => Quote }) {
    this.#view = room.view;
    this.#bus = room.bus;
    this.#mark = room.mark;
  }

  start(): void {
    this.#unsubscribe = [
      this.#view.onChange((change, seq) => this.#changed(change, seq)),
      this.#bus.subscribe('member', (message) => this.#member(message)),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }

  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  #changed(change: Change, seq: number): void {
    if (this.#watchers.size === 0) return;
    if (change.type === 'post') {
      const text = encodeNotification('post', { seq, post: change.post as Post });
      for (const watcher of this.#watchers) if (watcher.watching.forum) watcher.event(text, { seq });
    } else if (change.type === 'quote') {
      const quote = change.quote as Quote;
      const text = encodeNotification('quote', { seq, quote: this.#mark(quote) });
      const key = seriesId(quote);
      for (const watcher of this.#watchers) {
        const { rates } = watcher.watching;
        if (rates === true || rates?.has(quote.instrument)) watcher.event(text, { key });
      }
    }
  }

  #member(message: unknown): void {
    const text = encodeNotification('member', message);
    const key = `member ${(message as { name: string }).name}`;
    for (const watcher of this.#watchers) if (watcher.watching.members) watcher.event(text, { key });
  }
}
