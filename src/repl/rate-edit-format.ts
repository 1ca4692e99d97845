import { formatInteger, formatPrice } from '../domain/number-format.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDate, formatDateTime } from '../domain/time.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { OutputFormat } from './output-format.ts';
import { formatTable, rightAligned } from './table.ts';

type RateEdit = MethodResult<'rates.imports'>['imports'][number];
type HeldQuoteResult = MethodResult<'rates.held'>['held'][number];

export function importsTable(imports: readonly RateEdit[], format: OutputFormat): SafeText[] {
  if (imports.length === 0) return [safeText`Nothing was imported, removed or corrected yet.`];
  return formatTable(
    [
      { ...rightAligned('ID'), importance: 3 },
      'When',
      { title: 'What', maxWidth: 40, minWidth: 14, importance: 3 },
      rightAligned('Quotes'),
      { title: 'Days', importance: 1 },
      { title: 'Series', maxWidth: 40, minWidth: 10, importance: 0 },
      { title: 'By', importance: 1 },
      { title: 'State', importance: 3 },
    ],
    imports.map((edit) => [
      safeText`${edit.batch}`,
      formatDateTime(edit.at),
      safeText`${edit.kind === 'import' ? safeText`` : safeText`${edit.kind} of `}${sanitizeText(edit.name)}${edit.reason ? safeText` (${sanitizeText(edit.reason)})` : ''}`,
      edit.kind === 'removal' ? safeText`-` : formatInteger(edit.rows),
      formatEditDates(edit),
      editSeriesLabel(edit),
      sanitizeText(edit.by),
      edit.undone ? safeText`undone by ${sanitizeText(edit.changedBy ?? '')}` : '',
    ]),
    format,
  );
}

export function describeRateEdit(edit: RateEdit): SafeText {
  const quotes = edit.rows > 0 ? safeText`, ${formatInteger(edit.rows)} quotes, ${formatEditDates(edit)}` : '';
  return safeText`${edit.kind} ${edit.batch} (${sanitizeText(edit.name)}${quotes})`;
}

/** Held quotes with the reason and the prices they were compared with. */
export function heldQuoteLines(held: readonly HeldQuoteResult[]): SafeText[] {
  if (held.length === 0) return [safeText`No prices are held for a decision.`];
  return [
    ...held.flatMap(({ id, quote, heldAt, reason, comparisons }) => {
      const { currency, unit } = quote;
      const where = [quote.provider, quote.company, quote.brand].filter((part) => part !== '').map(sanitizeText);
      return [
        safeText`${id}  ${sanitizeText(quote.instrument)}  buy ${formatPrice(quote.buy, currency)}  sell ${formatPrice(quote.sell, currency)} ${sanitizeText(currency)}/${unit}  ${joinSafe(where, ', ')}`,
        safeText`    received ${formatDateTime(heldAt)}, for ${formatDateTime(quote.at)}: ${sanitizeText(reason)}`,
        ...comparisons.map(
          ({ label, buy, sell }) =>
            safeText`    compare ${sanitizeText(label)}: buy ${formatPrice(buy, currency)}  sell ${formatPrice(sell, currency)}`,
        ),
      ];
    }),
    safeText``,
    safeText`Store one: goldctl rates held accept ID. Discard one: goldctl rates held discard ID.`,
  ];
}

function formatEditDates({ first, last }: RateEdit): SafeText {
  if (first === null || last === null) return safeText``;
  const [from, to] = [formatDate(first), formatDate(last)];
  return from === to ? from : safeText`${from} to ${to}`;
}

function editSeriesLabel({ series, seriesCount }: RateEdit): SafeText {
  const [first = ''] = series;
  return seriesCount > 1 ? safeText`${sanitizeText(first)} and ${seriesCount - 1} more` : sanitizeText(first);
}
