import { plain } from '../domain/fold.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { COLUMNS } from './quote-columns.ts';
import { shownJson } from './shown-json.ts';

type Quote = Result<'rates.export'>['quotes'][number];

interface Exporter {
  call(method: 'rates.export', params: Params<'rates.export'>): Promise<Result<'rates.export'>>;
}

export interface ExportOptions {
  readonly instruments: readonly string[];
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly format: 'csv' | 'jsonl';
}

/**
 * Quotes as text, a page at a time: instrument by instrument, series by series, oldest first. The next page is asked
 * for while one is written.
 * @throws Failure as the daemon answers
 */
export async function* exportQuotes(
  exporter: Exporter,
  { instruments, from, to, format }: ExportOptions,
): AsyncGenerator<{ readonly text: SafeText; readonly quotes: number }> {
  if (format === 'csv') yield { text: safeText`${plain(COLUMNS.join(','))}\n`, quotes: 0 };
  const line = format === 'csv' ? csvLine : jsonLine;
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  for (const instrument of instruments) {
    const page = (cursor: string | undefined) =>
      exporter.call('rates.export', { instrument, ...range, ...(cursor === undefined ? {} : { cursor }) });
    let next: ReturnType<typeof page> | undefined = page(undefined);
    while (next) {
      const { quotes, cursor }: Result<'rates.export'> = await next;
      next = cursor === null ? undefined : page(cursor);
      next?.catch(() => {}); // it is awaited above, unless the reader has enough before
      if (quotes.length > 0) yield { text: joinSafe(quotes.map(line), ''), quotes: quotes.length };
    }
  }
}

/** Numbers in the shortest form that reads back to them, times in UTC to the millisecond. */
function csvLine(quote: Quote): SafeText {
  const { instrument, market, provider, company, brand, buy, sell, currency, unit, at, checkedAt, id } = quote;
  const series = safeText`${cell(instrument)},${market},${cell(provider)},${cell(company)},${cell(brand)}`;
  return safeText`${series},${buy ?? ''},${sell ?? ''},${cell(currency)},${unit},${iso(at)},${iso(checkedAt)},${cell(id)}\n`;
}

/** Without what only this daemon knows of a price: whether it is stale, and the import that it is of. */
function jsonLine({ stale: _, batch: _batch, ...quote }: Quote): SafeText {
  return safeText`${shownJson({ ...quote, at: iso(quote.at), checkedAt: iso(quote.checkedAt) })}\n`;
}

function cell(text: string): SafeText {
  const clean = plain(text);
  return /[",;]/.test(clean) ? safeText`"${plain(clean.replaceAll('"', '""'))}"` : clean;
}

function iso(at: number): SafeText {
  return plain(new Date(at).toISOString());
}
