import Type from 'typebox';
import { defineMethod } from './method.ts';
import { EpochMsSchema, nullable, RoleSchema, SeqSchema, strictObject } from './schema.ts';

export const systemMethods = {
  hello: defineMethod({
    access: 'anyone',
    summary: 'Negotiates the protocol version. Must be the first call of a connection, within 10 s.',
    params: strictObject({
      protocol: Type.Integer({ description: '1' }),
      client: Type.String({ maxLength: 128, description: 'name and version of the client program' }),
    }),
    result: strictObject({
      protocol: Type.Integer(),
      server: Type.String(),
      name: nullable(Type.String({ description: 'the member, if the connection is signed in' })),
      seq: SeqSchema,
      now: EpochMsSchema,
      limits: strictObject({
        lineBytes: Type.Integer(),
        postCharacters: Type.Integer(),
        callsPerSecond: Type.Number(),
        callsBurst: Type.Number(),
      }),
    }),
  }),
  'members.active': defineMethod({
    access: 'reader',
    summary: 'All online members.',
    params: strictObject({}),
    result: strictObject({
      members: Type.Array(
        strictObject({
          name: Type.String(),
          address: Type.String(),
          peerPort: nullable(Type.Integer({ description: 'UDP port of the latest peer, or port of a legacy client' })),
          activeSince: EpochMsSchema,
          idleMs: Type.Integer(),
          role: Type.Optional(RoleSchema),
        }),
      ),
    }),
  }),
  watch: defineMethod({
    access: 'reader',
    summary:
      'Subscribes to events from now on, or from after `sinceSeq`, without gaps or duplicates. A later call replaces the earlier one; `{}` unsubscribes. With `forum`, members also get their direct messages and what they mark as read elsewhere.',
    params: strictObject({
      rates: Type.Optional(
        Type.Union([Type.Literal(true), Type.Array(Type.String({ maxLength: 128 }), { maxItems: 256 })], {
          description: 'true for all, or instruments',
        }),
      ),
      forum: Type.Optional(Type.Boolean()),
      members: Type.Optional(Type.Boolean()),
      files: Type.Optional(Type.Boolean({ description: 'published and unpublished files' })),
      sinceSeq: Type.Optional(SeqSchema),
    }),
    result: strictObject({ seq: SeqSchema }),
    errors: ['NOT_FOUND'],
  }),
  sum: defineMethod({
    access: 'reader',
    summary:
      'The sum of two numbers from 1 to 100: yours and a random one of the daemon. A number out of range fails with 400 and closes the connection.',
    params: strictObject({ name: Type.String({ minLength: 1, maxLength: 128 }), number: Type.Integer() }),
    result: strictObject({ name: Type.String(), number: Type.Integer(), sum: Type.Integer() }),
  }),
};
