import { Args } from '@oclif/core';
import { Failure } from '../domain/failure.ts';

/** A whole number as an argument. oclif's own refuses others with an error that looks like a fault of goldctl. */
export const wholeNumber = Args.custom<number, { min?: number }>({
  parse: async (input, _context, { name, min }) => {
    const value = Number(input);
    if (!/^[+-]?\d{1,15}$/.test(input) || (min !== undefined && value < min)) {
      const least = min === undefined ? '' : ` of ${min} or more`;
      throw new Failure('USAGE', `${(name ?? 'n').toUpperCase()} is "${input}". Expected a whole number${least}.`);
    }
    return value;
  },
});
