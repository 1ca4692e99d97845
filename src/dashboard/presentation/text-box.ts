import { foldForSearch } from '../../domain/text.ts';
import { graphemes } from '../../repl/text-width.ts';
import { innerSize } from '../layout.ts';
import type { BoxSearch, State, TextBox } from '../state.ts';
import { lineText, type StyledLine, type StyledSpan, span } from '../styled-text.ts';
import { answerLines } from './command-output.ts';
import { displayLine } from './display-text.ts';
import { helpLines } from './help-overlay.ts';
import { keyOf } from './key-label.ts';
import { fitSegments, fitToPane, type LineSegment } from './line-layout.ts';
import { helpOverlayBox } from './overlay-layout.ts';

/** The open box: help, or else a long answer. The sign-in form covers an answer. */
export function openBox({ help, answer, form }: Pick<State, 'help' | 'answer' | 'form'>): TextBox | null {
  return help ?? (form ? null : answer);
}

/** All lines of the open box. */
export function boxLines(state: State): readonly StyledLine[] {
  const { width } = innerSize(helpOverlayBox(state));
  if (width <= 0) return [];
  return state.help ? helpLines(width) : answerLines(state.output ?? [], width);
}

/** What it is, which lines of it are visible, the search, and its keys. */
export function boxTitle(state: State, width: number): StyledLine {
  const box = openBox(state);
  if (!box) return [];
  const { height } = innerSize(helpOverlayBox(state));
  const all = boxLines(state);
  const total = all.length;
  const first = firstLine(box, total, height);
  const position = total > height ? `${first + 1}-${Math.min(total, first + height)} of ${total}` : '';
  const segments: LineSegment[] = [
    [[span(state.help ? 'Help' : 'Answer', 'title')]],
    position === '' ? [[]] : [[span(position, 'muted')], []],
    searchSegment(all, box.search),
    [[span(boxKeys(box), 'muted')], []],
  ];
  return fitSegments(segments, [3, 1, 2], width);
}

/** The visible lines, with the matches of the search highlighted. */
export function boxContent(state: State, width: number, height: number): StyledLine[] {
  const box = openBox(state);
  if (!box || width <= 0 || height <= 0) return [];
  const all = boxLines(state);
  const first = firstLine(box, all.length, height);
  const query = box.search?.query ?? '';
  const visible = all.slice(first, first + height);
  const lines =
    query === '' ? visible : visible.map((line, i) => highlight(line, query, first + i === box.search?.line));
  return fitToPane(lines, state, width, height);
}

/** The number of the next line, from `from` on, that contains the text; null: none. Wraps around the ends. */
export function findLine(lines: readonly StyledLine[], query: string, from: number, by: 1 | -1): number | null {
  const wanted = foldForSearch(query);
  if (wanted === '') return null;
  for (let i = 0; i < lines.length; i++) {
    const at = (((from + i * by) % lines.length) + lines.length) % lines.length;
    if (foldForSearch(lineText(lines[at]!)).includes(wanted)) return at;
  }
  return null;
}

function firstLine({ scroll }: TextBox, total: number, height: number): number {
  return Math.min(Math.max(0, scroll), Math.max(0, total - height));
}

function boxKeys({ search }: TextBox): string {
  if (search?.isTyping) return `${keyOf('submit', 'search')} to find, ${keyOf('back', 'search')} to stop`;
  const move = `${keyOf('up', 'help')} ${keyOf('down', 'help')} to scroll`;
  const find = search
    ? `${keyOf('nextMatch', 'help')} ${keyOf('previousMatch', 'help')} for the next`
    : `${keyOf('search', 'help')} to search`;
  return `${move}, ${find}, ${keyOf('back', 'help')} to close`;
}

function searchSegment(lines: readonly StyledLine[], search: BoxSearch | null | undefined): LineSegment {
  if (!search) return [[]];
  const query = span(`/${displayLine(search.query)}`, 'gold');
  if (search.isTyping) return [[query, span(' ', 'cursor')]];
  if (search.line === null) return [[query, span(' not found', 'warn')]];
  const wanted = foldForSearch(search.query);
  const matching = lines.flatMap((line, i) => (foldForSearch(lineText(line)).includes(wanted) ? [i] : []));
  return [[query, span(` ${matching.indexOf(search.line) + 1} of ${matching.length}`, 'muted')], [query]];
}

/** Marks where a text is found in a line, regardless of case and accents. */
function highlight(line: StyledLine, query: string, isCurrent: boolean): StyledLine {
  const wanted = foldForSearch(query);
  // Folding may change the number of characters, so each folded one remembers the character that it comes from.
  const pieces = line.flatMap(({ text, tone }) => graphemes(text).map((piece) => ({ piece, tone })));
  const folded: number[] = [];
  let text = '';
  for (const [i, { piece }] of pieces.entries()) {
    const normal = foldForSearch(piece) || piece;
    text += normal;
    for (let at = 0; at < normal.length; at++) folded.push(i);
  }
  const marked = new Set<number>();
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    for (let i = at; i < at + wanted.length; i++) marked.add(folded[i]!);
  }
  if (marked.size === 0) return line;
  const spans: StyledSpan[] = [];
  for (const [i, { piece, tone }] of pieces.entries()) {
    const wantedTone = marked.has(i) ? (isCurrent ? 'accent' : 'mention') : tone;
    const last = spans.at(-1);
    if (last && last.tone === wantedTone) spans[spans.length - 1] = span(last.text + piece, wantedTone);
    else spans.push(span(piece, wantedTone));
  }
  return spans;
}
