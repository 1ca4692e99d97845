import Type, { type Static } from 'typebox';
import { ListingEvent } from './files.ts';
import { PeerEvent } from './peers.ts';
import { Instant, literals, Message, Post, Quote, Seq, strict } from './schema.ts';

/** Notifications of the daemon: `{"jsonrpc": "2.0", "method": <event>, "params": …}`. */
export const EVENTS = {
  quote: {
    summary: 'A new price of an instrument that is watched.',
    params: strict({ seq: Seq, quote: Quote }),
  },
  post: {
    summary: 'A post was written, edited or deleted.',
    params: strict({ seq: Seq, post: Post }),
  },
  message: {
    summary: 'You got a direct message, or sent one: told to the two members alone.',
    params: strict({ seq: Seq, message: Message }),
  },
  listing: {
    summary: 'A file was listed, or taken off the list.',
    params: ListingEvent,
  },
  peer: {
    summary: 'Another member wants to reach your peer. Told to the one connection that registered it.',
    params: PeerEvent,
  },
  unread: {
    summary:
      'You marked something read, here or on another terminal: what is still unread in a topic, in all topics (without `topic`), or of what a member wrote to you (`with`).',
    params: strict({
      topic: Type.Optional(Type.String()),
      with: Type.Optional(Type.String()),
      seq: Type.Integer({ description: 'as of which the counts hold' }),
      unread: Type.Integer(),
      mentions: Type.Optional(Type.Integer({ description: 'unread posts that mention you' })),
    }),
  },
  member: {
    summary:
      'A member came, left, fell idle (nothing was called on any of his connections for five minutes), or did something again.',
    params: strict({
      name: Type.String(),
      change: literals(['joined', 'left', 'idle', 'active']),
      at: Instant,
    }),
  },
  notice: {
    summary:
      'Something that people should read. With `resync`, events were left out: call watch again with `sinceSeq` to have them.',
    params: strict({ text: Type.String(), resync: Type.Optional(Seq) }),
  },
  bye: {
    summary:
      'The daemon ends this connection. With `retryAfterMs` it expects the client back; with `final` it wants it to stay away until a person says otherwise.',
    params: strict({
      status: Type.Integer(),
      reason: Type.String(),
      retryAfterMs: Type.Optional(Type.Integer({ description: 'not before this' })),
      final: Type.Optional(
        Type.Literal(true, { description: 'kicked, banned, signed out, or signed in from somewhere else' }),
      ),
    }),
  },
};

export type EventName = keyof typeof EVENTS;
export type EventParams<E extends EventName> = Static<(typeof EVENTS)[E]['params']>;
