import { chooseColumns } from './column-choice.ts';
import { assertNothingGiven } from './import-options.ts';
import type { Ask } from './import-question.ts';
import type { Input } from './input.ts';
import type { ColumnMap, Field } from './quote-columns.ts';
import { type GivenPlan, planQuotes, type QuotePlan } from './quote-plan.ts';
import type { QuoteTable } from './quote-records.ts';
import { type FileOptions, openTable } from './quote-table.ts';

export interface UnderstandOptions extends FileOptions, GivenPlan {
  readonly map: ColumnMap;
}

/** A file, and how it is read. */
export interface UnderstoodFile {
  readonly table: QuoteTable;
  readonly plan: QuotePlan;
}

/**
 * Reads a file once from end to end and settles how its quotes are read, before any of them is used.
 * @throws Failure USAGE where that is open and cannot be asked, INVALID_REQUEST where there is no quote in it
 */
export async function understandFile(
  input: Input,
  options: UnderstandOptions,
  ask: Ask,
  onBytes?: (count: number) => void,
): Promise<UnderstoodFile> {
  const table = await openTable(input, options, ask);
  if (table.origin !== undefined) assertNothingGiven(table.origin, options);
  const fields = await chooseColumns(table, options.map, options.constants, ask);
  const plan = await planQuotes(table, fields, options, ask, onBytes);
  return { table, plan };
}

/** How a file is read, for people and programs. */
export interface Reading {
  /** Names of the columns by field; `#3` without a header. */
  readonly columns: Readonly<Partial<Record<Field, string>>>;
  readonly header: boolean;
  /** Null where no date of the file needs an order. */
  readonly dates: string | null;
  readonly number: string;
  readonly scale: string;
}

export function readingOf({ table, plan }: UnderstoodFile): Reading {
  const columns = Object.entries(plan.fields).map(([field, place]) => [field, table.columns[place]!]);
  return {
    columns: Object.fromEntries(columns),
    header: table.hasHeader,
    dates: plan.order ?? null,
    number: plan.number,
    scale: plan.scale,
  };
}
