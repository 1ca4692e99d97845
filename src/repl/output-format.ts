import { styleText } from 'node:util';
import type { SafeText } from '../domain/safe-text.ts';

export interface OutputStyle {
  readonly heading: (text: SafeText) => SafeText;
  readonly stale: (text: SafeText) => SafeText;
  readonly up: (text: SafeText) => SafeText;
  readonly down: (text: SafeText) => SafeText;
  readonly error: (text: SafeText) => SafeText;
}

/** What output is formatted for: width in columns, character set, colours, and the time that ages are relative to. */
export interface OutputFormat {
  readonly width: number;
  /** Whether it can show more than ASCII (braille in charts). Text written by people is never changed for it. */
  readonly unicode: boolean;
  readonly style: OutputStyle;
  readonly now: number;
}

const identity = (text: SafeText): SafeText => text;

export const PLAIN_STYLE: OutputStyle = {
  heading: identity,
  stale: identity,
  up: identity,
  down: identity,
  error: identity,
};

/** Only detectOutputFormat decides whether there is colour: newer Node versions would check standard output again. */
const applyStyle = (format: 'bold' | 'yellow' | 'green' | 'red', text: SafeText): SafeText =>
  (styleText as (format: string, text: string, options: { validateStream: boolean }) => string)(format, text, {
    validateStream: false,
  }) as SafeText;

export const COLOUR_STYLE: OutputStyle = {
  heading: (text) => applyStyle('bold', text),
  stale: (text) => applyStyle('yellow', text),
  up: (text) => applyStyle('green', text),
  down: (text) => applyStyle('red', text),
  error: (text) => applyStyle('red', text),
};

/** The format of a terminal, or that of a file or pipe: 100 columns, no colour. */
export function detectOutputFormat(
  output: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv = process.env,
  now = Date.now(),
): OutputFormat {
  const coloured = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return {
    width: Math.max(40, output.columns || 100),
    unicode: isUtf8Locale(env),
    style: coloured ? COLOUR_STYLE : PLAIN_STYLE,
    now,
  };
}

/** Checks the locale variables in the order that POSIX defines. */
export function isUtf8Locale(env: NodeJS.ProcessEnv, platform = process.platform): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  return locale ? /utf-?8/i.test(locale) : platform === 'win32';
}
