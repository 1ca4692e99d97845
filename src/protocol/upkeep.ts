import Type from 'typebox';
import { method } from './method.ts';
import { Instant, Seq, strict } from './schema.ts';

export const upkeep = {
  'admin.reload': method({
    access: 'owner',
    summary:
      'Reads config.json and the certificate once more. What can change while the daemon runs does, for new connections at least; of a file that is not valid nothing is taken.',
    params: strict({}),
    result: strict({
      changed: Type.Array(Type.String(), { description: 'settings that hold from now on; `certificate`' }),
      restart: Type.Array(Type.String(), { description: 'settings that hold from the next start on' }),
    }),
    errors: ['CONFIG_INVALID', 'NOT_AVAILABLE'],
  }),
  'admin.backup': method({
    access: 'owner',
    summary:
      'The journal, a page a call: records behind `after`, up to the head of the first call (`seq`), which the further calls give as `upTo`. What is written meanwhile is not in it, so all pages together are one moment. Password hashes are in it, and hashes of tokens.',
    params: strict({
      after: Type.Optional(Seq),
      upTo: Type.Optional(Seq),
    }),
    result: strict({
      seq: Type.Integer({ description: 'the last record of the backup' }),
      at: Instant,
      server: Type.String({ description: 'name and version of the daemon' }),
      records: Type.Array(
        Type.Object(
          { seq: Type.Integer(), kind: Type.String(), at: Instant },
          { description: 'a record, with the fields of its kind' },
        ),
        { description: 'at least one, until `seq` is reached; some 512 KiB a page' },
      ),
    }),
  }),
};
