import { canonicalName } from '../domain/account.ts';
import { defined } from '../domain/defined.ts';
import type { DirectMessage } from '../domain/direct-message.ts';
import type { FileListing, FileListingEntry } from '../domain/file-listing.ts';
import type { Post } from '../domain/post.ts';
import { type Quote, seriesId } from '../domain/quote.ts';
import type { MessageBus } from '../engine/types.ts';
import type { AccountChange } from '../projections/accounts.ts';
import { type ListingChange, toFileListing } from '../projections/listings.ts';
import type { ReadModel, ReadModelChange } from '../projections/read-model.ts';
import type { EventParams } from '../protocol/events.ts';
import { encodeNotification } from '../protocol/jsonrpc.ts';
import type { MemberChange, Presence } from '../room/presence.ts';
import { type EncodedEvent, EventBatch } from './event-batch.ts';

export interface Subscription {
  /** Instruments, or all. */
  readonly rates: ReadonlySet<string> | true | undefined;
  readonly forum: boolean;
  readonly members: boolean;
  readonly files: boolean;
}

export interface Subscriber {
  readonly subscription: Subscription;
  /** Events with a seq are read from the journal for it, and not delivered. */
  readonly isReplaying: boolean;
  /** `canonicalName` of the signed-in member. */
  readonly memberKey: string | undefined;
  /** Called at most once a turn, and once more when the subscription changes. */
  deliverEvents(batch: EventBatch): void;
}

type SubscriberState = Pick<Subscriber, 'subscription' | 'isReplaying'>;

/** Subscribers that receive the same events. */
interface SubscriberGroup extends SubscriberState {
  readonly key: string;
  /** For each, the number of the first event that it has not received. */
  readonly subscribers: Map<Subscriber, number>;
}

/** An event that is not delivered to everybody yet. */
interface PendingEvent extends EncodedEvent {
  readonly isWantedBy: (subscription: Subscription) => boolean;
  /** `canonicalName` of its only recipient. */
  readonly recipientKey?: string;
}

/** A direct message as one of its two members sees it. */
export function encodeMessageEvent(message: DirectMessage, unread: boolean): string {
  const { number, from, to, text, at, seq } = message;
  return encodeNotification('message', { seq, message: { number, from, to, text, at, unread, seq } });
}

export function encodeListingEvent(event: EventParams<'listing'>): string {
  return encodeNotification('listing', event);
}

/** Ten thousand TLS connections take a third of a second, which every other call would wait for. */
const DELIVERY_SLICE_MS = 20;

/**
 * Turns journal changes into events, each encoded once. Events of one event-loop turn (all posts of one commit), and
 * events that arrive during a delivery, are delivered together: subscribers of one group receive the same bytes, in one
 * piece.
 */
export class EventBroadcaster {
  readonly #view: Pick<ReadModel, 'onChange'>;
  readonly #bus: MessageBus;
  readonly #presence: Pick<Presence, 'onChange'>;
  readonly #withStaleness: (quote: Quote) => Quote;
  readonly #withAvailability: (listing: FileListing) => FileListingEntry;
  readonly #deliverySliceMs: number;
  readonly #groups = new Map<string, SubscriberGroup>();
  readonly #groupOf = new Map<Subscriber, SubscriberGroup>();
  /** Events are numbered; the first one here has number `#firstNumber`. */
  #pendingEvents: PendingEvent[] = [];
  #firstNumber = 0;
  #unsubscribers: (() => void)[] = [];

  /**
   * @param withStaleness adds to a quote whether it is stale
   * @param withAvailability adds to a listing whether it is available now
   * @param deliverySliceMs how long a delivery may keep the event loop
   */
  constructor(
    services: {
      view: Pick<ReadModel, 'onChange'>;
      bus: MessageBus;
      presence: Pick<Presence, 'onChange'>;
      withStaleness: (quote: Quote) => Quote;
      withAvailability: (listing: FileListing) => FileListingEntry;
    },
    { deliverySliceMs = DELIVERY_SLICE_MS }: { deliverySliceMs?: number } = {},
  ) {
    this.#view = services.view;
    this.#bus = services.bus;
    this.#presence = services.presence;
    this.#withStaleness = services.withStaleness;
    this.#withAvailability = services.withAvailability;
    this.#deliverySliceMs = deliverySliceMs;
  }

  start(): void {
    this.#unsubscribers = [
      this.#view.onChange((change, seq) => this.#onViewChange(change, seq)),
      this.#presence.onChange((change) => this.#onMemberChange(change)),
      this.#bus.subscribe('unread', (message) => this.#onUnreadCount(message as { member: string; event: object })),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribers) unsubscribe();
    this.#unsubscribers = [];
  }

  /** Events queued before this call are delivered under the old subscription, later ones under the new. */
  setSubscription(subscriber: Subscriber): void {
    const before = this.#groupOf.get(subscriber);
    const { subscription, isReplaying } = subscriber;
    const key = subscriptionKey(subscriber);
    if (before?.key === key) return;
    const from = before?.subscribers.get(subscriber) ?? 0;
    this.removeSubscriber(subscriber);
    const group = this.#groups.get(key) ?? { key, subscription, isReplaying, subscribers: new Map() };
    this.#groups.set(key, group);
    this.#groupOf.set(subscriber, group);
    group.subscribers.set(subscriber, this.#nextNumber);
    if (!before) return;
    // The journal replay that starts now contains these events.
    const state = { subscription: before.subscription, isReplaying: before.isReplaying || isReplaying };
    // Must come last: delivering may disconnect the subscriber and remove it.
    deliver(subscriber, eventsFor(this.#pendingEvents.slice(this.#indexOfNumber(from)), state, subscriber.memberKey));
  }

  removeSubscriber(subscriber: Subscriber): void {
    const group = this.#groupOf.get(subscriber);
    if (!group) return;
    group.subscribers.delete(subscriber);
    if (group.subscribers.size === 0) this.#groups.delete(group.key);
    this.#groupOf.delete(subscriber);
  }

  #onViewChange(change: ReadModelChange, seq: number): void {
    if (change.type === 'post') {
      this.#enqueue(wantsForum, () => ({ text: encodeNotification('post', { seq, post: change.post as Post }), seq }));
    } else if (change.type === 'message') {
      this.#onMessage(change.message as DirectMessage);
    } else if (change.type === 'listing') {
      const { change: kind, listing } = change as ListingChange;
      this.#enqueue(wantsFiles, () => ({
        text: encodeListingEvent({ seq, change: kind, listing: this.#withAvailability(toFileListing(listing)) }),
        seq,
      }));
    } else if (change.type === 'account') {
      const { account, isNewRole } = change as AccountChange;
      if (isNewRole) this.#onRoleChange(account);
    } else if (change.type === 'quote') {
      const quote = change.quote as Quote;
      this.#enqueue(
        ({ rates }) => rates === true || (rates?.has(quote.instrument) ?? false),
        () => ({ text: encodeNotification('quote', { seq, quote: this.#withStaleness(quote) }), key: seriesId(quote) }),
      );
    }
  }

  /** Only for the two members, each with their own unread state. */
  #onMessage(message: DirectMessage): void {
    for (const [name, unread] of [
      [message.from, false],
      [message.to, true],
    ] as const) {
      const encode = () => ({ text: encodeMessageEvent(message, unread), seq: message.seq });
      this.#enqueue(wantsForum, encode, canonicalName(name));
    }
  }

  #onUnreadCount({ member, event }: { member: string; event: { topic?: string; with?: string } }): void {
    const key = `unread ${event.with === undefined ? `#${event.topic ?? ''}` : event.with}`;
    this.#enqueue(wantsForum, () => ({ text: encodeNotification('unread', event), key }), member);
  }

  #onMemberChange(change: MemberChange): void {
    const key = `member ${change.name}`;
    this.#enqueue(
      ({ members }) => members,
      () => ({ text: encodeNotification('member', change), key }),
    );
  }

  #onRoleChange({ name, role }: AccountChange['account']): void {
    this.#enqueue(
      ({ members }) => members,
      () => ({ text: encodeNotification('role', { name, role }), key: `role ${name}` }),
    );
  }

  get #nextNumber(): number {
    return this.#firstNumber + this.#pendingEvents.length;
  }

  /** The index of a pending event; 0 if it was delivered already. */
  #indexOfNumber(number: number): number {
    return Math.max(0, number - this.#firstNumber);
  }

  /** @param encode called only if there is a subscriber */
  #enqueue(isFor: PendingEvent['isWantedBy'], encode: () => EncodedEvent, member?: string): void {
    for (const { subscription } of this.#groups.values()) {
      if (!isFor(subscription)) continue;
      if (this.#pendingEvents.length === 0) setImmediate(() => this.#deliverSlice(this.#delivering()));
      this.#pendingEvents.push({ ...encode(), isWantedBy: isFor, ...defined({ recipientKey: member }) });
      return;
    }
  }

  /** Delivers for one time slice, then yields to the event loop. */
  #deliverSlice(delivery: Iterator<void>): void {
    const until = performance.now() + this.#deliverySliceMs;
    while (!delivery.next().done) {
      if (performance.now() < until) continue;
      setImmediate(() => this.#deliverSlice(delivery));
      return;
    }
    if (this.#pendingEvents.length > 0) setImmediate(() => this.#deliverSlice(this.#delivering()));
  }

  /**
   * Delivers all pending events, one subscriber a step. Subscribers that join or change between two steps start after
   * these events (`setSubscription`); events caused during a delivery (a dropped subscriber) belong to the next one.
   */
  *#delivering(): Iterator<void> {
    const pending = [...this.#pendingEvents];
    const end = this.#nextNumber;
    const recipients = new Set(pending.flatMap(({ recipientKey }) => recipientKey ?? []));
    for (const group of this.#groups.values()) {
      const shared = new EventBatch(eventsFor(pending, group, undefined));
      if (shared.events.length === 0 && recipients.size === 0) continue;
      for (const [subscriber, from] of group.subscribers) {
        if (from >= end) continue;
        group.subscribers.set(subscriber, end);
        const { memberKey } = subscriber;
        const index = this.#indexOfNumber(from);
        if (index > 0 || (memberKey !== undefined && recipients.has(memberKey))) {
          deliver(subscriber, eventsFor(pending.slice(index), group, memberKey));
        } else if (shared.events.length > 0) {
          subscriber.deliverEvents(shared);
        }
        yield;
      }
    }
    this.#pendingEvents = this.#pendingEvents.slice(pending.length);
    this.#firstNumber = end;
  }
}

function wantsForum({ forum }: Subscription): boolean {
  return forum;
}

function wantsFiles({ files }: Subscription): boolean {
  return files;
}

function deliver(subscriber: Subscriber, events: readonly EncodedEvent[]): void {
  if (events.length > 0) subscriber.deliverEvents(new EventBatch(events));
}

function eventsFor(
  events: readonly PendingEvent[],
  { subscription, isReplaying }: SubscriberState,
  memberKey: string | undefined,
): EncodedEvent[] {
  return events.filter(
    ({ isWantedBy, recipientKey, key, seq }) =>
      isWantedBy(subscription) &&
      (recipientKey === undefined || recipientKey === memberKey) &&
      !(isReplaying && key === undefined && seq !== undefined),
  );
}

/** Equal for subscribers that receive the same events. */
function subscriptionKey({ subscription: { rates, forum, members, files }, isReplaying }: SubscriberState): string {
  const instruments = rates === undefined ? '' : rates === true ? 'all' : JSON.stringify([...rates].sort());
  return `${Number(forum)}${Number(members)}${Number(files)}${Number(isReplaying)}${instruments}`;
}
