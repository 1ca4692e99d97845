import { AppError } from '../domain/app-error.ts';
import type { ImportInput } from './import-input.ts';
import type { QuoteTable, RecordBlock, RecordCells } from './quote-records.ts';
import { createXmlParser, splitXmlElements } from './xml-elements.ts';

const ECB_COLUMNS = ['instrument', 'market', 'company', 'at', 'price', 'currency', 'unit'] as const;
/** Vietnam time of publication in summer, as in the provider `frankfurter`. */
const PUBLICATION_TIME = '21:00';
const SAMPLE_DAYS = 30;

const parseCubes = createXmlParser(['Cube']);

/**
 * Opens the reference rates of the European Central Bank (eurofxref.xml, eurofxref-hist.xml): the price of a euro in each
 * currency, as `EUR-USD`.
 * @throws AppError INVALID_REQUEST if the file has no rate
 */
export async function openEcbFile(input: ImportInput): Promise<QuoteTable> {
  const sample: { line: number; cells: readonly string[] }[] = [];
  let days = 0;
  for await (const { lines, records } of readRates(input)) {
    for (const [i, cells] of records.entries()) {
      if (typeof cells !== 'string') sample.push({ line: lines[i]!, cells: cells as readonly string[] });
    }
    if (++days >= SAMPLE_DAYS) break;
  }
  if (sample.length === 0) {
    throw new AppError(
      'INVALID_REQUEST',
      'The XML contains no rates. Expected the format of the European Central Bank: <Cube time="…"><Cube currency="…" rate="…"/>.',
    );
  }
  return {
    columns: ECB_COLUMNS,
    hasHeader: true,
    origin: 'A file of the European Central Bank',
    recordNoun: 'row',
    sample,
    records: (onBytes) => readRates(input, onBytes),
  };
}

/** The rates day by day, numbered in file order. */
async function* readRates(input: ImportInput, onBytes?: (count: number) => void): AsyncGenerator<RecordBlock> {
  let next = 1;
  for await (const piece of splitXmlElements(input.read(onBytes), /<(?:\w+:)?Cube\s+time=/, /<\/(?:\w+:)?Cube>/)) {
    const [day] = toObjectList(parseCubes(piece).Cube);
    const records = toObjectList(day?.Cube).map((rate): RecordCells => {
      const [time, currency, price] = [day?.['@time'], rate['@currency'], rate['@rate']];
      if (typeof time !== 'string' || typeof currency !== 'string' || typeof price !== 'string') {
        return 'it has no time, no currency or no rate';
      }
      // Rates of the central bank have a decimal point, whatever --number says.
      const value = /^\d{1,12}(?:\.\d{1,12})?$/.test(price) ? Number(price) : price;
      return [`EUR-${currency}`, 'fx', 'European Central Bank', `${time} ${PUBLICATION_TIME}`, value, currency, 'each'];
    });
    yield { lines: records.map(() => next++), records };
  }
}

function toObjectList(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}
