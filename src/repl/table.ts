import { joinSafe, repeatSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { OutputFormat } from './output-format.ts';
import { displayWidth, graphemes } from './text-width.ts';
import { wrapWords } from './wrap-words.ts';

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
  /** How much is lost without it: if the table does not fit, columns of the lowest importance go first. Default: 2. */
  readonly importance?: 0 | 1 | 2 | 3;
  /** On a terminal, the text of the last column continues in further lines instead of being cut. */
  readonly wraps?: boolean;
  /** Down to how many screen columns it may be cut before a column is dropped. Default: its whole width. */
  readonly minWidth?: number;
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

interface FittedColumn extends TableColumn {
  readonly index: number;
  readonly width: number;
}

/**
 * Lines of a table: columns two spaces apart, no trailing spaces. Columns that are empty in every row are omitted. If the
 * table is wider than `fitWidth`, long texts are cut first, then the least important columns are dropped.
 */
export function formatTable(
  columns: readonly (TableColumn | string)[],
  rows: readonly (readonly (TableCellText | TableCell)[])[],
  { style, unicode, fitWidth }: Pick<OutputFormat, 'style' | 'unicode' | 'fitWidth'>,
): SafeText[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: safeText`${cell}` } : cell)));
  const filled = columns
    .map((column, index): FittedColumn => {
      const given = typeof column === 'string' ? { title: column } : column;
      const content = Math.max(0, ...cells.map((row) => displayWidth(row[index]?.text ?? '')));
      return {
        ...given,
        index,
        width: Math.max(displayWidth(given.title), Math.min(content, given.maxWidth ?? content)),
      };
    })
    .filter(({ index }) => cells.some((row) => row[index]?.text));
  const shown = fitWidth === undefined ? filled : fitColumns(filled, fitWidth);
  const last = shown.length - 1;
  const line = (texts: readonly TableCell[]): SafeText =>
    joinSafe(
      texts.map(({ text, style }, i) => {
        const { align, width, wraps } = shown[i]!;
        const cut = wraps && i === last ? text : truncate(text, width, unicode);
        const padded = i === last && align !== 'right' ? cut : padText(cut, width, align);
        return style ? style(padded) : padded;
      }),
      COLUMN_GAP,
    );
  const lines = (texts: readonly TableCell[]): SafeText[] => {
    const { width = 0, wraps = false } = shown[last] ?? {};
    const [first, ...rest] = wraps && fitWidth !== undefined ? wrapWords(texts[last]!.text, width) : [];
    if (first === undefined) return [line(texts)];
    const indent = repeatSafe(safeText` `, widthOf(shown.slice(0, -1)) + COLUMN_GAP.length);
    return [
      line([...texts.slice(0, -1), { ...texts[last]!, text: first }]),
      ...rest.map((part) => safeText`${indent}${part}`),
    ];
  };
  return [
    line(shown.map(({ title }) => ({ text: sanitizeText(title), style: style.heading }))),
    ...cells.flatMap((row) => lines(shown.map(({ index }): TableCell => row[index] ?? { text: safeText`` }))),
  ];
}

const COLUMN_GAP = '  ';
const DEFAULT_IMPORTANCE = 2;

function fitColumns(columns: readonly FittedColumn[], fitWidth: number): readonly FittedColumn[] {
  let kept = columns;
  for (;;) {
    const fitted = shrinkColumns(kept, fitWidth);
    if (widthOf(fitted) <= fitWidth || kept.length === 1) return fitted;
    const least = Math.min(...kept.map(importanceOf));
    const dropped = kept.findLastIndex((column) => importanceOf(column) === least);
    // If only the most important columns are left, cutting them is better than losing one.
    if (least === 3) return shrinkColumns(kept.map(withLeastWidth), fitWidth);
    kept = kept.filter((_, i) => i !== dropped);
  }
}

/** Takes the missing columns from the widest text that may be cut, one by one. */
function shrinkColumns(columns: readonly FittedColumn[], fitWidth: number): readonly FittedColumn[] {
  const widths = columns.map(({ width }) => width);
  for (let excess = widthOf(columns) - fitWidth; excess > 0; excess--) {
    let widest = -1;
    for (const [i, { minWidth }] of columns.entries()) {
      if (widths[i]! > (minWidth ?? Number.POSITIVE_INFINITY) && (widest < 0 || widths[i]! > widths[widest]!))
        widest = i;
    }
    if (widest < 0) break;
    widths[widest]! -= 1;
  }
  return columns.map((column, i) => ({ ...column, width: widths[i]! }));
}

/** Numbers are never cut: a part of a price is another price. */
function withLeastWidth(column: FittedColumn): FittedColumn {
  return { ...column, minWidth: column.align === 'right' ? column.width : 4 };
}

function importanceOf({ importance = DEFAULT_IMPORTANCE }: TableColumn): number {
  return importance;
}

function widthOf(columns: readonly FittedColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + COLUMN_GAP.length * (columns.length - 1);
}
