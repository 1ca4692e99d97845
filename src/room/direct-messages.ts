import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import type { DirectMessage } from '../domain/direct-message.ts';
import { parsePostText } from '../domain/post.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MessageBus } from '../engine/types.ts';
import type { ConversationState } from '../projections/messages.ts';
import type { ReadModel } from '../projections/read-model.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';
import type { WriteQuota } from './write-quota.ts';

export interface MemberMessage extends DirectMessage {
  /** The other member sent it, and this member has not marked it read. */
  readonly unread: boolean;
}

export interface MessageReadOptions {
  readonly with?: string | undefined;
  readonly sinceSeq?: number | undefined;
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConversationStatus {
  readonly with: string;
  readonly unread: number;
  readonly last: MemberMessage;
}

const DEFAULT_LIMIT = 50;
const MAX_CONVERSATIONS = 500;

/** Direct messages between members. Kept for ever; members can read only messages that they sent or received. */
export class DirectMessages {
  readonly #room: RoomContext & { bus: MessageBus; quota?: WriteQuota };
  maxMessageChars: number;

  constructor(room: RoomContext & { bus: MessageBus; quota?: WriteQuota; postCharacters: number }) {
    this.#room = room;
    this.maxMessageChars = room.postCharacters;
  }

  /**
   * @param address of the sender; undefined on the control socket
   * @throws AppError NO_SUCH_ACCOUNT, INVALID_REQUEST, TOO_LARGE, TOO_MANY_REQUESTS, NOT_AVAILABLE
   */
  async send(
    from: string,
    { to, text, clientId }: { to: string; text: string; clientId?: string | undefined },
    address?: string,
  ): Promise<MemberMessage> {
    const normalized = parsePostText(text, this.maxMessageChars);
    const other = this.#accountName(to);
    if (canonicalName(other) === canonicalName(from)) {
      throw new AppError('INVALID_REQUEST', 'You cannot send a message to yourself.', { data: { field: 'to' } });
    }
    const before = clientId === undefined ? undefined : this.#room.readModel.messages.byClientId(from, clientId);
    if (before) return this.#withUnread(from, before);
    this.#room.quota?.chargePost({ name: from, address }, normalized);
    const {
      changes: [change],
    } = await appendNow(this.#room, 'message.sent', {
      from,
      to: other,
      text: normalized,
      ...defined({ clientId }),
    });
    if (change?.type !== 'message' && change?.type !== 'repeatedMessage')
      throw new AppError('INTERNAL', 'no message was sent');
    return this.#withUnread(from, change.message);
  }

  /**
   * A member's messages, oldest first: those after `sinceSeq`, or the last ones before a number, or else the newest.
   * `seq`: the next `sinceSeq`; `more`: whether the limit cut off messages.
   * @throws AppError NO_SUCH_ACCOUNT
   */
  async read(
    member: string,
    { with: other, sinceSeq, before, limit = DEFAULT_LIMIT, signal }: MessageReadOptions,
  ): Promise<{ messages: MemberMessage[]; seq: number; more: boolean }> {
    const { messages } = this.#room.readModel;
    const partner = other === undefined ? undefined : this.#accountName(other);
    const head = this.#room.journal.head();
    const found: DirectMessage[] = [];
    const withUnread = (list: readonly DirectMessage[]) => list.map((message) => this.#withUnread(member, message));
    if (sinceSeq !== undefined) {
      for await (const message of messages.newerThan(member, sinceSeq, head)) {
        signal?.throwIfAborted();
        if (partner !== undefined && !isConversationWith(message, partner)) continue;
        if (before !== undefined && message.number >= before) break;
        if (found.length === limit) return { messages: withUnread(found), seq: found.at(-1)!.seq, more: true };
        found.push(message);
      }
      return { messages: withUnread(found), seq: head, more: false };
    }
    let more = false;
    const backwards =
      partner === undefined ? messages.newestFirst(member, before) : messages.inConversation(member, partner, before);
    for await (const message of backwards) {
      if (found.length === limit) {
        more = true;
        break;
      }
      found.push(message);
    }
    return { messages: withUnread(found.reverse()), seq: head, more };
  }

  async conversations(member: string, signal?: AbortSignal): Promise<ConversationStatus[]> {
    const all: ConversationState[] = [];
    for await (const conversation of this.#room.readModel.messages.conversations(member)) {
      signal?.throwIfAborted();
      all.push(conversation);
    }
    all.sort((a, b) => b.last - a.last);
    return all.slice(0, MAX_CONVERSATIONS).flatMap((conversation) => {
      const last = this.#room.readModel.messages.get(member, conversation.with, conversation.last);
      if (!last) return []; // lost (goldctl repair)
      return [{ with: conversation.with, unread: unreadCount(conversation), last: this.#withUnread(member, last) }];
    });
  }

  /**
   * Marks messages from another member as read up to a number. Writes nothing unless this reduces the unread count:
   * read marks never move back.
   * @throws AppError NO_SUCH_ACCOUNT
   */
  async markRead(member: string, other: string, upTo: number): Promise<{ with: string; seq: number; unread: number }> {
    const writer = this.#accountName(other);
    const { messages } = this.#room.readModel;
    const conversation = messages.conversation(member, writer);
    let hasMoved = false;
    if (conversation && unreadCount(conversation) > 0 && upTo > conversation.readNumber) {
      const last = await this.#lastNumberFrom(member, writer, upTo);
      if (last > conversation.readNumber) {
        await appendNow(this.#room, 'message.marked', { member, with: writer, number: last });
        hasMoved = true;
      }
    }
    const seq = this.#room.journal.head();
    const now = messages.conversation(member, writer);
    const reading = { with: writer, seq, unread: now ? unreadCount(now) : 0 };
    if (hasMoved) this.#room.bus.publish('unread', { member: canonicalName(member), event: reading });
    return reading;
  }

  async #lastNumberFrom(member: string, writer: string, number: number): Promise<number> {
    for await (const message of this.#room.readModel.messages.inConversation(member, writer, number + 1)) {
      if (canonicalName(message.from) === canonicalName(writer)) return message.number;
    }
    return 0;
  }

  #withUnread(member: string, message: DirectMessage): MemberMessage {
    return { ...message, unread: isUnread(this.#room.readModel, member, message) };
  }

  #accountName(name: string): string {
    const account = this.#room.readModel.accounts.byName(name);
    if (!account) {
      throw new AppError('NO_SUCH_ACCOUNT', `There is no account "${sanitizeText(name).slice(0, 64)}".`);
    }
    return account.name;
  }
}

/** Whether another member sent it and this member has not marked it read. */
export function isUnread(view: ReadModel, member: string, message: DirectMessage): boolean {
  if (canonicalName(message.from) === canonicalName(member)) return false;
  return message.number > (view.messages.conversation(member, message.from)?.readNumber ?? 0);
}

function unreadCount({ received, read }: ConversationState): number {
  return received - read;
}

function isConversationWith({ from, to }: DirectMessage, other: string): boolean {
  return canonicalName(from) === canonicalName(other) || canonicalName(to) === canonicalName(other);
}
