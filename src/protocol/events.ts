import Type, { type Static } from 'typebox';
import { ListingEventSchema } from './files.ts';
import { PeerEventSchema } from './peers.ts';
import {
  DirectMessageSchema,
  EpochMsSchema,
  PostSchema,
  QuoteSchema,
  RoleSchema,
  SeqSchema,
  strictObject,
  stringEnum,
} from './schema.ts';

/** Notifications from the daemon: `{"jsonrpc": "2.0", "method": <event>, "params": …}`. */
export const EVENTS = {
  quote: {
    summary: 'A new price of a watched instrument.',
    params: strictObject({ seq: SeqSchema, quote: QuoteSchema }),
  },
  post: {
    summary: 'A post was written, edited or deleted.',
    params: strictObject({ seq: SeqSchema, post: PostSchema }),
  },
  message: {
    summary: 'You received or sent a direct message. Sent to the two members only.',
    params: strictObject({ seq: SeqSchema, message: DirectMessageSchema }),
  },
  listing: { summary: 'A file was published or unpublished.', params: ListingEventSchema },
  peer: {
    summary: 'Another member wants to connect to your peer. Sent only to the connection that registered it.',
    params: PeerEventSchema,
  },
  unread: {
    summary:
      'You marked something as read, here or on another terminal. Has the remaining unread count of a topic, of all topics (without `topic`), or of the direct messages from a member (`with`).',
    params: strictObject({
      topic: Type.Optional(Type.String()),
      with: Type.Optional(Type.String()),
      seq: Type.Integer({ description: 'sequence number that the counts refer to' }),
      unread: Type.Integer(),
      mentions: Type.Optional(Type.Integer({ description: 'unread posts that mention you' })),
    }),
  },
  member: {
    summary: 'A member joined, left, became idle (no call on any connection for five minutes), or active again.',
    params: strictObject({
      name: Type.String(),
      change: stringEnum(['joined', 'left', 'idle', 'active']),
      at: EpochMsSchema,
    }),
  },
  role: {
    summary: 'The role of a member changed. Sent to everybody who watches `members`.',
    params: strictObject({ name: Type.String(), role: RoleSchema }),
  },
  notice: {
    summary:
      'A message for people. With `resync`, events were skipped: call watch again with this value as `sinceSeq` to get them.',
    params: strictObject({ text: Type.String(), resync: Type.Optional(SeqSchema) }),
  },
  bye: {
    summary:
      'The daemon closes this connection. With `retryAfterMs`, the client should reconnect; with `final`, it should not until the user asks for it.',
    params: strictObject({
      status: Type.Integer(),
      reason: Type.String(),
      retryAfterMs: Type.Optional(Type.Integer({ description: 'minimum delay before reconnecting' })),
      final: Type.Optional(Type.Literal(true, { description: 'kicked, banned, signed out, or signed in elsewhere' })),
    }),
  },
};

export type EventName = keyof typeof EVENTS;
export type EventParams<E extends EventName> = Static<(typeof EVENTS)[E]['params']>;
