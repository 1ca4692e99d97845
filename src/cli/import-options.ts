import { Failure } from '../domain/failure.ts';
import { parseMap } from './quote-columns.ts';
import type { UnderstandOptions } from './quote-import.ts';
import { NUMBER_FORMATS, numberReader } from './quote-number.ts';
import { SERIES_FIELDS } from './quote-series.ts';
import type { FileFormat } from './quote-table.ts';
import { DATE_ORDERS, parseDateOrder } from './quote-time.ts';

/** The flags of `rates import` that say how a file is read. */
export interface ImportFlags extends Readonly<Partial<Record<(typeof SERIES_FIELDS)[number], string | undefined>>> {
  readonly map: readonly string[];
  readonly header: boolean;
  readonly dates?: string | undefined;
  readonly number?: string | undefined;
  readonly scale?: string | undefined;
  readonly format?: FileFormat | 'tygia' | undefined;
  readonly sheet?: string | undefined;
}

/** @returns undefined for a database of tygia.com's answers, which says itself what is in it. @throws Failure USAGE */
export function importOptions(flags: ImportFlags): UnderstandOptions | undefined {
  const number = NUMBER_FORMATS.find((each) => each === flags.number);
  if (flags.number !== undefined && number === undefined) {
    throw new Failure('USAGE', `--number ${flags.number} is none of ${NUMBER_FORMATS.join('   ')}.`);
  }
  if (flags.scale !== undefined && !numberReader('1234.5', flags.scale)) {
    throw new Failure('USAGE', `--scale ${flags.scale} is not a number above 0. Example: --scale 1000000.`);
  }
  const order = flags.dates === undefined ? undefined : parseDateOrder(flags.dates);
  if (flags.dates !== undefined && order === undefined) {
    throw new Failure('USAGE', `--dates ${flags.dates} is none of ${DATE_ORDERS.join(', ')}.`);
  }
  const map = parseMap(flags.map);
  const constants = Object.fromEntries(
    SERIES_FIELDS.filter((field) => flags[field] !== undefined).map((field) => [field, flags[field]!]),
  );
  const { header, scale, sheet, format } = flags;
  const options = { map, constants, header, order, number, scale, sheet };
  if (format !== 'tygia') return { ...options, format };
  assertNothingGiven('A database of tygia.com', options);
  return undefined;
}

/** For files that say themselves what their rows are of. @throws Failure USAGE */
export function assertNothingGiven(
  what: string,
  { map, constants }: Pick<UnderstandOptions, 'map' | 'constants'>,
): void {
  if (Object.keys(map).length === 0 && Object.keys(constants).length === 0) return;
  throw new Failure('USAGE', `${what} says itself what its rows are of: leave out --map and what holds for all.`);
}
