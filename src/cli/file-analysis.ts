import { AppError } from '../domain/app-error.ts';
import { chooseColumns } from './column-choice.ts';
import type { ImportInput } from './import-input.ts';
import type { AskQuestions } from './import-question.ts';
import type { ColumnMap, ImportField } from './quote-columns.ts';
import { type PlanOptions, planQuotes, type QuotePlan } from './quote-plan.ts';
import type { QuoteTable } from './quote-records.ts';
import { type FileOptions, openTable } from './quote-table.ts';

export interface AnalysisOptions extends FileOptions, PlanOptions {
  readonly map: ColumnMap;
}

/** A file and the plan for reading it. */
export interface AnalyzedFile {
  readonly table: QuoteTable;
  readonly plan: QuotePlan;
}

/**
 * Reads the whole file once and decides how to read its quotes, before any of them is used.
 * @throws AppError USAGE if it is ambiguous and asking is not possible, INVALID_REQUEST if it has no quotes
 */
export async function analyzeFile(
  input: ImportInput,
  options: AnalysisOptions,
  ask: AskQuestions,
  onBytes?: (count: number) => void,
): Promise<AnalyzedFile> {
  const table = await openTable(input, options, ask);
  if (table.origin !== undefined) assertNoColumnOptions(table.origin, options);
  const fields = await chooseColumns(table, options.map, options.constants, ask);
  const plan = await planQuotes(table, fields, options, ask, onBytes);
  return { table, plan };
}

/** How a file is read, as output for people and programs. */
export interface ImportReading {
  /** Column names by field; `#3` without a header. */
  readonly columns: Readonly<Partial<Record<ImportField, string>>>;
  readonly header: boolean;
  /** Null if no date of the file is ambiguous. */
  readonly dates: string | null;
  readonly number: string;
  readonly scale: string;
}

export function toImportReading({ table, plan }: AnalyzedFile): ImportReading {
  const columns = Object.entries(plan.fields).map(([field, index]) => [field, table.columns[index]!]);
  return {
    columns: Object.fromEntries(columns),
    header: table.hasHeader,
    dates: plan.order ?? null,
    number: plan.number,
    scale: plan.scale,
  };
}

/** For self-describing files. @throws AppError USAGE */
export function assertNoColumnOptions(
  what: string,
  { map, constants }: Pick<AnalysisOptions, 'map' | 'constants'>,
): void {
  if (Object.keys(map).length === 0 && Object.keys(constants).length === 0) return;
  throw new AppError('USAGE', `${what} describes its own columns: omit --map and the flags that apply to all rows.`);
}
