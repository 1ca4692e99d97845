import { Flags } from '@oclif/core';
import { Failure } from '../domain/failure.ts';
import { parseBytes, SIZE } from '../repl/bytes.ts';

/** A number of bytes as a flag: `500MB`, or with `/s` a speed. */
export const sizeFlag = Flags.custom<number>({
  parse: async (input, _context, { name }) => {
    const bytes = parseBytes(input);
    if (bytes === undefined) throw new Failure('USAGE', `--${name} is "${input}". Expected ${SIZE}.`);
    return bytes;
  },
});
