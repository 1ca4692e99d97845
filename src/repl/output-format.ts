import { styleText } from 'node:util';
import type { SafeText } from '../domain/safe-text.ts';

/** Styles by role. They are those of the dashboard's theme, if there is colour. */
export interface OutputStyle {
  readonly heading: (text: SafeText) => SafeText;
  readonly stale: (text: SafeText) => SafeText;
  readonly up: (text: SafeText) => SafeText;
  readonly down: (text: SafeText) => SafeText;
  readonly error: (text: SafeText) => SafeText;
  /** What is less important than the text around it: numbers and times of posts. */
  readonly muted: (text: SafeText) => SafeText;
  /** Names of members. */
  readonly name: (text: SafeText) => SafeText;
  readonly topic: (text: SafeText) => SafeText;
}

/** What output is formatted for: width in columns, character set, colours, and the time that ages are relative to. */
export interface OutputFormat {
  readonly width: number;
  /** The width that tables and posts must fit; undefined for a file or pipe, where they are as wide as their content. */
  readonly fitWidth?: number | undefined;
  /** Whether it can show more than ASCII (braille in charts). Text written by people is never changed for it. */
  readonly unicode: boolean;
  readonly style: OutputStyle;
  readonly now: number;
  /** What advice names: verbs of shell and dashboard, or commands of the command line (the default). */
  readonly advice?: 'verbs' | 'commands';
}

const identity = (text: SafeText): SafeText => text;

export const PLAIN_STYLE: OutputStyle = {
  heading: identity,
  stale: identity,
  up: identity,
  down: identity,
  error: identity,
  muted: identity,
  name: identity,
  topic: identity,
};

/** Only detectOutputFormat decides whether there is colour: newer Node versions would check standard output again. */
const applyStyle = (format: 'bold' | 'yellow' | 'green' | 'red' | 'gray', text: SafeText): SafeText =>
  (styleText as (format: string, text: string, options: { validateStream: boolean }) => string)(format, text, {
    validateStream: false,
  }) as SafeText;

/** The standard colours, where no theme is loaded. */
export const COLOUR_STYLE: OutputStyle = {
  heading: (text) => applyStyle('bold', text),
  stale: (text) => applyStyle('yellow', text),
  up: (text) => applyStyle('green', text),
  down: (text) => applyStyle('red', text),
  error: (text) => applyStyle('red', text),
  muted: (text) => applyStyle('gray', text),
  name: (text) => applyStyle('bold', text),
  topic: (text) => applyStyle('yellow', text),
};

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * The format of a terminal, or that of a file or pipe: charts of 100 columns, tables as wide as their content, no colour.
 * @param colourStyle the style to use if there is colour
 */
export function detectOutputFormat(
  output: OutputStream,
  env: NodeJS.ProcessEnv = process.env,
  now = Date.now(),
  colourStyle: OutputStyle = COLOUR_STYLE,
): OutputFormat {
  const width = Math.max(40, output.columns || 100);
  return {
    width,
    ...(output.isTTY === true ? { fitWidth: width } : {}),
    unicode: isUtf8Locale(env),
    style: hasColour(output, env) ? colourStyle : PLAIN_STYLE,
    now,
  };
}

export function hasColour(output: OutputStream, env: NodeJS.ProcessEnv): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** The advice that works where it is shown. */
export function advise({ advice }: OutputFormat, commands: SafeText, verbs: SafeText): SafeText {
  return advice === 'verbs' ? verbs : commands;
}

/** Checks the locale variables in the order that POSIX defines. */
export function isUtf8Locale(env: NodeJS.ProcessEnv, platform = process.platform): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  return locale ? /utf-?8/i.test(locale) : platform === 'win32';
}
