import { formatCount, formatPrice } from '../domain/figures.ts';
import { plain } from '../domain/fold.ts';
import { formatDay, formatMinute } from '../domain/instant.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import type { Result } from '../protocol/methods.ts';
import type { Paper } from './paper.ts';
import { table } from './table.ts';

type Edit = Result<'rates.imports'>['imports'][number];
type HeldQuote = Result<'rates.held'>['held'][number];

/** Imports, removals and corrections, one a line. */
export function importsTable(imports: readonly Edit[], paper: Paper): SafeText[] {
  if (imports.length === 0) return [safeText`Nothing was imported, removed or corrected yet.`];
  return table(
    [
      { title: 'ID', align: 'right' },
      { title: 'When' },
      { title: 'What', most: 40 },
      { title: 'Quotes', align: 'right' },
      { title: 'Days' },
      { title: 'Series', most: 40 },
      { title: 'By' },
      { title: 'State' },
    ],
    imports.map((edit) => [
      safeText`${edit.batch}`,
      formatMinute(edit.at),
      safeText`${edit.kind === 'import' ? safeText`` : safeText`${edit.kind} of `}${plain(edit.name)}${edit.reason ? safeText` (${plain(edit.reason)})` : ''}`,
      edit.kind === 'removal' ? safeText`-` : formatCount(edit.rows),
      daysOf(edit),
      seriesOf(edit),
      plain(edit.by),
      edit.undone ? safeText`undone by ${plain(edit.changedBy ?? '')}` : '',
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** What an undone or restored batch was. */
export function describeEdit(edit: Edit): SafeText {
  const quotes = edit.rows > 0 ? safeText`, ${formatCount(edit.rows)} quotes, ${daysOf(edit)}` : '';
  return safeText`${edit.kind} ${edit.batch} (${plain(edit.name)}${quotes})`;
}

/** Held quotes with the reason and the prices that they were compared with. */
export function heldQuotes(held: readonly HeldQuote[]): SafeText[] {
  if (held.length === 0) return [safeText`No price is held: none waits for a decision.`];
  return [
    ...held.flatMap(({ id, quote, heldAt, reason, comparisons }) => {
      const { currency, unit } = quote;
      const where = [quote.provider, quote.company, quote.brand].filter((part) => part !== '').map(plain);
      return [
        safeText`${id}  ${plain(quote.instrument)}  buy ${formatPrice(quote.buy, currency)}  sell ${formatPrice(quote.sell, currency)} ${plain(currency)}/${unit}  ${joinSafe(where, ', ')}`,
        safeText`    received ${formatMinute(heldAt)}, for ${formatMinute(quote.at)}: ${plain(reason)}`,
        ...comparisons.map(
          ({ label, buy, sell }) =>
            safeText`    compare ${plain(label)}: buy ${formatPrice(buy, currency)}  sell ${formatPrice(sell, currency)}`,
        ),
      ];
    }),
    safeText``,
    safeText`Store one: goldctl rates held accept ID. Discard one: goldctl rates held discard ID.`,
  ];
}

function daysOf({ first, last }: Edit): SafeText {
  if (first === null || last === null) return safeText``;
  const [from, to] = [formatDay(first), formatDay(last)];
  return from === to ? from : safeText`${from} to ${to}`;
}

function seriesOf({ series, seriesCount }: Edit): SafeText {
  const [first = ''] = series;
  return seriesCount > 1 ? safeText`${plain(first)} and ${seriesCount - 1} more` : plain(first);
}
