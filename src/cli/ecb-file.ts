import { Failure } from '../domain/failure.ts';
import type { Input } from './input.ts';
import type { Cells, QuoteTable, RecordBlock } from './quote-records.ts';
import { xmlPieces, xmlReader } from './xml-pieces.ts';

const COLUMNS = ['instrument', 'market', 'company', 'at', 'price', 'currency', 'unit'] as const;
/** Vietnam time at which the rates of a day are published, in summer: as of the provider `frankfurter`. */
const PUBLISHED = '21:00';
const SAMPLE_DAYS = 30;

const readDay = xmlReader(['Cube']);

/**
 * Opens the reference rates of the European Central Bank (eurofxref.xml, eurofxref-hist.xml): what a euro costs in each
 * currency, as `EUR-USD`.
 * @throws Failure INVALID_REQUEST when there is no rate in it
 */
export async function openEcb(input: Input): Promise<QuoteTable> {
  const sample: { line: number; cells: readonly string[] }[] = [];
  let days = 0;
  for await (const { lines, records } of ratesOf(input)) {
    for (const [i, cells] of records.entries()) {
      if (typeof cells !== 'string') sample.push({ line: lines[i]!, cells: cells as readonly string[] });
    }
    if (++days >= SAMPLE_DAYS) break;
  }
  if (sample.length === 0) {
    throw new Failure(
      'INVALID_REQUEST',
      'There is no rate in the XML: the European Central Bank writes <Cube time="…"><Cube currency="…" rate="…"/>.',
    );
  }
  return {
    columns: COLUMNS,
    hasHeader: true,
    origin: 'A file of the European Central Bank',
    counts: 'row',
    sample,
    records: (onBytes) => ratesOf(input, onBytes),
  };
}

/** The rates of a day at a time, numbered as they stand in the file. */
async function* ratesOf(input: Input, onBytes?: (count: number) => void): AsyncGenerator<RecordBlock> {
  let next = 1;
  for await (const piece of xmlPieces(input.read(onBytes), /<(?:\w+:)?Cube\s+time=/, /<\/(?:\w+:)?Cube>/)) {
    const [day] = listOf(readDay(piece).Cube);
    const records = listOf(day?.Cube).map((rate): Cells => {
      const [time, currency, price] = [day?.['@time'], rate['@currency'], rate['@rate']];
      if (typeof time !== 'string' || typeof currency !== 'string' || typeof price !== 'string') {
        return 'it has no time, no currency or no rate';
      }
      // A figure of the central bank has a decimal point, whatever --number says.
      const value = /^\d{1,12}(?:\.\d{1,12})?$/.test(price) ? Number(price) : price;
      return [`EUR-${currency}`, 'fx', 'European Central Bank', `${time} ${PUBLISHED}`, value, currency, 'each'];
    });
    yield { lines: records.map(() => next++), records };
  }
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}
