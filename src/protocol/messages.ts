import Type from 'typebox';
import { ClientIdSchema, LimitSchema, PostTextSchema, UnreadCountSchema } from './forum.ts';
import { defineMethod } from './method.ts';
import { DirectMessageSchema, MemberNameSchema, SeqSchema, strictObject } from './schema.ts';

const MessageNumberSchema = Type.Integer({ minimum: 1, description: 'number of a message' });

export const messageMethods = {
  'messages.send': defineMethod({
    access: 'member',
    summary: 'Sends a direct message to a member, who can be offline. Repeating a `clientId` returns the same message.',
    params: strictObject({ to: MemberNameSchema, text: PostTextSchema, clientId: ClientIdSchema }),
    result: strictObject({ message: DirectMessageSchema }),
    errors: ['NO_SUCH_ACCOUNT', 'TOO_LARGE'],
  }),
  'messages.read': defineMethod({
    access: 'member',
    summary:
      'Messages that you sent and received, oldest first: after `sinceSeq`, or the last ones before a number; otherwise the newest. Reading does not delete them.',
    params: strictObject({
      with: Type.Optional(MemberNameSchema),
      sinceSeq: Type.Optional(SeqSchema),
      before: Type.Optional(MessageNumberSchema),
      limit: LimitSchema,
    }),
    result: strictObject({ messages: Type.Array(DirectMessageSchema), seq: SeqSchema, more: Type.Boolean() }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
  'messages.conversations': defineMethod({
    access: 'member',
    summary: 'Your conversations with unread counts, the latest first, at most 500.',
    params: strictObject({}),
    result: strictObject({
      conversations: Type.Array(
        strictObject({ with: Type.String(), unread: UnreadCountSchema, last: DirectMessageSchema }),
      ),
    }),
  }),
  'messages.markRead': defineMethod({
    access: 'member',
    summary: 'Marks the messages from a member as read up to a number, on every terminal. Marks never move back.',
    params: strictObject({ with: MemberNameSchema, number: MessageNumberSchema }),
    result: strictObject({
      with: Type.String(),
      seq: Type.Integer({ minimum: 0, description: 'sequence number that the count refers to' }),
      unread: UnreadCountSchema,
    }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
};
