import { plain } from '../domain/fold.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { clusters, displayWidth } from './width.ts';

/** Safe text, or one of the words that stand in many tables. */
export type CellText = SafeText | '' | '-' | 'yes' | 'no' | 'now' | 'it is lifted';

export interface Cell {
  readonly text: SafeText;
  /** Applied after padding: it must not change the width. */
  readonly style?: (text: SafeText) => SafeText;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Columns of the screen at most; longer text is cut and marked. */
  readonly most?: number;
}

/** At most `width` columns of the text; a cut is marked with `…`, or `~` where only ASCII shows. */
export function cut<T extends string>(text: T, width: number, unicode = true): T {
  if (displayWidth(text) <= width) return text;
  const mark = unicode ? '…' : '~';
  let kept = '';
  let used = 0;
  for (const cluster of clusters(text)) {
    used += displayWidth(cluster);
    if (used > width - 1) break;
    kept += cluster;
  }
  return (width > 0 ? kept + mark : '') as T; // what was cut was safe, where it is
}

export function pad<T extends string>(text: T, width: number, align: 'left' | 'right' = 'left'): T {
  const blank = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return (align === 'right' ? blank + text : text + blank) as T;
}

/** Lines of a table, columns two blanks apart, no blanks at the ends. A column that is empty in every row is left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (CellText | Cell)[])[],
  options: { heading?: (text: SafeText) => SafeText; unicode?: boolean } = {},
): SafeText[] {
  const heading = options.heading ?? ((text: SafeText) => text);
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: safeText`${cell}` } : cell)));
  const shown = columns.flatMap((column, i) => (cells.some((row) => row[i]?.text) ? [{ ...column, i }] : []));
  const fitted = cells.map((row) =>
    shown.map(({ i, most }) => {
      const cell: Cell = row[i] ?? { text: safeText`` };
      return most === undefined ? cell : { ...cell, text: cut(cell.text, most, options.unicode) };
    }),
  );
  const widths = shown.map(({ title }, i) =>
    Math.max(displayWidth(title), ...fitted.map((row) => displayWidth(row[i]!.text))),
  );
  const line = (texts: readonly Cell[]): SafeText =>
    joinSafe(
      texts.map(({ text, style }, i) => {
        const last = i === shown.length - 1 && shown[i]!.align !== 'right';
        const padded = last ? text : pad(text, widths[i]!, shown[i]!.align);
        return style ? style(padded) : padded;
      }),
      '  ',
    );
  return [line(shown.map(({ title }) => ({ text: plain(title), style: heading }))), ...fitted.map(line)];
}
