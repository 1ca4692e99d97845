import type { ThemeName } from '../state.ts';
import type { Tone } from '../styled-text.ts';

/** The style of a tone. Colours are palette numbers; absent: the terminal's default. */
export interface TextStyle {
  readonly fg?: number;
  readonly bg?: number;
  readonly bold?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}

/** How many colours to use; 0: plain text without any style. */
export type ColourDepth = 0 | 8 | 16 | 256;

/** A style for each tone, for 256 colours (`rich`) and for the 16 standard ones (`basic`). */
export interface Theme {
  readonly name: ThemeName;
  readonly rich: Readonly<Record<Tone, TextStyle>>;
  readonly basic: Readonly<Record<Tone, TextStyle>>;
}

/** Emphasis without colour. Replaces every theme when NO_COLOR is set. */
const PLAIN_STYLES: Record<Tone, TextStyle> = {
  text: {},
  muted: {},
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

export const THEME_BY_NAME: Readonly<Record<ThemeName, Theme>> = {
  dark: {
    name: 'dark',
    rich: {
      text: { fg: 252 },
      muted: { fg: 244 },
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

/** The style of a tone for a colour depth. With 8 colours, bright colours are dark ones in bold. */
export function textStyleOf(theme: Theme, tone: Tone, colours: ColourDepth): TextStyle {
  if (colours === 0) return {};
  if (colours === 256) return theme.rich[tone];
  const style = theme.basic[tone];
  if (colours === 16) return style;
  const { fg, bg, ...rest } = style;
  return {
    ...rest,
    // With 8 colours, bright black would be bold black, which many terminals show as black.
    ...(fg === undefined || fg === 8 ? {} : { fg: fg % 8 }),
    ...(bg === undefined ? {} : { bg: bg % 8 }),
    ...(fg !== undefined && fg > 8 ? { bold: true } : {}),
  };
}
