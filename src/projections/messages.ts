import { canonicalName } from '../domain/account.ts';
import type { DirectMessage } from '../domain/direct-message.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { KeyRange, Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { RecordOf } from './journal-records.ts';
import type { Projection } from './projection.ts';

/** A stored message. `nth`: its position among the messages that the sender sent to the recipient. */
interface StoredMessage extends DirectMessage {
  readonly nth: number;
}

/** One member's side of a conversation. */
export interface ConversationState {
  readonly with: string;
  readonly last: number;
  readonly received: number;
  /** How many of them are read, and the number of the last read one. */
  readonly read: number;
  readonly readNumber: number;
}

/** `repeatedMessage`: it was sent twice at the same time. */
export interface MessageChange {
  readonly type: 'message' | 'repeatedMessage';
  readonly message: DirectMessage;
}

/** Direct messages, by conversation, and by member in the order of the journal. */
export class MessagesProjection implements Projection {
  readonly handlers = {
    'message.sent': (record: RecordOf<'message.sent'>, writes: WriteBatch) => this.#onSent(record, writes),
    'message.marked': (record: RecordOf<'message.marked'>, writes: WriteBatch) => this.#onMarked(record, writes),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  byClientId(member: string, clientId: string): DirectMessage | undefined {
    const key = this.#store.read<string>(keys.clientMessage(canonicalName(member), clientId));
    return key === undefined ? undefined : this.#read(key);
  }

  conversation(member: string, other: string): ConversationState | undefined {
    return this.#store.read<ConversationState>(keys.conversation(canonicalName(member), canonicalName(other)));
  }

  async *conversations(member: string): AsyncGenerator<ConversationState> {
    for await (const [, text] of this.#store.range(prefixRange(keys.conversation(canonicalName(member), ''))))
      yield JSON.parse(text) as ConversationState;
  }

  get(member: string, other: string, number: number): DirectMessage | undefined {
    return this.#read(keys.message(conversationKey(canonicalName(member), canonicalName(other)), number));
  }

  async *inConversation(member: string, other: string, before = MAX_SEQ): AsyncGenerator<DirectMessage> {
    const pair = conversationKey(canonicalName(member), canonicalName(other));
    const range = { gte: keys.message(pair, 0), lt: keys.message(pair, before), reverse: true };
    for await (const [, text] of this.#store.range(range, 200)) yield parseMessage(text);
  }

  async *newestFirst(member: string, before?: number): AsyncGenerator<DirectMessage> {
    const bound = before === undefined ? undefined : this.#store.read<number>(keys.messageSeq(before));
    const range = { gte: keys.mail(canonicalName(member), 0), lt: keys.mail(canonicalName(member), bound ?? MAX_SEQ) };
    yield* this.#mailbox({ ...range, reverse: true });
  }

  async *newerThan(member: string, seq: number, head: number): AsyncGenerator<DirectMessage> {
    yield* this.#mailbox({ gt: keys.mail(canonicalName(member), seq), lte: keys.mail(canonicalName(member), head) });
  }

  async *#mailbox(range: KeyRange): AsyncGenerator<DirectMessage> {
    for await (const [, key] of this.#store.range(range, 200)) {
      const message = this.#read(JSON.parse(key) as string);
      if (message) yield message;
    }
  }

  #read(key: string): DirectMessage | undefined {
    const text = this.#store.get(key);
    return text === undefined ? undefined : parseMessage(text);
  }

  #onSent({ from, to, text, clientId, at, seq }: RecordOf<'message.sent'>, writes: WriteBatch): MessageChange[] {
    const [writer, reader] = [canonicalName(from), canonicalName(to)];
    const number = (writes.read<number>(keys.messages) ?? 0) + 1;
    const key = keys.message(conversationKey(writer, reader), number);
    if (clientId !== undefined) {
      const sent = writes.read<string>(keys.clientMessage(writer, clientId));
      // The same message was sent twice at the same time: the first one counts.
      if (sent !== undefined)
        return [{ type: 'repeatedMessage', message: withoutNth(writes.read<StoredMessage>(sent)!) }];
      writes.write(keys.clientMessage(writer, clientId), key);
    }
    const recipientSide = writes.read<ConversationState>(keys.conversation(reader, writer)) ?? newConversation(from);
    const senderSide = writes.read<ConversationState>(keys.conversation(writer, reader)) ?? newConversation(to);
    const nth = recipientSide.received + 1;
    const message: DirectMessage = { number, from, to, text, at, seq };
    writes.write(keys.messages, number);
    writes.write(key, { ...message, nth } satisfies StoredMessage);
    writes.write(keys.messageSeq(number), seq);
    writes.write(keys.mail(writer, seq), key);
    writes.write(keys.mail(reader, seq), key);
    writes.write(keys.conversation(reader, writer), { ...recipientSide, last: number, received: nth });
    writes.write(keys.conversation(writer, reader), { ...senderSide, last: number });
    return [{ type: 'message', message }];
  }

  #onMarked({ member, with: other, number }: RecordOf<'message.marked'>, writes: WriteBatch): MessageChange[] {
    const [reader, writer] = [canonicalName(member), canonicalName(other)];
    const key = keys.conversation(reader, writer);
    const conversation = writes.read<ConversationState>(key);
    const message = writes.read<StoredMessage>(keys.message(conversationKey(reader, writer), number));
    if (conversation && message && canonicalName(message.from) === writer && message.nth > conversation.read)
      writes.write(key, { ...conversation, read: message.nth, readNumber: number });
    return [];
  }
}

const MAX_SEQ = Number.MAX_SAFE_INTEGER;

function newConversation(other: string): ConversationState {
  return { with: other, last: 0, received: 0, read: 0, readNumber: 0 };
}

function parseMessage(text: string): DirectMessage {
  return withoutNth(JSON.parse(text) as StoredMessage);
}

function withoutNth({ nth: _, ...message }: StoredMessage): DirectMessage {
  return message;
}

function conversationKey(one: string, other: string): string {
  return one < other ? `${one}/${other}` : `${other}/${one}`;
}
