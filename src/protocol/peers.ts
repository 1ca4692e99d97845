import Type from 'typebox';
import { defineMethod } from './method.ts';
import { HEX_64_OPTIONS, MemberNameSchema, nullable, strictObject, stringEnum } from './schema.ts';

export const PeerKeySchema = Type.String({ ...HEX_64_OPTIONS, description: 'SHA-256 of the public key (SPKI), hex' });
export const PeerPortSchema = Type.Integer({ minimum: 1, maximum: 65535, description: 'UDP port of the peer' });

const LocalEndpointsSchema = Type.Array(
  strictObject({
    address: Type.String({ minLength: 2, maxLength: 64, description: 'IPv4 or IPv6' }),
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
  }),
  { maxItems: 4, description: 'addresses of the peer in its own network' },
);

/** What each of two peers learns about the other. */
const introductionProperties = {
  id: Type.String({ description: 'of the introduction: 16 random bytes, hex' }),
  secret: Type.String({ description: 'shared by both peers and the daemon: 32 random bytes, hex' }),
  side: stringEnum(['a', 'b'], '`a` requested the introduction'),
  member: Type.String({ description: 'the other member' }),
  address: nullable(Type.String({ description: "the other peer's TCP address; null on the control socket" })),
  port: Type.Integer({ description: 'UDP port that the other peer registered' }),
  key: Type.String({ description: 'registered key of the other peer; verify it before sending anything' }),
  local: LocalEndpointsSchema,
  relay: Type.Boolean({ description: 'the daemon can relay for the requester if no direct path works' }),
};

/** Params of the event `peer`. */
export const PeerEventSchema = strictObject({
  ...introductionProperties,
  daemon: Type.Optional(
    strictObject(
      { address: Type.String(), port: Type.Integer() },
      'daemon that the other peer is connected to, to send HELLOs to; default: this daemon',
    ),
  ),
});

const RoundTripMsSchema = nullable(Type.Number({ description: 'null if there was no reply' }));

export const peerMethods = {
  'peer.register': defineMethod({
    access: 'member',
    summary:
      'Registers your peer endpoint for file transfers while this connection is open. A later call replaces the earlier one. `peer` at sign-in does the same, without `local`.',
    params: strictObject({
      port: PeerPortSchema,
      key: PeerKeySchema,
      local: LocalEndpointsSchema,
      offers: Type.Optional(
        Type.Boolean({ description: 'false: cannot accept offers; your other peers are preferred' }),
      ),
    }),
    result: strictObject({
      address: nullable(Type.String({ description: 'your address as the daemon sees it; null on the control socket' })),
    }),
  }),
  'peer.connect': defineMethod({
    access: 'member',
    summary:
      'Introduces your peer (registered on this connection) to a peer of another member: the most recently registered one (preferably one that accepts offers), or the most recent one with that key. The other peer gets the event `peer`; then both send datagrams (below). A connection can have at most 64 open introductions; a limit per member keeps capacity for others. An introduction ends 60 s after its last HELLO, or when one of the connections closes. If the other peer is connected to another daemon of the cluster, both meet at this daemon.',
    params: strictObject({ member: MemberNameSchema, key: Type.Optional(PeerKeySchema) }),
    result: strictObject({
      ...introductionProperties,
      ticket: Type.String({ description: '`id` and `secret`, separated by a dot' }),
    }),
    errors: ['NOT_FOUND', 'NOT_AVAILABLE', 'NOT_ALLOWED', 'TOO_MANY_REQUESTS'],
  }),
  'peer.ping': defineMethod({
    access: 'reader',
    summary:
      "Measures four consecutive round trips between a member's latest connection and its daemon, with the request `ping`; each has a timeout of 1 s.",
    params: strictObject({ member: MemberNameSchema }),
    result: strictObject({
      status: Type.Literal(203),
      member: Type.String(),
      sent: Type.Integer(),
      received: Type.Integer(),
      minMs: RoundTripMsSchema,
      avgMs: RoundTripMsSchema,
      maxMs: RoundTripMsSchema,
      timesMs: Type.Array(nullable(Type.Number()), { description: 'per round trip; null after a timeout' }),
    }),
    errors: ['NOT_FOUND', 'NOT_AVAILABLE'],
  }),
};
