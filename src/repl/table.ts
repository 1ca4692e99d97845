import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { OutputFormat } from './output-format.ts';
import { displayWidth, graphemes } from './text-width.ts';

/** Safe text, or one of the words that occur in many tables. */
export type TableCellText = SafeText | '' | '-' | 'yes' | 'no' | 'now' | 'lifted';

export interface TableCell {
  readonly text: SafeText;
  /** Applied after padding: it must not change the width. */
  readonly style?: (text: SafeText) => SafeText;
}

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Maximum screen columns; longer text is truncated and marked. */
  readonly maxWidth?: number;
}

/** At most `width` columns of the text; truncation is marked with `…`, or with `~` in ASCII. */
export function truncate<T extends string>(text: T, width: number, unicode = true): T {
  if (displayWidth(text) <= width) return text;
  const mark = unicode ? '…' : '~';
  let kept = '';
  let used = 0;
  for (const cluster of graphemes(text)) {
    used += displayWidth(cluster);
    if (used > width - 1) break;
    kept += cluster;
  }
  return (width > 0 ? kept + mark : '') as T; // a part of a safe text is safe
}

export function padText<T extends string>(text: T, width: number, align: 'left' | 'right' = 'left'): T {
  const blank = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return (align === 'right' ? blank + text : text + blank) as T;
}

export function rightAligned(title: string): TableColumn {
  return { title, align: 'right' };
}

/** Lines of a table: columns two spaces apart, no trailing spaces. Columns that are empty in every row are omitted. */
export function formatTable(
  columns: readonly (TableColumn | string)[],
  rows: readonly (readonly (TableCellText | TableCell)[])[],
  { style, unicode }: Pick<OutputFormat, 'style' | 'unicode'>,
): SafeText[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: safeText`${cell}` } : cell)));
  const shown = columns
    .map((column, i): TableColumn & { i: number } => ({
      ...(typeof column === 'string' ? { title: column } : column),
      i,
    }))
    .filter(({ i }) => cells.some((row) => row[i]?.text));
  const fitted = cells.map((row) =>
    shown.map(({ i, maxWidth }) => {
      const cell: TableCell = row[i] ?? { text: safeText`` };
      return maxWidth === undefined ? cell : { ...cell, text: truncate(cell.text, maxWidth, unicode) };
    }),
  );
  const widths = shown.map(({ title }, i) =>
    Math.max(displayWidth(title), ...fitted.map((row) => displayWidth(row[i]!.text))),
  );
  const line = (texts: readonly TableCell[]): SafeText =>
    joinSafe(
      texts.map(({ text, style }, i) => {
        const last = i === shown.length - 1 && shown[i]!.align !== 'right';
        const padded = last ? text : padText(text, widths[i]!, shown[i]!.align);
        return style ? style(padded) : padded;
      }),
      '  ',
    );
  return [line(shown.map(({ title }) => ({ text: sanitizeText(title), style: style.heading }))), ...fitted.map(line)];
}
