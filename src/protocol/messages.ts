import Type from 'typebox';
import { ClientId, Limit, Text, Unread } from './forum.ts';
import { method } from './method.ts';
import { Message, Name, Seq, strict } from './schema.ts';

const MessageNumber = Type.Integer({ minimum: 1, description: 'number of a message' });

export const messages = {
  'messages.send': method({
    access: 'member',
    summary:
      'Writes to one member, who may be away. Only the two read it. The same `clientId` twice gives the same message.',
    params: strict({ to: Name, text: Text, clientId: ClientId }),
    result: strict({ message: Message }),
    errors: ['NO_SUCH_ACCOUNT', 'TOO_LARGE'],
  }),
  'messages.read': method({
    access: 'member',
    summary:
      'Messages that you sent and got, oldest first: after `sinceSeq`, or the last ones before a number; else the newest. They are kept when they are read.',
    params: strict({
      with: Type.Optional(Name),
      sinceSeq: Type.Optional(Seq),
      before: Type.Optional(MessageNumber),
      limit: Limit,
    }),
    result: strict({ messages: Type.Array(Message), seq: Seq, more: Type.Boolean() }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
  'messages.conversations': method({
    access: 'member',
    summary: 'With whom you wrote messages, the latest first, 500 at most, and what of theirs is unread.',
    params: strict({}),
    result: strict({
      conversations: Type.Array(strict({ with: Type.String(), unread: Unread, last: Message })),
    }),
  }),
  'messages.markRead': method({
    access: 'member',
    summary: 'Marks what a member wrote to you as read up to a number, on every terminal. Marks do not go back.',
    params: strict({ with: Name, number: MessageNumber }),
    result: strict({
      with: Type.String(),
      seq: Type.Integer({ minimum: 0, description: 'as of which the count holds' }),
      unread: Unread,
    }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
};
