import { defined } from '../../domain/defined.ts';
import type { ThemeName } from '../state.ts';
import type { Tone } from '../styled-text.ts';

/** A palette number from 0 to 255, or `RGB_COLOUR` plus 0xrrggbb. */
export type Colour = number;
export const RGB_COLOUR = 0x1000000;

/** The style of a tone. Absent colours: the terminal's default. */
export interface TextStyle {
  readonly fg?: Colour;
  readonly bg?: Colour;
  readonly bold?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}

export const TRUE_COLOUR = 16_777_216;

/** How many colours to use; 0: plain text without any style. */
export type ColourDepth = 0 | 8 | 16 | 256 | typeof TRUE_COLOUR;

/** A style for each tone, for 256 colours and more (`rich`), and for the 16 standard ones (`basic`). */
export interface Theme {
  readonly name: ThemeName;
  readonly rich: Readonly<Record<Tone, TextStyle>>;
  readonly basic: Readonly<Record<Tone, TextStyle>>;
}

/** Emphasis without colour. Replaces every theme when NO_COLOR is set. */
const PLAIN_STYLES: Record<Tone, TextStyle> = {
  text: {},
  muted: {},
  grid: {},
  strong: { bold: true },
  title: { bold: true },
  gold: { bold: true },
  up: { bold: true },
  down: {},
  good: {},
  warn: { bold: true },
  bad: { bold: true, underline: true },
  self: { bold: true },
  mention: { inverse: true },
  selected: { inverse: true },
  accent: { bold: true, inverse: true },
  cursor: { inverse: true },
};

export const THEME_BY_NAME: ThemeByName = {
  dark: {
    name: 'dark',
    rich: {
      text: { fg: 252 },
      muted: { fg: 244 },
      grid: { fg: 239 },
      strong: { fg: 231, bold: true },
      title: { fg: 222, bold: true },
      gold: { fg: 220 },
      up: { fg: 78 },
      down: { fg: 203 },
      good: { fg: 78 },
      warn: { fg: 214 },
      bad: { fg: 203, bold: true },
      self: { fg: 117, bold: true },
      mention: { fg: 16, bg: 222 },
      selected: { fg: 231, bg: 238 },
      accent: { fg: 16, bg: 220, bold: true },
      cursor: { inverse: true },
    },
    basic: {
      text: {},
      muted: { fg: 8 },
      grid: { fg: 8 },
      strong: { fg: 15, bold: true },
      title: { fg: 11, bold: true },
      gold: { fg: 3 },
      up: { fg: 10 },
      down: { fg: 9 },
      good: { fg: 10 },
      warn: { fg: 11 },
      bad: { fg: 9, bold: true },
      self: { fg: 14, bold: true },
      mention: { fg: 0, bg: 3 },
      selected: { inverse: true },
      accent: { fg: 0, bg: 3, bold: true },
      cursor: { inverse: true },
    },
  },
  light: {
    name: 'light',
    rich: {
      text: { fg: 235 },
      muted: { fg: 242 },
      grid: { fg: 250 },
      strong: { fg: 16, bold: true },
      title: { fg: 94, bold: true },
      gold: { fg: 130 },
      up: { fg: 28 },
      down: { fg: 124 },
      good: { fg: 28 },
      warn: { fg: 130, bold: true },
      bad: { fg: 160, bold: true },
      self: { fg: 25, bold: true },
      mention: { fg: 16, bg: 222 },
      selected: { fg: 16, bg: 253 },
      accent: { fg: 231, bg: 130, bold: true },
      cursor: { inverse: true },
    },
    basic: {
      text: {},
      muted: {},
      grid: {},
      strong: { bold: true },
      title: { fg: 4, bold: true },
      gold: { fg: 5 },
      up: { fg: 2 },
      down: { fg: 1 },
      good: { fg: 2 },
      warn: { fg: 5, bold: true },
      bad: { fg: 1, bold: true },
      self: { fg: 4, bold: true },
      mention: { inverse: true },
      selected: { inverse: true },
      accent: { bold: true, inverse: true },
      cursor: { inverse: true },
    },
  },
  contrast: {
    name: 'contrast',
    rich: {
      text: { fg: 231, bg: 16 },
      muted: { fg: 252, bg: 16 },
      grid: { fg: 244, bg: 16 },
      strong: { fg: 231, bg: 16, bold: true },
      title: { fg: 226, bg: 16, bold: true },
      gold: { fg: 226, bg: 16 },
      up: { fg: 46, bg: 16, bold: true },
      down: { fg: 213, bg: 16, bold: true },
      good: { fg: 46, bg: 16, bold: true },
      warn: { fg: 226, bg: 16, bold: true },
      bad: { fg: 231, bg: 124, bold: true },
      self: { fg: 51, bg: 16, bold: true },
      mention: { fg: 16, bg: 226, bold: true },
      selected: { fg: 16, bg: 231, bold: true },
      accent: { fg: 16, bg: 226, bold: true },
      cursor: { fg: 16, bg: 231 },
    },
    basic: {
      text: { fg: 15, bg: 0 },
      muted: { fg: 7, bg: 0 },
      grid: { fg: 7, bg: 0 },
      strong: { fg: 15, bg: 0, bold: true },
      title: { fg: 11, bg: 0, bold: true },
      gold: { fg: 11, bg: 0 },
      up: { fg: 10, bg: 0, bold: true },
      down: { fg: 13, bg: 0, bold: true },
      good: { fg: 10, bg: 0, bold: true },
      warn: { fg: 11, bg: 0, bold: true },
      bad: { fg: 15, bg: 1, bold: true },
      self: { fg: 14, bg: 0, bold: true },
      mention: { fg: 0, bg: 11, bold: true },
      selected: { fg: 0, bg: 15, bold: true },
      accent: { fg: 0, bg: 11, bold: true },
      cursor: { fg: 0, bg: 15 },
    },
  },
  plain: { name: 'plain', rich: PLAIN_STYLES, basic: PLAIN_STYLES },
};

/**
 * The style of a tone for a colour depth. Colours that the terminal does not have become the nearest ones; with 8 colours,
 * bright colours are dark ones in bold.
 */
export function textStyleOf(theme: Theme, tone: Tone, colours: ColourDepth): TextStyle {
  if (colours === 0) return {};
  if (colours === TRUE_COLOUR) return theme.rich[tone];
  const { fg, bg, ...rest } = colours === 256 ? theme.rich[tone] : theme.basic[tone];
  const [front, back] = [fg, bg].map((colour) => colour && nearestColour(colour, colours === 256 ? 256 : 16));
  if (colours > 8) return { ...rest, ...defined({ fg: front, bg: back }) };
  return {
    ...rest,
    // With 8 colours, bright black would be bold black, which many terminals show as black.
    ...(front === undefined || front === 8 ? {} : { fg: front % 8 }),
    ...(back === undefined ? {} : { bg: back % 8 }),
    ...(front !== undefined && front > 8 ? { bold: true } : {}),
  };
}

/** What a user changes of a style; null: the terminal's default colour. */
export interface StyleChange {
  readonly fg?: Colour | null;
  readonly bg?: Colour | null;
  readonly bold?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}

export type ThemeByName = Readonly<Record<ThemeName, Theme>>;

/** The themes with a user's changes. The theme without colours stays as it is. */
export function withStyleChanges(changes: Partial<Record<ThemeName, Partial<Record<Tone, StyleChange>>>>): ThemeByName {
  const themes = Object.entries(THEME_BY_NAME).map(([name, theme]): [string, Theme] => {
    const changed = Object.entries(changes[name as ThemeName] ?? {}) as [Tone, StyleChange][];
    const apply = (styles: Theme['rich']): Theme['rich'] => ({
      ...styles,
      ...Object.fromEntries(changed.map(([tone, change]) => [tone, withChange(styles[tone], change)])),
    });
    return [name, { ...theme, rich: apply(theme.rich), basic: apply(theme.basic) }];
  });
  return Object.fromEntries(themes) as unknown as ThemeByName;
}

function withChange(
  { fg, bg, ...style }: TextStyle,
  { fg: front = fg, bg: back = bg, ...rest }: StyleChange,
): TextStyle {
  return { ...style, ...rest, ...defined({ fg: front ?? undefined, bg: back ?? undefined }) };
}

/** The channels of the 16 standard colours as xterm shows them. */
const STANDARD_COLOURS = [
  0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00,
  0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
];
const CUBE_LEVELS = [0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff];

/** The palette number, below `count`, that looks most like a colour. */
export function nearestColour(colour: Colour, count: 16 | 256): number {
  if (colour < count) return colour;
  const wanted = channelsOf(colour);
  // Terminals draw the 16 standard colours in any way they like, so that only a palette of 16 uses them.
  const from = count === 256 ? 16 : 0;
  let nearest = from;
  let least = Number.POSITIVE_INFINITY;
  for (let candidate = from; candidate < count; candidate++) {
    const channels = channelsOf(candidate);
    const distance = channels.reduce((sum, channel, i) => sum + (channel - wanted[i]!) ** 2, 0);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

function channelsOf(colour: Colour): readonly number[] {
  const rgb = colour >= RGB_COLOUR ? colour - RGB_COLOUR : paletteRgb(colour);
  return [rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff];
}

function paletteRgb(number: number): number {
  if (number < 16) return STANDARD_COLOURS[number]!;
  if (number >= 232) return (8 + (number - 232) * 10) * 0x010101;
  const [red, green, blue] = [Math.floor((number - 16) / 36), Math.floor((number - 16) / 6) % 6, (number - 16) % 6];
  return (CUBE_LEVELS[red]! << 16) | (CUBE_LEVELS[green]! << 8) | CUBE_LEVELS[blue]!;
}
