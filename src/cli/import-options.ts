import { AppError } from '../domain/app-error.ts';
import { type AnalysisOptions, assertNoColumnOptions } from './file-analysis.ts';
import { parseColumnMap } from './quote-columns.ts';
import { createNumberReader, NUMBER_FORMATS } from './quote-number.ts';
import { SERIES_FIELDS } from './quote-series.ts';
import type { FileFormat } from './quote-table.ts';
import { DATE_ORDERS, parseDateOrder } from './quote-time.ts';

/** The flags of `rates import` that control how a file is read. */
export interface ImportFlags extends Readonly<Partial<Record<(typeof SERIES_FIELDS)[number], string | undefined>>> {
  readonly map: readonly string[];
  readonly header: boolean;
  readonly dates?: string | undefined;
  readonly number?: string | undefined;
  readonly scale?: string | undefined;
  readonly format?: FileFormat | 'tygia' | undefined;
  readonly sheet?: string | undefined;
}

/** @returns undefined for a tygia.com database, which is self-describing. @throws AppError USAGE */
export function parseImportOptions(flags: ImportFlags): AnalysisOptions | undefined {
  const number = NUMBER_FORMATS.find((each) => each === flags.number);
  if (flags.number !== undefined && number === undefined) {
    throw new AppError('USAGE', `--number ${flags.number} is not one of ${NUMBER_FORMATS.join('   ')}.`);
  }
  if (flags.scale !== undefined && !createNumberReader('1234.5', flags.scale)) {
    throw new AppError('USAGE', `--scale ${flags.scale} is not a number above 0. Example: --scale 1000000.`);
  }
  const order = flags.dates === undefined ? undefined : parseDateOrder(flags.dates);
  if (flags.dates !== undefined && order === undefined) {
    throw new AppError('USAGE', `--dates ${flags.dates} is not one of ${DATE_ORDERS.join(', ')}.`);
  }
  const map = parseColumnMap(flags.map);
  const constants = Object.fromEntries(
    SERIES_FIELDS.filter((field) => flags[field] !== undefined).map((field) => [field, flags[field]!]),
  );
  const { header, scale, sheet, format } = flags;
  const options = { map, constants, header, order, number, scale, sheet };
  if (format !== 'tygia') return { ...options, format };
  assertNoColumnOptions('A database of tygia.com', options);
  return undefined;
}
