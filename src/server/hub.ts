import type { Listed, Listing } from '../domain/listing.ts';
import type { DirectMessage } from '../domain/message.ts';
import { nameKey } from '../domain/name.ts';
import type { Post } from '../domain/post.ts';
import { type Quote, seriesId } from '../domain/quote.ts';
import type { Bus, Change } from '../engine/contract.ts';
import type { EventParams } from '../protocol/events.ts';
import { encodeNotification } from '../protocol/line.ts';
import type { MemberChange, Presence } from '../room/presence.ts';
import { type ListingChange, shown } from '../view/listings.ts';
import type { View } from '../view/view.ts';
import { Batch, type Event } from './batch.ts';

/** What a connection wants to hear. */
export interface Watch {
  /** Instruments, or all. */
  readonly rates: ReadonlySet<string> | true | undefined;
  readonly forum: boolean;
  readonly members: boolean;
  readonly files: boolean;
}

export interface Watcher {
  readonly watching: Watch;
  /** Events that can be asked for by their seq are read from the journal for it: they are not told. */
  readonly replaying: boolean;
  /** nameKey of the member that it is signed in as. */
  readonly memberKey: string | undefined;
  /** At most once a turn, and once more where it changes what it watches. */
  events(batch: Batch): void;
}

type Interest = Pick<Watcher, 'watching' | 'replaying'>;

/** Watchers that hear the same. */
interface Group extends Interest {
  readonly signature: string;
  /** Each with the number of an event below which it has no more to be told. */
  readonly watchers: Map<Watcher, number>;
}

/** An event that not everybody was told yet. */
interface Gathered extends Event {
  readonly isFor: (watch: Watch) => boolean;
  /** nameKey of the only one who is told. */
  readonly member?: string;
}

/** A direct message as it is told to one of its two members. */
export function encodeMessage(message: DirectMessage, unread: boolean): string {
  const { number, from, to, text, at, seq } = message;
  return encodeNotification('message', { seq, message: { number, from, to, text, at, unread, seq } });
}

export function encodeListing(event: EventParams<'listing'>): string {
  return encodeNotification('listing', event);
}

/** Ten thousand connections with TLS take a third of a second: whoever asks for something meanwhile waits for this. */
const TELLING_MS = 20;

/**
 * Turns what the journal changed into events, each encoded once. What a turn of the event loop brings (all posts of
 * one commit), or comes while the events before it are being told, is gathered and told together: to those who watch
 * the same as the same bytes, to each in one piece.
 */
export class Hub {
  readonly #view: Pick<View, 'onChange'>;
  readonly #bus: Bus;
  readonly #presence: Pick<Presence, 'onChange'>;
  readonly #mark: (quote: Quote) => Quote;
  readonly #seen: (listing: Listed) => Listing;
  readonly #tellingMs: number;
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<Watcher, Group>();
  /** Events are numbered as they come; those here begin with number `#first`. */
  #gathered: Gathered[] = [];
  #first = 0;
  #unsubscribe: (() => void)[] = [];

  /**
   * @param mark adds what the wire says of a quote beyond the journal (whether it is stale)
   * @param seen as `mark`, of a listing (whether it can be had now)
   * @param tellingMs for so long at most it keeps the event loop before others have it again
   */
  constructor(
    room: {
      view: Pick<View, 'onChange'>;
      bus: Bus;
      presence: Pick<Presence, 'onChange'>;
      mark: (quote: Quote) => Quote;
      seen: (listing: Listed) => Listing;
    },
    { tellingMs = TELLING_MS }: { tellingMs?: number } = {},
  ) {
    this.#view = room.view;
    this.#bus = room.bus;
    this.#presence = room.presence;
    this.#mark = room.mark;
    this.#seen = room.seen;
    this.#tellingMs = tellingMs;
  }

  start(): void {
    this.#unsubscribe = [
      this.#view.onChange((change, seq) => this.#changed(change, seq)),
      this.#presence.onChange((change) => this.#member(change)),
      this.#bus.subscribe('unread', (message) => this.#unread(message as { member: string; event: object })),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }

  /**
   * Takes a watcher in, or notes that it watches something else now: what was gathered before is still told it as
   * what it watched then, what comes from now on as what it watches now.
   */
  set(watcher: Watcher): void {
    const before = this.#groupOf.get(watcher);
    const { watching, replaying } = watcher;
    const signature = signatureOf(watcher);
    if (before?.signature === signature) return;
    const from = before?.watchers.get(watcher) ?? 0;
    this.delete(watcher);
    const group = this.#groups.get(signature) ?? { signature, watching, replaying, watchers: new Map() };
    this.#groups.set(signature, group);
    this.#groupOf.set(watcher, group);
    group.watchers.set(watcher, this.#next);
    if (!before) return;
    // What is read from the journal for it, from now on, has these events in it.
    const interest = { watching: before.watching, replaying: before.replaying || replaying };
    // Last, as it may be dropped for it, and deleted.
    tell(watcher, heard(this.#gathered.slice(this.#indexOf(from)), interest, watcher.memberKey));
  }

  delete(watcher: Watcher): void {
    const group = this.#groupOf.get(watcher);
    if (!group) return;
    group.watchers.delete(watcher);
    if (group.watchers.size === 0) this.#groups.delete(group.signature);
    this.#groupOf.delete(watcher);
  }

  #changed(change: Change, seq: number): void {
    if (change.type === 'post') {
      this.#gather(forForum, () => ({ text: encodeNotification('post', { seq, post: change.post as Post }), seq }));
    } else if (change.type === 'message') {
      this.#message(change.message as DirectMessage);
    } else if (change.type === 'listing') {
      const { change: what, listing } = change as ListingChange;
      this.#gather(forFiles, () => ({
        text: encodeListing({ seq, change: what, listing: this.#seen(shown(listing)) }),
        seq,
      }));
    } else if (change.type === 'quote') {
      const quote = change.quote as Quote;
      this.#gather(
        ({ rates }) => rates === true || (rates?.has(quote.instrument) ?? false),
        () => ({ text: encodeNotification('quote', { seq, quote: this.#mark(quote) }), key: seriesId(quote) }),
      );
    }
  }

  /** For the two members alone: each as it is to him. */
  #message(message: DirectMessage): void {
    for (const [name, unread] of [
      [message.from, false],
      [message.to, true],
    ] as const) {
      this.#gather(forForum, () => ({ text: encodeMessage(message, unread), seq: message.seq }), nameKey(name));
    }
  }

  #unread({ member, event }: { member: string; event: { topic?: string; with?: string } }): void {
    const key = `unread ${event.with === undefined ? `#${event.topic ?? ''}` : event.with}`;
    this.#gather(forForum, () => ({ text: encodeNotification('unread', event), key }), member);
  }

  #member(change: MemberChange): void {
    const key = `member ${change.name}`;
    this.#gather(
      ({ members }) => members,
      () => ({ text: encodeNotification('member', change), key }),
    );
  }

  /** The number of the next event. */
  get #next(): number {
    return this.#first + this.#gathered.length;
  }

  /** Where an event of this number is among those gathered, or would be: at their beginning if it is gone. */
  #indexOf(number: number): number {
    return Math.max(0, number - this.#first);
  }

  /** @param encode called when there is somebody to tell */
  #gather(isFor: Gathered['isFor'], encode: () => Event, member?: string): void {
    for (const { watching } of this.#groups.values()) {
      if (!isFor(watching)) continue;
      if (this.#gathered.length === 0) setImmediate(() => this.#tell(this.#telling()));
      this.#gathered.push({ ...encode(), isFor, ...(member === undefined ? {} : { member }) });
      return;
    }
  }

  /** Goes on with a telling for a while, then lets others have the event loop. */
  #tell(telling: Iterator<void>): void {
    const until = performance.now() + this.#tellingMs;
    while (!telling.next().done) {
      if (performance.now() < until) continue;
      setImmediate(() => this.#tell(telling));
      return;
    }
    if (this.#gathered.length > 0) setImmediate(() => this.#tell(this.#telling()));
  }

  /**
   * Tells everybody what was gathered until now, one watcher a step. Who comes or changes what it watches between two
   * steps has none of it before it (`set`), and what is caused in the course of it (who is dropped) is the next
   * telling's.
   */
  *#telling(): Iterator<void> {
    const gathered = [...this.#gathered];
    const end = this.#next;
    const named = new Set(gathered.flatMap(({ member }) => member ?? []));
    for (const group of this.#groups.values()) {
      const shared = new Batch(heard(gathered, group, undefined));
      if (shared.events.length === 0 && named.size === 0) continue;
      for (const [watcher, from] of group.watchers) {
        if (from >= end) continue;
        group.watchers.set(watcher, end);
        const { memberKey } = watcher;
        const index = this.#indexOf(from);
        if (index > 0 || (memberKey !== undefined && named.has(memberKey))) {
          tell(watcher, heard(gathered.slice(index), group, memberKey));
        } else if (shared.events.length > 0) {
          watcher.events(shared);
        }
        yield;
      }
    }
    this.#gathered = this.#gathered.slice(gathered.length);
    this.#first = end;
  }
}

function forForum({ forum }: Watch): boolean {
  return forum;
}

function forFiles({ files }: Watch): boolean {
  return files;
}

function tell(watcher: Watcher, events: readonly Event[]): void {
  if (events.length > 0) watcher.events(new Batch(events));
}

/** Those of the events that somebody with this interest hears. */
function heard(events: readonly Gathered[], { watching, replaying }: Interest, memberKey: string | undefined): Event[] {
  return events.filter(
    ({ isFor, member, key, seq }) =>
      isFor(watching) &&
      (member === undefined || member === memberKey) &&
      !(replaying && key === undefined && seq !== undefined),
  );
}

/** The same for all that hear the same. */
function signatureOf({ watching: { rates, forum, members, files }, replaying }: Interest): string {
  const instruments = rates === undefined ? '' : rates === true ? 'all' : JSON.stringify([...rates].sort());
  return `${Number(forum)}${Number(members)}${Number(files)}${Number(replaying)}${instruments}`;
}
