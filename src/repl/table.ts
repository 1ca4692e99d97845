import { clusters, displayWidth } from './width.ts';

export interface Cell {
  readonly text: string;
  /** Applied after padding: it must not change the width. */
  readonly style?: (text: string) => string;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Columns of the screen at most; longer text is cut and marked. */
  readonly most?: number;
}

/** At most `width` columns of the text; a cut is marked with `…`, or `~` where only ASCII shows. */
export function cut(text: string, width: number, unicode = true): string {
  if (displayWidth(text) <= width) return text;
  const mark = unicode ? '…' : '~';
  let kept = '';
  let used = 0;
  for (const cluster of clusters(text)) {
    used += displayWidth(cluster);
    if (used > width - 1) break;
    kept += cluster;
  }
  return width > 0 ? kept + mark : '';
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blank = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? blank + text : text + blank;
}

/** Lines of a table, columns two blanks apart, no blanks at the ends. A column that is empty in every row is left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
  options: { heading?: (text: string) => string; unicode?: boolean } = {},
): string[] {
  const heading = options.heading ?? ((text: string) => text);
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const shown = columns.flatMap((column, i) => (cells.some((row) => row[i]?.text) ? [{ ...column, i }] : []));
  const fitted = cells.map((row) =>
    shown.map(({ i, most }) => {
      const cell: Cell = row[i] ?? { text: '' };
      return most === undefined ? cell : { ...cell, text: cut(cell.text, most, options.unicode) };
    }),
  );
  const widths = shown.map(({ title }, i) =>
    Math.max(displayWidth(title), ...fitted.map((row) => displayWidth(row[i]!.text))),
  );
  const line = (texts: readonly Cell[]): string =>
    texts
      .map(({ text, style }, i) => {
        const last = i === shown.length - 1 && shown[i]!.align !== 'right';
        const padded = last ? text : pad(text, widths[i]!, shown[i]!.align);
        return style ? style(padded) : padded;
      })
      .join('  ');
  return [line(shown.map(({ title }) => ({ text: title, style: heading }))), ...fitted.map(line)];
}
