import Type from 'typebox';
import { defineMethod } from './method.ts';
import {
  EpochMsSchema,
  HEX_64_OPTIONS,
  ListingSchema,
  MemberNameSchema,
  nullable,
  SeqSchema,
  strictObject,
  stringEnum,
  UnencryptedSchema,
} from './schema.ts';

const FileNameSchema = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: 'file name: 1-255 characters of any script, no `/`, no `\\`, no invisible characters',
});
const SizeSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'in bytes' });

export const LISTING_CHANGES = ['published', 'unpublished'] as const;

/** Params of the event `listing`. */
export const ListingEventSchema = strictObject({
  seq: SeqSchema,
  change: stringEnum(LISTING_CHANGES, 'with `unpublished`, the listing is the previous one'),
  listing: ListingSchema,
});

export const fileMethods = {
  'files.publish': defineMethod({
    access: 'member',
    summary:
      'Publishes a file; the daemon never sees its content. Replaces your earlier listing of the same name; has no effect if nothing differs.',
    params: strictObject({
      name: FileNameSchema,
      size: SizeSchema,
      hash: Type.String({ ...HEX_64_OPTIONS, description: 'root of the SHA-256 hash tree over its blocks, hex' }),
      modified: EpochMsSchema,
      description: Type.Optional(Type.String({ maxLength: 2048, description: 'at most 500 characters' })),
      key: Type.Optional(Type.String({ ...HEX_64_OPTIONS, description: 'default: the peer of this connection' })),
    }),
    result: strictObject({ status: Type.Literal(202), seq: SeqSchema }),
    errors: ['TOO_LARGE'],
  }),
  'files.unpublish': defineMethod({
    access: 'member',
    summary: 'Unpublishes one of your files.',
    params: strictObject({ name: FileNameSchema }),
    result: strictObject({}),
    errors: ['NO_SUCH_FILE'],
  }),
  'files.discover': defineMethod({
    access: 'reader',
    summary:
      'Published files of all online members, or of one member, online or not; sorted by member, then by name, up to 200 per page; `text` ignores case and accents. A page can have fewer files or none although more follow: the last page has `cursor` null.',
    params: strictObject({
      member: Type.Optional(MemberNameSchema),
      text: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'in the name or the description' })),
      cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 2048, description: 'of the previous page' })),
    }),
    result: strictObject({ listings: Type.Array(ListingSchema), cursor: nullable(Type.String()) }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
  'files.find': defineMethod({
    access: 'reader',
    summary:
      'Members that publish a file of that name, or if there are none, of a name that differs only in case and accents. Grouped by content (`hash`); available files first, files of legacy clients (`unencrypted`) last; at most 200.',
    params: strictObject({ name: FileNameSchema }),
    result: strictObject({
      status: Type.Literal(204),
      sources: Type.Array(
        strictObject({
          member: Type.String(),
          address: nullable(Type.String({ description: 'of the peer; null if offline or on the control socket' })),
          port: nullable(Type.Integer({ description: 'UDP port; null if offline or a legacy client' })),
          key: Type.String({ description: 'empty if `unencrypted`' }),
          unencrypted: Type.Optional(UnencryptedSchema),
          tcpPort: Type.Optional(
            Type.Integer({
              description:
                'of a legacy client that is online: send the length of `download NAME` (4 bytes, big-endian) and that text; it replies with the size (4 bytes) and the bytes of the file',
            }),
          ),
          name: Type.String(),
          size: Type.Integer(),
          hash: Type.String({ description: 'empty if `unencrypted`' }),
          modified: EpochMsSchema,
          description: Type.String(),
          online: Type.Boolean(),
        }),
      ),
    }),
    errors: ['NO_SUCH_FILE'],
  }),
};
