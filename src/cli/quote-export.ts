import { defined } from '../domain/defined.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import { QUOTE_COLUMNS } from './quote-columns.ts';
import { toTerminalJson } from './terminal-json.ts';

type Quote = MethodResult<'rates.export'>['quotes'][number];

interface QuoteExportClient {
  call(method: 'rates.export', params: MethodParams<'rates.export'>): Promise<MethodResult<'rates.export'>>;
}

export interface QuoteExportOptions {
  readonly instruments: readonly string[];
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly format: 'csv' | 'jsonl';
}

/**
 * Exports quotes page by page: by instrument, series and time. Fetches the next page while one is written.
 * @throws AppError of the daemon
 */
export async function* exportQuotes(
  exporter: QuoteExportClient,
  { instruments, from, to, format }: QuoteExportOptions,
): AsyncGenerator<{ readonly text: SafeText; readonly quotes: number }> {
  if (format === 'csv') yield { text: safeText`${sanitizeText(QUOTE_COLUMNS.join(','))}\n`, quotes: 0 };
  const line = format === 'csv' ? csvLine : jsonLine;
  const range = { ...defined({ from, to }) };
  for (const instrument of instruments) {
    const page = (cursor: string | undefined) =>
      exporter.call('rates.export', { instrument, ...range, ...defined({ cursor }) });
    let next: ReturnType<typeof page> | undefined = page(undefined);
    while (next) {
      const { quotes, cursor }: MethodResult<'rates.export'> = await next;
      next = cursor === null ? undefined : page(cursor);
      next?.catch(() => {}); // awaited above, unless the reader stops early
      if (quotes.length > 0) yield { text: joinSafe(quotes.map(line), ''), quotes: quotes.length };
    }
  }
}

/** Numbers in the shortest form that round-trips, times in UTC with milliseconds. */
function csvLine(quote: Quote): SafeText {
  const { instrument, market, provider, company, brand, buy, sell, currency, unit, at, checkedAt, id } = quote;
  const series = safeText`${csvCell(instrument)},${market},${csvCell(provider)},${csvCell(company)},${csvCell(brand)}`;
  return safeText`${series},${buy ?? ''},${sell ?? ''},${csvCell(currency)},${unit},${isoTime(at)},${isoTime(checkedAt)},${csvCell(id)}\n`;
}

/** Omits what is specific to this daemon: whether the price is stale, and its import. */
function jsonLine({ stale: _, batch: _batch, ...quote }: Quote): SafeText {
  return safeText`${toTerminalJson({ ...quote, at: isoTime(quote.at), checkedAt: isoTime(quote.checkedAt) })}\n`;
}

function csvCell(text: string): SafeText {
  const clean = sanitizeText(text);
  return /[",;]/.test(clean) ? safeText`"${sanitizeText(clean.replaceAll('"', '""'))}"` : clean;
}

function isoTime(at: number): SafeText {
  return sanitizeText(new Date(at).toISOString());
}
