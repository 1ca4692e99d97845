import { type RejectedRows, ResponseFormatError } from './provider.ts';

/**
 * Reads the rows of a body one by one. An invalid row is skipped and counted; an error among the rows counts as one. `read`
 * must not keep anything of a row before it has read all of it.
 * @throws ResponseFormatError the first error if too many rows are invalid: the format has changed
 */
export function readRows<Row>(
  rows: Iterable<Row | ResponseFormatError>,
  rejected: RejectedRows,
  read: (row: Row) => void,
): void {
  const errors: ResponseFormatError[] = [];
  let total = 0;
  for (const row of rows) {
    total++;
    const error = tryRead(row, read);
    if (error) errors.push(error);
  }
  if (errors.length > total * rejected.maxShare) throw errors[0]!;
  for (const error of errors) rejected.add(error);
}

/** The rows of all groups. An invalid group counts as one invalid row. */
export function flattenGroups<Group, Row>(
  groups: Iterable<Group | ResponseFormatError>,
  rowsOf: (group: Group) => Iterable<Row | ResponseFormatError>,
): (Row | ResponseFormatError)[] {
  const all: (Row | ResponseFormatError)[] = [];
  for (const group of groups) {
    const error = tryRead(group, (group) => {
      for (const row of rowsOf(group)) all.push(row);
    });
    if (error) all.push(error);
  }
  return all;
}

/** The values of the valid rows, for a first pass. Invalid rows are not counted. */
export function* validRows<Row, Value>(
  rows: Iterable<Row | ResponseFormatError>,
  read: (row: Row) => Value | undefined,
): Generator<Value> {
  for (const row of rows) {
    let value: Value | undefined;
    tryRead(row, (row) => {
      value = read(row);
    });
    if (value !== undefined) yield value;
  }
}

function tryRead<Row>(row: Row | ResponseFormatError, read: (row: Row) => void): ResponseFormatError | undefined {
  if (row instanceof ResponseFormatError) return row;
  try {
    read(row);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ResponseFormatError) return thrown;
    throw thrown;
  }
}
