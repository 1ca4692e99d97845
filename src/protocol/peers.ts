import Type from 'typebox';
import { method } from './method.ts';
import { Hex64, literals, Name, nullable, strict } from './schema.ts';

/** SHA-256 of the public key (SPKI) of a peer. */
export const PeerKey = Type.String({ ...Hex64, description: "SHA-256 of the peer's public key (SPKI), hex" });
export const PeerPort = Type.Integer({ minimum: 1, maximum: 65535, description: 'UDP port of the peer' });

const Local = Type.Array(
  strict({
    address: Type.String({ minLength: 2, maxLength: 64, description: 'IPv4 or IPv6' }),
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
  }),
  { maxItems: 4, description: 'where the peer is in its own network' },
);

/** What each of two peers is told of the other. */
const introduction = {
  id: Type.String({ description: 'of the introduction: 16 random bytes, hex' }),
  secret: Type.String({ description: 'of the two and the daemon: 32 random bytes, hex' }),
  side: literals(['a', 'b'], '`a` asked'),
  member: Type.String({ description: 'the other one' }),
  address: nullable(
    Type.String({ description: 'that the other one is seen from by TCP; null where that is the control socket' }),
  ),
  port: Type.Integer({ description: 'UDP port that the other one registered' }),
  key: Type.String({ description: "the other one's, as registered: to be compared before anything is sent" }),
  local: Local,
  relay: Type.Boolean({ description: 'the daemon has a relay for the asker now, where there is no other way' }),
};

/** Params of the event `peer`. */
export const PeerEvent = strict({
  ...introduction,
  daemon: Type.Optional(
    strict(
      { address: Type.String(), port: Type.Integer() },
      'where the HELLOs of this introduction go: to another daemon of the room, by which the other one came. Without it, to this one',
    ),
  ),
});

const millis = nullable(Type.Number({ description: 'null where none came back' }));

export const peers = {
  'peer.register': method({
    access: 'member',
    summary:
      'Other members can reach you for files by this peer, as long as this connection lives. A later call replaces the earlier one. `peer` at sign-in says the same, without `local`.',
    params: strict({
      port: PeerPort,
      key: PeerKey,
      local: Local,
      offers: Type.Optional(
        Type.Boolean({ description: 'false: nobody is there to take an offer; others of yours come before it' }),
      ),
    }),
    result: strict({
      address: nullable(Type.String({ description: 'that you are seen from; null on the control socket' })),
    }),
  }),
  'peer.connect': method({
    access: 'member',
    summary:
      'Introduces your peer (registered on this connection) to one of another member: the latest that was registered (of those that take offers, where there are any), or the latest of that key. The other one gets the event `peer`; then both send datagrams (below). 64 introductions of a connection are open at most, and of a member no more than the daemon has left for others; each ends 60 s after the last HELLO of it, and with the connections of the two. Where the other one is connected to another daemon of the room, the two meet at this one.',
    params: strict({ member: Name, key: Type.Optional(PeerKey) }),
    result: strict({
      ...introduction,
      ticket: Type.String({ description: '`id` and `secret` with a dot between them' }),
    }),
    errors: ['NOT_FOUND', 'NOT_AVAILABLE', 'NOT_ALLOWED', 'TOO_MANY_REQUESTS'],
  }),
  'peer.ping': method({
    access: 'reader',
    summary:
      'Four round trips to the latest connection of a member and back, from the daemon that has it, one after the other, by the request `ping`; each is given 1 s.',
    params: strict({ member: Name }),
    result: strict({
      status: Type.Literal(203),
      member: Type.String(),
      sent: Type.Integer(),
      received: Type.Integer(),
      minMs: millis,
      avgMs: millis,
      maxMs: millis,
      timesMs: Type.Array(nullable(Type.Number()), { description: 'of each; null where nothing came back in time' }),
    }),
    errors: ['NOT_FOUND', 'NOT_AVAILABLE'],
  }),
};
