import { Flags } from '@oclif/core';
import { parseMeasure } from '../domain/conversion.ts';
import { Failure } from '../domain/failure.ts';
import { parseUnit, UNIT_NAMES, type Unit } from '../domain/unit.ts';

/** A currency, a unit or both to convert prices to, as it was written. */
export const measureFlag = Flags.custom<string>({
  helpValue: 'USD/ozt',
  parse: async (text, _context, { name }) => {
    if (parseMeasure(text)) return text;
    throw new Failure(
      'USAGE',
      `--${name} ${text} is neither a currency, a unit nor both. Examples: USD, chỉ, USD/ozt. Units: ${UNIT_NAMES}.`,
    );
  },
});

/** A unit of price by its name or an alias. */
export const unitFlag = Flags.custom<Unit>({
  parse: async (text, _context, { name }) => {
    const unit = parseUnit(text);
    if (unit === undefined)
      throw new Failure('USAGE', `--${name} ${text} is not a unit. Expected one of ${UNIT_NAMES}.`);
    return unit;
  },
});
