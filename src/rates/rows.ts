import { BodyError } from './provider.ts';

/** A row that was left out: where it stands in the body, and what is wrong with it. */
export interface RejectedRow {
  readonly path: string;
  readonly reason: string;
}

/** The rows of an answer that do not fit. All are counted, the first are kept. */
export class RejectedRows {
  /** The share of a body's rows that may not fit. With more of them the body itself does not. */
  readonly share: number;
  readonly #kept: number;
  readonly #first: RejectedRow[] = [];
  #count = 0;

  constructor({ kept = 20, share = 0.5 } = {}) {
    this.#kept = kept;
    this.share = share;
  }

  get count(): number {
    return this.#count;
  }

  get first(): readonly RejectedRow[] {
    return this.#first;
  }

  add({ path, reason }: RejectedRow): void {
    this.addAll({ count: 1, first: [{ path, reason }] });
  }

  /** Those of another body. */
  addAll({ count, first }: { readonly count: number; readonly first: readonly RejectedRow[] }): void {
    this.#count += count;
    this.#first.push(...first.slice(0, Math.max(0, this.#kept - this.#first.length)));
  }
}

/**
 * Reads the rows of a body one by one. A row that does not fit is left out and counted; an error among the rows stands
 * for one. `read` must not keep anything of a row before it has read all of it.
 * @throws BodyError the first of them, when more rows do not fit than may: the form of the body has changed
 */
export function readRows<Row>(rows: Iterable<Row | BodyError>, rejected: RejectedRows, read: (row: Row) => void): void {
  const errors: BodyError[] = [];
  let total = 0;
  for (const row of rows) {
    total++;
    const error = errorOf(row, read);
    if (error) errors.push(error);
  }
  if (errors.length > total * rejected.share) throw errors[0]!;
  for (const error of errors) rejected.add(error);
}

/** The rows of all groups. A group that does not fit stands as one row that does not. */
export function rowsOfGroups<Group, Row>(
  groups: Iterable<Group | BodyError>,
  rowsOf: (group: Group) => Iterable<Row | BodyError>,
): (Row | BodyError)[] {
  const all: (Row | BodyError)[] = [];
  for (const group of groups) {
    const error = errorOf(group, (group) => {
      for (const row of rowsOf(group)) all.push(row);
    });
    if (error) all.push(error);
  }
  return all;
}

/** What the rows that fit are read as, for what has to be known before all of them are read. Nothing is counted. */
export function* fittingRows<Row, Value>(
  rows: Iterable<Row | BodyError>,
  read: (row: Row) => Value | undefined,
): Generator<Value> {
  for (const row of rows) {
    let value: Value | undefined;
    errorOf(row, (row) => {
      value = read(row);
    });
    if (value !== undefined) yield value;
  }
}

function errorOf<Row>(row: Row | BodyError, read: (row: Row) => void): BodyError | undefined {
  if (row instanceof BodyError) return row;
  try {
    read(row);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BodyError) return thrown;
    throw thrown;
  }
}
