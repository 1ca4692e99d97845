import Type from 'typebox';
import { defineMethod } from './method.ts';
import { EpochMsSchema, MemberNameSchema, nullable, SeqSchema, strictObject } from './schema.ts';

const SilentDaemonsSchema = Type.Optional(
  Type.Array(Type.String(), { description: 'addresses of daemons that did not respond and keep their connections' }),
);

export const adminMethods = {
  'admin.status': defineMethod({
    access: 'owner',
    summary: 'Daemon status.',
    params: strictObject({}),
    result: strictObject({
      version: Type.String(),
      pid: Type.Integer(),
      startedAt: EpochMsSchema,
      home: Type.String(),
      listening: Type.Array(
        strictObject({
          name: Type.String(),
          address: Type.String(),
          state: Type.String(),
          note: Type.Optional(Type.String({ description: 'warning, for example that it uses clear text' })),
        }),
      ),
      fingerprint: nullable(Type.String({ description: 'SHA-256 of the certificate' })),
      seq: SeqSchema,
      connections: Type.Integer(),
      members: Type.Integer({ description: 'online members of the whole cluster' }),
      accounts: Type.Integer(),
      instruments: Type.Integer(),
      memoryBytes: Type.Integer(),
      daemons: Type.Array(
        strictObject({
          address: Type.String(),
          server: Type.String({ description: 'name and version' }),
          startedAt: EpochMsSchema,
          connections: Type.Integer(),
          members: Type.Integer({ description: 'online members connected to it' }),
          seq: SeqSchema,
          heardMs: nullable(Type.Integer({ description: 'since its last message; null: this daemon' })),
        }),
        { description: 'daemons of the cluster, this one first' },
      ),
      peers: strictObject({
        introductions: Type.Integer({ description: 'open introductions' }),
        relays: Type.Integer({ description: 'relayed ones among them' }),
        relayedBytes: Type.Integer({ description: 'since the start' }),
        overQuota: Type.Integer({ description: 'dropped datagrams of peers that exceeded their quota' }),
        unproven: Type.Integer({ description: 'dropped datagrams of unknown senders' }),
      }),
      store: strictObject({
        writable: Type.Boolean({ description: 'false: all writes fail with 503' }),
        reason: nullable(Type.String({ description: 'why it is not writable' })),
        since: nullable(EpochMsSchema),
        freeBytes: nullable(Type.Integer({ description: 'free space on the disk; null if unknown' })),
        lowSpace: Type.Boolean({ description: 'the disk is nearly full' }),
      }),
      slowReaders: Type.Optional(Type.Integer({ description: 'connections that do not read what they are sent' })),
    }),
  }),
  'admin.quitAll': defineMethod({
    access: 'owner',
    summary:
      'Closes every connection to every daemon of the cluster with `bye` 405 and the reason. The daemons keep running, and clients can reconnect.',
    params: strictObject({ reason: Type.Optional(Type.String({ maxLength: 256 })) }),
    result: strictObject({ dropped: Type.Integer(), silent: SilentDaemonsSchema }),
  }),
  'admin.kick': defineMethod({
    access: 'owner',
    summary: 'Closes the connections of a member with `bye` 405 and the reason.',
    params: strictObject({ name: MemberNameSchema, reason: Type.Optional(Type.String({ maxLength: 256 })) }),
    result: strictObject({ dropped: Type.Integer(), silent: SilentDaemonsSchema }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
  'admin.ban': defineMethod({
    access: 'owner',
    summary:
      'Bans a member, an address or a range of addresses, and closes their connections; `banned: false` lifts the ban. Needs either `name` or `address`; lift a range with the same range. An address is banned from every port, including UDP, but not from the control socket.',
    params: strictObject({
      name: Type.Optional(MemberNameSchema),
      address: Type.Optional(
        Type.String({ minLength: 2, maxLength: 64, description: '`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`' }),
      ),
      banned: Type.Optional(Type.Boolean()),
      minutes: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'until the ban expires; default: never' }),
      ),
      reason: Type.Optional(Type.String({ maxLength: 256 })),
    }),
    result: strictObject({
      name: nullable(Type.String()),
      address: nullable(Type.String({ description: 'in its shortest form' })),
      banned: Type.Boolean(),
      until: nullable(EpochMsSchema),
      dropped: Type.Integer({ description: 'number of closed connections' }),
    }),
    errors: ['NO_SUCH_ACCOUNT', 'CONFLICT'],
  }),
  'admin.bans': defineMethod({
    access: 'owner',
    summary: 'All active bans: accounts by name, then addresses.',
    params: strictObject({}),
    result: strictObject({
      bans: Type.Array(
        strictObject({
          name: nullable(Type.String()),
          address: nullable(Type.String()),
          until: nullable(EpochMsSchema),
          reason: nullable(Type.String()),
        }),
      ),
    }),
  }),
  'admin.refresh': defineMethod({
    access: 'owner',
    summary: 'Fetches rates now, from all providers or one, and restarts their polling intervals.',
    params: strictObject({ provider: Type.Optional(Type.String({ maxLength: 64 })) }),
    result: strictObject({}),
    errors: ['NOT_FOUND'],
  }),
  'admin.stop': defineMethod({
    access: 'owner',
    summary: 'Stops the daemon: clients get `bye`; acknowledged writes are on disk.',
    params: strictObject({
      retryAfterMs: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 300_000, description: 'of a restart: when clients should reconnect' }),
      ),
    }),
    result: strictObject({}),
  }),
  'admin.reload': defineMethod({
    access: 'owner',
    summary:
      'Reloads config.json and the certificate. Applies settings that can change at runtime, at least for new connections. An invalid file is rejected as a whole.',
    params: strictObject({}),
    result: strictObject({
      changed: Type.Array(Type.String(), { description: 'settings that were applied; `certificate`' }),
      restart: Type.Array(Type.String(), { description: 'settings that need a restart' }),
    }),
    errors: ['CONFIG_INVALID', 'NOT_AVAILABLE'],
  }),
  'admin.backup': defineMethod({
    access: 'owner',
    summary:
      'The journal, one page per call: records after `after`, up to the head at the first call (`seq`), which later calls pass as `upTo`. Later writes are not included, so all pages together are a consistent snapshot. Contains hashes of passwords and tokens.',
    params: strictObject({ after: Type.Optional(SeqSchema), upTo: Type.Optional(SeqSchema) }),
    result: strictObject({
      seq: Type.Integer({ description: 'the last record of the backup' }),
      at: EpochMsSchema,
      server: Type.String({ description: 'name and version of the daemon' }),
      records: Type.Array(
        Type.Object(
          { seq: Type.Integer(), kind: Type.String(), at: EpochMsSchema },
          { description: 'a record, with the fields of its kind' },
        ),
        { description: 'at least one, until `seq` is reached; about 512 KiB per page' },
      ),
    }),
  }),
};
