import Type from 'typebox';
import { method } from './method.ts';
import { Instant, Name, nullable, Seq, strict } from './schema.ts';

export const room = {
  hello: method({
    access: 'anyone',
    summary: 'The first call of a connection, within 10 s.',
    params: strict({
      protocol: Type.Integer({ description: '1' }),
      client: Type.String({ maxLength: 128, description: 'name and version of the program that calls' }),
    }),
    result: strict({
      protocol: Type.Integer(),
      server: Type.String(),
      name: nullable(Type.String({ description: 'the member, where the connection has one' })),
      seq: Seq,
      now: Instant,
      limits: strict({
        lineBytes: Type.Integer(),
        postCharacters: Type.Integer(),
        callsPerSecond: Type.Number(),
        callsBurst: Type.Number(),
      }),
    }),
  }),
  'members.active': method({
    access: 'reader',
    summary: 'The members who are there.',
    params: strict({}),
    result: strict({
      members: Type.Array(
        strict({
          name: Type.String(),
          address: Type.String(),
          peerPort: nullable(
            Type.Integer({
              description: 'UDP port of the peer that was registered last; of an old client, the port that it told',
            }),
          ),
          activeSince: Instant,
          idleMs: Type.Integer(),
        }),
      ),
    }),
  }),
  watch: method({
    access: 'reader',
    summary:
      'Events from now on, or from after `sinceSeq`, without gap or repeat. A later call replaces the earlier one; `{}` ends it. With `forum`, a member also gets his direct messages and what he marks read elsewhere.',
    params: strict({
      rates: Type.Optional(
        Type.Union([Type.Literal(true), Type.Array(Type.String({ maxLength: 128 }), { maxItems: 256 })], {
          description: 'true for all, or instruments',
        }),
      ),
      forum: Type.Optional(Type.Boolean()),
      members: Type.Optional(Type.Boolean()),
      files: Type.Optional(Type.Boolean({ description: 'files that are listed and taken off the list' })),
      sinceSeq: Type.Optional(Seq),
    }),
    result: strict({ seq: Seq }),
    errors: ['NOT_FOUND'],
  }),
  sum: method({
    access: 'reader',
    summary:
      'The sum of two numbers of 1-100: yours and a random one of the daemon. A number out of range is answered with 400 and ends the connection.',
    params: strict({ name: Type.String({ minLength: 1, maxLength: 128 }), number: Type.Integer() }),
    result: strict({ name: Type.String(), number: Type.Integer(), sum: Type.Integer() }),
  }),
};

const Silent = Type.Optional(
  Type.Array(Type.String(), { description: 'addresses of daemons of the room that did not answer; theirs go on' }),
);

export const admin = {
  'admin.status': method({
    access: 'owner',
    summary: 'How the daemon does.',
    params: strict({}),
    result: strict({
      version: Type.String(),
      pid: Type.Integer(),
      startedAt: Instant,
      home: Type.String(),
      listening: Type.Array(
        strict({
          name: Type.String(),
          address: Type.String(),
          state: Type.String(),
          note: Type.Optional(Type.String({ description: 'what to know of it: clear text, and who can read it' })),
        }),
      ),
      fingerprint: nullable(Type.String({ description: 'SHA-256 of the certificate' })),
      seq: Seq,
      connections: Type.Integer(),
      members: Type.Integer({ description: 'who are there, at all daemons' }),
      accounts: Type.Integer(),
      instruments: Type.Integer(),
      memoryBytes: Type.Integer(),
      daemons: Type.Array(
        strict({
          address: Type.String(),
          server: Type.String({ description: 'name and version' }),
          startedAt: Instant,
          connections: Type.Integer(),
          members: Type.Integer({ description: 'who are there by it' }),
          seq: Seq,
          heardMs: nullable(Type.Integer({ description: 'since it was last heard; null: this one' })),
        }),
        { description: 'that serve the room, this one first' },
      ),
      peers: strict({
        introductions: Type.Integer({ description: 'that are open now' }),
        relays: Type.Integer({ description: 'of them, those that are relayed' }),
        relayedBytes: Type.Integer({ description: 'since the start' }),
        overQuota: Type.Integer({ description: 'datagrams of peers that were dropped, as there were too many' }),
        unproven: Type.Integer({ description: 'datagrams that were dropped, as nobody here knows who sent them' }),
      }),
      store: strict({
        writable: Type.Boolean({ description: 'false: everything that writes is answered with 503' }),
        reason: nullable(Type.String({ description: 'why it is not' })),
        since: nullable(Instant),
        freeBytes: nullable(Type.Integer({ description: 'room on the disk; null where the system does not tell' })),
        lowSpace: Type.Boolean({ description: 'the disk is nearly full' }),
      }),
      slowReaders: Type.Optional(Type.Integer({ description: 'connections that do not take what they are sent' })),
    }),
  }),
  'admin.quitAll': method({
    access: 'owner',
    summary:
      'Ends every connection to every daemon of the room with `bye` 405 and the reason. The daemons go on, and they can come back.',
    params: strict({ reason: Type.Optional(Type.String({ maxLength: 256 })) }),
    result: strict({ dropped: Type.Integer(), silent: Silent }),
  }),
  'admin.kick': method({
    access: 'owner',
    summary: 'Ends the connections of one member with `bye` 405 and the reason.',
    params: strict({ name: Name, reason: Type.Optional(Type.String({ maxLength: 256 })) }),
    result: strict({ dropped: Type.Integer(), silent: Silent }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
  'admin.ban': method({
    access: 'owner',
    summary:
      'Ends the connections of a member, or of all who come from an address or a range of addresses, and lets them in no more; `banned: false` lifts it. Give either `name` or `address`; a range is lifted as it was given. An address is kept out of every port, UDP too, but not of the control socket.',
    params: strict({
      name: Type.Optional(Name),
      address: Type.Optional(
        Type.String({ minLength: 2, maxLength: 64, description: '`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`' }),
      ),
      banned: Type.Optional(Type.Boolean()),
      minutes: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'until it ends by itself; without it: never' }),
      ),
      reason: Type.Optional(Type.String({ maxLength: 256 })),
    }),
    result: strict({
      name: nullable(Type.String()),
      address: nullable(Type.String({ description: 'in its shortest spelling' })),
      banned: Type.Boolean(),
      until: nullable(Instant),
      dropped: Type.Integer({ description: 'connections that were ended' }),
    }),
    errors: ['NO_SUCH_ACCOUNT', 'CONFLICT'],
  }),
  'admin.bans': method({
    access: 'owner',
    summary: 'Who is kept out now: accounts by name, then addresses.',
    params: strict({}),
    result: strict({
      bans: Type.Array(
        strict({
          name: nullable(Type.String()),
          address: nullable(Type.String()),
          until: nullable(Instant),
          reason: nullable(Type.String()),
        }),
      ),
    }),
  }),
  'admin.refresh': method({
    access: 'owner',
    summary: 'Asks providers now, all or one; their next turn is counted from here.',
    params: strict({ provider: Type.Optional(Type.String({ maxLength: 64 })) }),
    result: strict({}),
    errors: ['NOT_FOUND'],
  }),
  'admin.stop': method({
    access: 'owner',
    summary: 'Ends the daemon: clients get `bye`, what is acknowledged is on disk.',
    params: strict({
      retryAfterMs: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 300_000, description: 'it comes back: clients are told to wait so long' }),
      ),
    }),
    result: strict({}),
  }),
};
