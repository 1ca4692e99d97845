import { styleText } from 'node:util';
import type { SafeText } from '../domain/safe-text.ts';

/** How emphasis is written; on plain paper it is the text itself. */
export interface Style {
  readonly heading: (text: SafeText) => SafeText;
  readonly stale: (text: SafeText) => SafeText;
  readonly up: (text: SafeText) => SafeText;
  readonly down: (text: SafeText) => SafeText;
  readonly error: (text: SafeText) => SafeText;
}

/** What lines are written for: its width in columns, its glyphs, its colours, and the time that ages count from. */
export interface Paper {
  readonly width: number;
  /** Whether it shows more than ASCII (braille in charts). Text that people wrote is never changed for it. */
  readonly unicode: boolean;
  readonly style: Style;
  readonly now: number;
}

const same = (text: SafeText): SafeText => text;

export const PLAIN: Style = { heading: same, stale: same, up: same, down: same, error: same };

/** Whether there is colour is decided once, in paperOf: newer Nodes would look at standard output once more. */
const paint = (format: 'bold' | 'yellow' | 'green' | 'red', text: SafeText): SafeText =>
  (styleText as (format: string, text: string, options: { validateStream: boolean }) => string)(format, text, {
    validateStream: false,
  }) as SafeText;

export const COLOURED: Style = {
  heading: (text) => paint('bold', text),
  stale: (text) => paint('yellow', text),
  up: (text) => paint('green', text),
  down: (text) => paint('red', text),
  error: (text) => paint('red', text),
};

/** A terminal's paper, or that of a file or pipe: 100 columns, no colour. */
export function paperOf(
  output: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv = process.env,
  now = Date.now(),
): Paper {
  const coloured = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return {
    width: Math.max(40, output.columns || 100),
    unicode: speaksUtf8(env),
    style: coloured ? COLOURED : PLAIN,
    now,
  };
}

/** What the locale says, in the order in which POSIX asks for it. */
export function speaksUtf8(env: NodeJS.ProcessEnv, platform = process.platform): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  return locale ? /utf-?8/i.test(locale) : platform === 'win32';
}
