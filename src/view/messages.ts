import type { DirectMessage } from '../domain/message.ts';
import { nameKey } from '../domain/name.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Range, Store } from '../store/store.ts';
import type { RecordOf } from './records.ts';
import type { Part } from './view.ts';

/** A message as it is stored. `nth` of those that its writer sent to that member. */
interface StoredMessage extends DirectMessage {
  readonly nth: number;
}

/** What one of two members has of their conversation. */
export interface Conversation {
  /** The other one. */
  readonly with: string;
  /** Number of the last message, of either. */
  readonly last: number;
  /** How many the other one sent. */
  readonly received: number;
  /** How many of them are read, and the number of the last of these. */
  readonly read: number;
  readonly readNumber: number;
}

export interface MessageChange extends Change {
  readonly type: 'message';
  readonly message: DirectMessage;
}

/** Direct messages: of each two members in order, and for each member in the order of the journal. */
export class MessagesView implements Part {
  readonly kinds = {
    'message.sent': (record: RecordOf<'message.sent'>, draft: Draft) => this.#sent(record, draft),
    'message.marked': (record: RecordOf<'message.marked'>, draft: Draft) => this.#marked(record, draft),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {}

  committed(): void {}

  /** The message that a member sent under an id of his own. */
  byClientId(member: string, clientId: string): DirectMessage | undefined {
    const key = this.#store.read<string>(keys.clientMessage(nameKey(member), clientId));
    return key === undefined ? undefined : this.#at(key);
  }

  conversation(member: string, other: string): Conversation | undefined {
    return this.#store.read<Conversation>(keys.conversation(nameKey(member), nameKey(other)));
  }

  /** A member's conversations, by the name of the other one. */
  async *conversations(member: string): AsyncGenerator<Conversation> {
    for await (const [, text] of this.#store.range(within(keys.conversation(nameKey(member), ''))))
      yield JSON.parse(text) as Conversation;
  }

  get(member: string, other: string, number: number): DirectMessage | undefined {
    return this.#at(keys.message(pairOf(nameKey(member), nameKey(other)), number));
  }

  /** What two members wrote to one another before a number (or all), newest first. */
  async *between(member: string, other: string, before = Number.MAX_SAFE_INTEGER): AsyncGenerator<DirectMessage> {
    const pair = pairOf(nameKey(member), nameKey(other));
    const range = { gte: keys.message(pair, 0), lt: keys.message(pair, before), reverse: true };
    for await (const [, text] of this.#store.range(range, 200)) yield read(text);
  }

  /** All that a member sent and got before a number (or all), newest first. */
  async *backwards(member: string, before?: number): AsyncGenerator<DirectMessage> {
    const bound = before === undefined ? undefined : this.#store.read<number>(keys.messageSeq(before));
    const range = { gte: keys.mail(nameKey(member), 0), lt: keys.mail(nameKey(member), bound ?? LATEST) };
    yield* this.#mail({ ...range, reverse: true });
  }

  /** All that a member sent and got after a seq, up to `head`, in the order of the journal. */
  async *after(member: string, seq: number, head: number): AsyncGenerator<DirectMessage> {
    yield* this.#mail({ gt: keys.mail(nameKey(member), seq), lte: keys.mail(nameKey(member), head) });
  }

  async *#mail(range: Range): AsyncGenerator<DirectMessage> {
    for await (const [, key] of this.#store.range(range, 200)) {
      const message = this.#at(JSON.parse(key) as string);
      if (message) yield message;
    }
  }

  #at(key: string): DirectMessage | undefined {
    const text = this.#store.get(key);
    return text === undefined ? undefined : read(text);
  }

  #sent({ from, to, text, clientId, at, seq }: RecordOf<'message.sent'>, draft: Draft): Change[] {
    const [writer, reader] = [nameKey(from), nameKey(to)];
    const number = (draft.read<number>(keys.messages) ?? 0) + 1;
    const key = keys.message(pairOf(writer, reader), number);
    if (clientId !== undefined) {
      const sent = draft.read<string>(keys.clientMessage(writer, clientId));
      // The same message sent twice at the same time: the second one stands for the first.
      if (sent !== undefined) return [{ type: 'repeated', message: shown(draft.read<StoredMessage>(sent)!) }];
      draft.write(keys.clientMessage(writer, clientId), key);
    }
    const theirs = draft.read<Conversation>(keys.conversation(reader, writer)) ?? begun(from);
    const own = draft.read<Conversation>(keys.conversation(writer, reader)) ?? begun(to);
    const nth = theirs.received + 1;
    const message: DirectMessage = { number, from, to, text, at, seq };
    draft.write(keys.messages, number);
    draft.write(key, { ...message, nth } satisfies StoredMessage);
    draft.write(keys.messageSeq(number), seq);
    draft.write(keys.mail(writer, seq), key);
    draft.write(keys.mail(reader, seq), key);
    draft.write(keys.conversation(reader, writer), { ...theirs, last: number, received: nth });
    draft.write(keys.conversation(writer, reader), { ...own, last: number });
    return [{ type: 'message', message } satisfies MessageChange];
  }

  #marked({ member, with: other, number }: RecordOf<'message.marked'>, draft: Draft): Change[] {
    const [reader, writer] = [nameKey(member), nameKey(other)];
    const key = keys.conversation(reader, writer);
    const conversation = draft.read<Conversation>(key);
    const message = draft.read<StoredMessage>(keys.message(pairOf(reader, writer), number));
    if (conversation && message && nameKey(message.from) === writer && message.nth > conversation.read)
      draft.write(key, { ...conversation, read: message.nth, readNumber: number });
    return [];
  }
}

const LATEST = Number.MAX_SAFE_INTEGER;

function begun(other: string): Conversation {
  return { with: other, last: 0, received: 0, read: 0, readNumber: 0 };
}

function read(text: string): DirectMessage {
  return shown(JSON.parse(text) as StoredMessage);
}

function shown({ nth: _, ...message }: StoredMessage): DirectMessage {
  return message;
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one}/${other}` : `${other}/${one}`;
}
