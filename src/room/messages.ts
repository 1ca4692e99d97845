import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import type { DirectMessage } from '../domain/message.ts';
import { nameKey } from '../domain/name.ts';
import { parseText } from '../domain/post.ts';
import type { Bus, Journal } from '../engine/contract.ts';
import type { Conversation } from '../view/messages.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';
import type { WriteQuota } from './write-quota.ts';

/** A message as one of the two members sees it. */
export interface Message extends DirectMessage {
  /** Somebody wrote it to him, and he has not marked it read. */
  readonly unread: boolean;
}

export interface MessageReading {
  readonly with?: string | undefined;
  readonly sinceSeq?: number | undefined;
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConversationStatus {
  readonly with: string;
  readonly unread: number;
  readonly last: Message;
}

const LIMIT = 50;
/** Conversations that are listed: those last written in. */
const CONVERSATIONS = 500;

/** What members write to one another. Kept for good; each reads only what he wrote and what was written to him. */
export class Messages {
  readonly #journal: Journal;
  readonly #bus: Bus;
  readonly #view: View;
  readonly #now: () => Instant;
  readonly #quota: WriteQuota | undefined;
  /** Characters of one message at most. */
  postCharacters: number;

  constructor(room: {
    journal: Journal;
    bus: Bus;
    view: View;
    now: () => Instant;
    postCharacters: number;
    quota?: WriteQuota;
  }) {
    this.#quota = room.quota;
    this.#journal = room.journal;
    this.#bus = room.bus;
    this.#view = room.view;
    this.#now = room.now;
    this.postCharacters = room.postCharacters;
  }

  /**
   * @param address where `from` is connected from; left out for the control socket
   * @throws Failure NO_SUCH_ACCOUNT, INVALID_REQUEST, TOO_LARGE, TOO_MANY_REQUESTS, NOT_AVAILABLE
   */
  async send(
    from: string,
    { to, text, clientId }: { to: string; text: string; clientId?: string | undefined },
    address?: string,
  ): Promise<Message> {
    const clean = parseText(text, this.postCharacters);
    const other = this.#account(to);
    if (nameKey(other) === nameKey(from)) {
      throw new Failure('INVALID_REQUEST', 'A message goes to somebody else.', { data: { field: 'to' } });
    }
    const before = clientId === undefined ? undefined : this.#view.messages.byClientId(from, clientId);
    if (before) return this.#seen(from, before);
    this.#quota?.post({ name: from, address }, clean);
    const { changes } = await append(this.#journal, 'message.sent', this.#now(), {
      from,
      to: other,
      text: clean,
      ...(clientId === undefined ? {} : { clientId }),
    });
    return this.#seen(from, changes[0]!.message as DirectMessage);
  }

  /**
   * A member's messages, oldest first: those after `sinceSeq`, or the last ones before a number, else the newest.
   * `seq`: where a later `sinceSeq` goes on; `more`: the limit cut something off.
   * @throws Failure NO_SUCH_ACCOUNT
   */
  async read(
    member: string,
    { with: other, sinceSeq, before, limit = LIMIT, signal }: MessageReading,
  ): Promise<{ messages: Message[]; seq: number; more: boolean }> {
    const { messages } = this.#view;
    const wanted = other === undefined ? undefined : this.#account(other);
    const head = this.#journal.head();
    const found: DirectMessage[] = [];
    const seen = (list: readonly DirectMessage[]) => list.map((message) => this.#seen(member, message));
    if (sinceSeq !== undefined) {
      for await (const message of messages.after(member, sinceSeq, head)) {
        signal?.throwIfAborted();
        if (wanted !== undefined && !isWith(message, wanted)) continue;
        if (before !== undefined && message.number >= before) break;
        if (found.length === limit) return { messages: seen(found), seq: found.at(-1)!.seq, more: true };
        found.push(message);
      }
      return { messages: seen(found), seq: head, more: false };
    }
    let more = false;
    const backwards =
      wanted === undefined ? messages.backwards(member, before) : messages.between(member, wanted, before);
    for await (const message of backwards) {
      if (found.length === limit) {
        more = true;
        break;
      }
      found.push(message);
    }
    return { messages: seen(found.reverse()), seq: head, more };
  }

  /** With whom a member wrote messages, the latest first. */
  async conversations(member: string, signal?: AbortSignal): Promise<ConversationStatus[]> {
    const all: Conversation[] = [];
    for await (const conversation of this.#view.messages.conversations(member)) {
      signal?.throwIfAborted();
      all.push(conversation);
    }
    all.sort((a, b) => b.last - a.last);
    return all.slice(0, CONVERSATIONS).flatMap((conversation) => {
      const last = this.#view.messages.get(member, conversation.with, conversation.last);
      if (!last) return []; // lost (goldctl repair)
      return [{ with: conversation.with, unread: unreadOf(conversation), last: this.#seen(member, last) }];
    });
  }

  /**
   * The member has read what another one wrote to him up to a number. Noted only where that leaves less unread than
   * before: marks do not go back.
   * @throws Failure NO_SUCH_ACCOUNT
   */
  async mark(member: string, other: string, number: number): Promise<{ with: string; seq: number; unread: number }> {
    const writer = this.#account(other);
    const { messages } = this.#view;
    const conversation = messages.conversation(member, writer);
    let moved = false;
    if (conversation && unreadOf(conversation) > 0 && number > conversation.readNumber) {
      const last = await this.#lastOf(member, writer, number);
      if (last > conversation.readNumber) {
        await append(this.#journal, 'message.marked', this.#now(), { member, with: writer, number: last });
        moved = true;
      }
    }
    const seq = this.#journal.head();
    const now = messages.conversation(member, writer);
    const reading = { with: writer, seq, unread: now ? unreadOf(now) : 0 };
    if (moved) this.#bus.publish('unread', { member: nameKey(member), event: reading });
    return reading;
  }

  /** Number of the last message up to `number` that the other one wrote, 0 for none. */
  async #lastOf(member: string, writer: string, number: number): Promise<number> {
    for await (const message of this.#view.messages.between(member, writer, number + 1)) {
      if (nameKey(message.from) === nameKey(writer)) return message.number;
    }
    return 0;
  }

  #seen(member: string, message: DirectMessage): Message {
    return { ...message, unread: isUnread(this.#view, member, message) };
  }

  #account(name: string): string {
    const account = this.#view.accounts.byName(name);
    if (!account) {
      throw new Failure('NO_SUCH_ACCOUNT', `There is no account "${plain(name).slice(0, 64)}".`);
    }
    return account.name;
  }
}

/** Whether somebody else wrote it to the member and he has not marked it read. */
export function isUnread(view: View, member: string, message: DirectMessage): boolean {
  if (nameKey(message.from) === nameKey(member)) return false;
  return message.number > (view.messages.conversation(member, message.from)?.readNumber ?? 0);
}

function unreadOf({ received, read }: Conversation): number {
  return received - read;
}

function isWith({ from, to }: DirectMessage, other: string): boolean {
  return nameKey(from) === nameKey(other) || nameKey(to) === nameKey(other);
}
