import type { IBufferCell, Terminal } from '@xterm/headless';

/** A cell of the picture, in its units; text is 14 high. */
const WIDTH = 8.4;
const HEIGHT = 18;
const BASELINE = 13.5;
const MARGIN = 12;
const FOREGROUND = '#d0d0d0';
const BACKGROUND = '#16161a';
const STROKE = 1.2;

const SIXTEEN = [
  '#2e3436 #cc4444 #4e9a06 #c4a000 #3465a4 #75507b #06989a #d3d7cf',
  '#7a7d7a #ef2929 #8ae234 #fce94f #729fcf #ad7fa8 #34e2e2 #eeeeec',
]
  .join(' ')
  .split(' ');
const LEVELS = [0, 95, 135, 175, 215, 255];

interface Style {
  readonly fg: string;
  readonly bg: string;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
}

interface Run extends Style {
  readonly column: number;
  /** Text of a font, or characters that are drawn: lines, dots and blocks, which fonts do not join. */
  readonly drawn: boolean;
  cells: number;
  /** One a cell, but for a wide one, which is alone. */
  readonly characters: string[];
}

/** What the terminal shows as an SVG picture. The grid holds in every viewer, whatever fonts it has. */
export function svgOf(terminal: Terminal, title: string): string {
  const { cols, rows, buffer } = terminal;
  const width = round(cols * WIDTH + 2 * MARGIN);
  const height = round(rows * HEIGHT + 2 * MARGIN);
  const backgrounds: string[] = [];
  const texts: string[] = [];
  const drawings = new Map<string, string[]>();
  for (let row = 0; row < rows; row++) {
    const y = row * HEIGHT;
    for (const run of runsOf(terminal, buffer.active.viewportY + row)) {
      const x = run.column * WIDTH;
      const length = run.cells * WIDTH;
      if (run.bg !== BACKGROUND) {
        backgrounds.push(
          `<rect x="${round(x)}" y="${y}" width="${round(length)}" height="${HEIGHT}" fill="${run.bg}"/>`,
        );
      }
      if (run.drawn) {
        const shapes = drawings.get(run.fg) ?? [];
        drawings.set(run.fg, shapes);
        run.characters.forEach((character, i) => {
          shapes.push(shapeOf(character.codePointAt(0)!, x + i * WIDTH, y));
        });
      } else if (run.underline || run.characters.some((character) => character !== ' ')) {
        texts.push(textOf(run, x, y + BASELINE, length));
      }
    }
  }
  const paths = [...drawings].map(([fill, shapes]) => `<path fill="${fill}" d="${shapes.join('')}"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
<g transform="translate(${MARGIN} ${MARGIN})" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" shape-rendering="geometricPrecision">
${[...backgrounds, ...paths, ...texts].join('\n')}
</g>
</svg>
`;
}

function textOf({ characters, fg, bold, italic, underline }: Run, x: number, y: number, length: number): string {
  const attributes = [
    `x="${round(x)}" y="${y}" fill="${fg}" textLength="${round(length)}"`,
    ' lengthAdjust="spacingAndGlyphs" xml:space="preserve"',
    bold ? ' font-weight="bold"' : '',
    italic ? ' font-style="italic"' : '',
    underline ? ' text-decoration="underline"' : '',
  ].join('');
  return `<text ${attributes}>${escaped(characters.join(''))}</text>`;
}

/** A line of the buffer cut where its look changes. Blank cells at the sides of a text are no part of it. */
function runsOf(terminal: Terminal, place: number): Run[] {
  const line = terminal.buffer.active.getLine(place);
  const runs: Run[] = [];
  let open: Run | undefined;
  for (let column = 0; line && column < terminal.cols; column++) {
    const cell = line.getCell(column)!;
    const cells = cell.getWidth();
    if (cells === 0) continue; // the right half of a wide character
    const character = cell.getChars() || ' ';
    const style = styleOf(cell);
    const drawn = isDrawn(character.codePointAt(0)!);
    // Each wide character is a run: its neighbours must not share the stretch that it may need.
    const joins = cells === 1 && open !== undefined && open.drawn === drawn && sameStyle(open, style);
    if (joins) {
      open!.characters.push(character);
      open!.cells += 1;
    } else {
      open = { ...style, column, drawn, cells, characters: [character] };
      runs.push(open);
      if (cells > 1) open = undefined;
    }
  }
  return runs.flatMap((run) => (run.drawn ? [run] : trimmed(run)));
}

/** Blank cells are background and no text; a gap of two or more parts a text. */
function trimmed(run: Run): Run[] {
  if (run.underline) return [run];
  const { characters } = run;
  const parts: Run[] = run.bg === BACKGROUND ? [] : [{ ...run, characters: characters.map(() => ' ') }];
  // As a pattern of one letter a cell, since a character may be several units long.
  const pattern = characters.map((character) => (character === ' ' ? ' ' : 'x')).join('');
  for (const { 0: found, index } of pattern.matchAll(/x+(?: x+)*/g)) {
    const part = characters.slice(index, index + found.length);
    const cells = run.cells === characters.length ? part.length : run.cells; // or one wide character
    parts.push({ ...run, bg: BACKGROUND, column: run.column + index, cells, characters: part }); // painted already
  }
  return parts;
}

function styleOf(cell: IBufferCell): Style {
  const set = (flag: number) => flag !== 0;
  let fg = cell.isFgDefault() ? FOREGROUND : colour(cell.getFgColor(), cell.isFgRGB());
  let bg = cell.isBgDefault() ? BACKGROUND : colour(cell.getBgColor(), cell.isBgRGB());
  if (set(cell.isInverse())) [fg, bg] = [bg, fg];
  if (set(cell.isDim())) fg = mix(fg, bg);
  if (set(cell.isInvisible())) fg = bg;
  return { fg, bg, bold: set(cell.isBold()), italic: set(cell.isItalic()), underline: set(cell.isUnderline()) };
}

function sameStyle(a: Style, b: Style): boolean {
  return a.fg === b.fg && a.bg === b.bg && a.bold === b.bold && a.italic === b.italic && a.underline === b.underline;
}

/** A number of the 256 colours, or 24 bits. */
function colour(value: number, isRgb: boolean): string {
  if (isRgb) return `#${value.toString(16).padStart(6, '0')}`;
  if (value < 16) return SIXTEEN[value]!;
  if (value >= 232) return hex([8, 8, 8].map((grey) => grey + (value - 232) * 10));
  const cube = value - 16;
  return hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => LEVELS[level]!));
}

function mix(a: string, b: string): string {
  const parts = (text: string) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));
  const other = parts(b);
  return hex(parts(a).map((part, i) => Math.round((part + other[i]!) / 2)));
}

function hex(parts: readonly number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Where the lines of a box character go: left, right, up, down. */
const LINES: Readonly<Record<string, string>> = {
  '─': 'lr',
  '│': 'ud',
  '┌': 'rd',
  '┐': 'ld',
  '└': 'ru',
  '┘': 'lu',
  '├': 'rud',
  '┤': 'lud',
  '┬': 'lrd',
  '┴': 'lru',
  '┼': 'lrud',
};
const BRAILLE = 0x2800;
/** Column and row of a braille character's dots, lowest bit first. */
const DOTS = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
] as const;

function isDrawn(code: number): boolean {
  return Object.hasOwn(LINES, String.fromCodePoint(code)) || isBraille(code) || (code >= 0x2581 && code <= 0x2588);
}

function isBraille(code: number): boolean {
  return code >= BRAILLE && code < BRAILLE + 256;
}

/** The character as rectangles of a path, its cell's corner at x and y. */
function shapeOf(code: number, x: number, y: number): string {
  if (isBraille(code)) {
    const size = 2;
    return DOTS.map(([column, row], bit) =>
      ((code - BRAILLE) >> bit) & 1
        ? box(x + ((column + 0.5) * WIDTH) / 2 - size / 2, y + ((row + 0.5) * HEIGHT) / 4 - size / 2, size, size)
        : '',
    ).join('');
  }
  if (code >= 0x2581 && code <= 0x2588) {
    const high = ((code - 0x2580) * HEIGHT) / 8;
    return box(x, y + HEIGHT - high, WIDTH, high);
  }
  const half = STROKE / 2;
  const [middleX, middleY] = [x + WIDTH / 2, y + HEIGHT / 2];
  return [...LINES[String.fromCodePoint(code)]!]
    .map((way) => {
      if (way === 'l') return box(x, middleY - half, WIDTH / 2 + half, STROKE);
      if (way === 'r') return box(middleX - half, middleY - half, WIDTH / 2 + half, STROKE);
      if (way === 'u') return box(middleX - half, y, STROKE, HEIGHT / 2 + half);
      return box(middleX - half, middleY - half, STROKE, HEIGHT / 2 + half);
    })
    .join('');
}

function box(x: number, y: number, width: number, height: number): string {
  return `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
