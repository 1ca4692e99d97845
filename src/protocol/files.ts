import Type from 'typebox';
import { method } from './method.ts';
import { Hex64, Instant, Listing, literals, Name, nullable, Seq, strict, Unencrypted } from './schema.ts';

const FileName = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: 'name of a file: 1-255 characters of any script, no `/`, no `\\`, nothing that does not show',
});
const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'in bytes' });

export const LISTING_CHANGES = ['published', 'unpublished'] as const;

/** Params of the event `listing`. */
export const ListingEvent = strict({
  seq: Seq,
  change: literals(LISTING_CHANGES, 'of `unpublished`, the listing is what it was'),
  listing: Listing,
});

export const files = {
  'files.publish': method({
    access: 'member',
    summary:
      'Lists a file that you offer; the daemon never sees what is in it. The same name again replaces your earlier listing of it, and changes nothing where nothing differs.',
    params: strict({
      name: FileName,
      size: Size,
      hash: Type.String({ ...Hex64, description: 'root of the tree of SHA-256 hashes over its blocks, hex' }),
      modified: Instant,
      description: Type.Optional(Type.String({ maxLength: 2048, description: '500 characters at most' })),
      key: Type.Optional(
        Type.String({
          ...Hex64,
          description: 'of the peer that serves it; the one of this connection where it is missing',
        }),
      ),
    }),
    result: strict({ status: Type.Literal(202), seq: Seq }),
    errors: ['TOO_LARGE'],
  }),
  'files.unpublish': method({
    access: 'member',
    summary: 'Takes a file of yours off the list.',
    params: strict({ name: FileName }),
    result: strict({}),
    errors: ['NO_SUCH_FILE'],
  }),
  'files.discover': method({
    access: 'reader',
    summary:
      'What the members who are there offer, or one member, there or not: by member, then by name, 200 a page. A page may have fewer, or none, and go on all the same: there is no more when `cursor` is null.',
    params: strict({
      member: Type.Optional(Name),
      text: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 256,
          description: 'stands in the name or the description, whatever its case and accents',
        }),
      ),
      cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 2048, description: 'of the page before' })),
    }),
    result: strict({ listings: Type.Array(Listing), cursor: nullable(Type.String()) }),
    errors: ['NO_SUCH_ACCOUNT'],
  }),
  'files.find': method({
    access: 'reader',
    summary:
      'Who offers a file of that name; where nobody does, one whose name differs in case and accents only. The same content (`hash`) stands together, what can be had now stands first, what old clients serve (`unencrypted`) last; 200 at most.',
    params: strict({ name: FileName }),
    result: strict({
      status: Type.Literal(204),
      sources: Type.Array(
        strict({
          member: Type.String(),
          address: nullable(
            Type.String({
              description: 'that the peer comes from; null where it is not there, or on the control socket',
            }),
          ),
          port: nullable(
            Type.Integer({ description: 'UDP port of the peer; null where it is not there, or an old client' }),
          ),
          key: Type.String({ description: 'empty where `unencrypted`' }),
          unencrypted: Type.Optional(Unencrypted),
          tcpPort: Type.Optional(
            Type.Integer({
              description:
                'of an old client that is there: send it the length of `download NAME` (4 bytes, big-endian) and that text; the size (4 bytes) and the bytes of the file come back',
            }),
          ),
          name: Type.String(),
          size: Type.Integer(),
          hash: Type.String({ description: 'empty where `unencrypted`' }),
          modified: Instant,
          description: Type.String(),
          online: Type.Boolean(),
        }),
      ),
    }),
    errors: ['NO_SUCH_FILE'],
  }),
};
