import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import { KEY_BINDINGS, type KeyBinding } from './key-bindings.ts';
import { applyKeySettings, type SettingProblem } from './key-settings.ts';
import {
  type Colour,
  RGB_COLOUR,
  type StyleChange,
  THEME_BY_NAME,
  type ThemeByName,
  withStyleChanges,
} from './presentation/theme.ts';
import { THEME_NAMES, type ThemeName } from './state.ts';
import type { Tone } from './styled-text.ts';

const MAX_FILE_BYTES = 262_144;

export const AMBIGUOUS_WIDTHS = ['auto', 'narrow', 'wide'] as const;
/** How wide the terminal draws characters of ambiguous width, such as `─`, `…` and `à`. */
export type AmbiguousWidth = (typeof AMBIGUOUS_WIDTHS)[number];

/** The settings of the dashboard: dashboard.json with defaults filled in. */
export interface DashboardSettings {
  /** undefined: the theme that was last chosen. */
  readonly theme: ThemeName | undefined;
  readonly themes: ThemeByName;
  readonly keys: readonly KeyBinding[];
  readonly mouse: boolean;
  readonly ambiguousWidth: AmbiguousWidth;
  /** Lines for a screen reader in place of the full screen. */
  readonly accessible: boolean;
}

const SETTING_NAMES = ['theme', 'colours', 'keys', 'mouse', 'ambiguousWidth', 'accessible'] as const;
/** Earlier versions stored the chosen series in this file. */
const IGNORED_NAMES: readonly string[] = ['series'];
const STYLE_FLAGS = ['bold', 'inverse', 'underline'] as const;
const TONES = Object.keys(THEME_BY_NAME.dark.rich) as Tone[];

export function defaultSettings(): DashboardSettings {
  return {
    theme: undefined,
    themes: THEME_BY_NAME,
    keys: KEY_BINDINGS,
    mouse: true,
    ambiguousWidth: 'auto',
    accessible: false,
  };
}

/** Loads the settings of dashboard.json; without the file, the defaults. @throws AppError CONFIG_INVALID, STORE_FAILED */
export async function loadSettings(file: string): Promise<DashboardSettings> {
  let text: string;
  try {
    const stats = await stat(file);
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
      throw new AppError('CONFIG_INVALID', `${file} is not a file of at most ${MAX_FILE_BYTES / 1024} KiB.`, {
        data: { file },
      });
    }
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return defaultSettings();
    throw new AppError('STORE_FAILED', `${file} cannot be read (${code}).`, { cause, data: { file } });
  }
  return await parseSettings(text, file);
}

/** @param file its name in errors @throws AppError CONFIG_INVALID with all problems and their lines */
export async function parseSettings(text: string, file: string): Promise<DashboardSettings> {
  // Loaded on demand: most users have no such file.
  const { parseJsonWithComments, lineOfValue, suggestSetting } = await import('../settings-file.ts');
  const json = parseJsonWithComments(text, file);
  const problems: SettingProblem[] = [];
  const settings = readSettings(json, (problem) => problems.push(problem), suggestSetting);
  if (problems.length === 0) return settings;
  const lines = problems.map(({ path, problem }) => {
    const line = lineOfValue(text, path);
    const name = path.length === 0 ? 'the top level' : sanitizeText(path.join('.')).slice(0, 100);
    const where = line === undefined ? file : `${file}, line ${line}`;
    return `${where}: ${name} ${problem}${problem.endsWith('?') ? '' : '.'}`;
  });
  throw new AppError('CONFIG_INVALID', lines.join('\n'), { data: { file } });
}

type OnProblem = (problem: SettingProblem) => void;
type Suggest = (name: string, known: readonly string[]) => string;

function readSettings(json: unknown, onProblem: OnProblem, suggest: Suggest): DashboardSettings {
  if (!isObject(json)) {
    onProblem({ path: [], problem: 'is not an object; use { … }' });
    return defaultSettings();
  }
  for (const name of Object.keys(json)) {
    if ((SETTING_NAMES as readonly string[]).includes(name) || IGNORED_NAMES.includes(name)) continue;
    onProblem({ path: [name], problem: `is not a setting${suggest(name, SETTING_NAMES)}` });
  }
  const choice = <T extends string>(name: (typeof SETTING_NAMES)[number], options: readonly T[]): T | undefined => {
    const value = json[name];
    const found = options.find((option) => option === value);
    if (value !== undefined && found === undefined) {
      onProblem({ path: [name], problem: `is ${quote(value)}; use one of ${options.join(', ')}` });
    }
    return found;
  };
  const flag = (name: (typeof SETTING_NAMES)[number], preset: boolean): boolean => {
    const value = json[name] ?? preset;
    if (typeof value === 'boolean') return value;
    onProblem({ path: [name], problem: `is ${quote(value)}; use true or false, without quotes` });
    return preset;
  };
  const { colours = {}, keys = {} } = json;
  if (!isObject(keys)) onProblem({ path: ['keys'], problem: 'is not an object; use { "quit": "C-x" }' });
  if (!isObject(colours)) onProblem({ path: ['colours'], problem: 'is not an object; use { "up": 78 }' });
  return {
    theme: choice('theme', THEME_NAMES),
    themes: isObject(colours) ? readColours(colours, onProblem, suggest) : THEME_BY_NAME,
    keys: isObject(keys) ? applyKeySettings(keys, onProblem) : KEY_BINDINGS,
    mouse: flag('mouse', true),
    ambiguousWidth: choice('ambiguousWidth', AMBIGUOUS_WIDTHS) ?? 'auto',
    accessible: flag('accessible', false),
  };
}

/** The setting `colours`: by tone for the three coloured themes, or by theme and tone. */
function readColours(colours: Record<string, unknown>, onProblem: OnProblem, suggest: Suggest): ThemeByName {
  const coloured = THEME_NAMES.filter((name) => name !== 'plain');
  const changes: Partial<Record<ThemeName, Partial<Record<Tone, StyleChange>>>> = {};
  const change = (themes: readonly ThemeName[], tone: string, value: unknown, path: readonly string[]): void => {
    const known = TONES.find((each) => each === tone);
    if (known === undefined) {
      onProblem({ path, problem: `is not a colour of the dashboard${suggest(tone, TONES)}` });
      return;
    }
    const style = readStyle(value, (problem) => onProblem({ path, problem }));
    for (const theme of themes) changes[theme] = { ...changes[theme], [known]: style };
  };
  for (const [name, value] of Object.entries(colours)) {
    const theme = coloured.find((each) => each === name);
    if (theme === undefined) change(coloured, name, value, ['colours', name]);
  }
  // A colour of one theme precedes one of all themes, regardless of the order in the file.
  for (const theme of coloured) {
    const value = colours[theme];
    if (value === undefined) continue;
    if (!isObject(value)) onProblem({ path: ['colours', theme], problem: 'is not an object; use { "up": 78 }' });
    else for (const [tone, style] of Object.entries(value)) change([theme], tone, style, ['colours', theme, tone]);
  }
  return withStyleChanges(changes);
}

function readStyle(value: unknown, fail: (problem: string) => void): StyleChange {
  if (!isObject(value)) {
    const fg = readColour(value);
    if (fg === undefined) fail(`is ${quote(value)}; ${COLOUR_FORMAT}`);
    return fg === undefined ? {} : { fg };
  }
  const style: { -readonly [K in keyof StyleChange]: StyleChange[K] } = {};
  for (const [name, part] of Object.entries(value)) {
    const isFlag = STYLE_FLAGS.find((each) => each === name);
    if (isFlag && typeof part === 'boolean') style[isFlag] = part;
    else if (isFlag) fail(`has "${isFlag}": ${quote(part)}; use true or false, without quotes`);
    else if (name === 'fg' || name === 'bg') {
      const colour = readColour(part);
      if (colour === undefined) fail(`has "${name}": ${quote(part)}; ${COLOUR_FORMAT}`);
      else style[name] = colour;
    } else fail(`has ${quote(name)}; use fg, bg, ${STYLE_FLAGS.join(', ')}`);
  }
  return style;
}

const COLOUR_FORMAT = 'use a palette number from 0 to 255, "#rrggbb" or "default"';

function readColour(value: unknown): Colour | null | undefined {
  if (value === 'default') return null;
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value <= 255 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, short, long] = /^#(?:([\da-f]{3})|([\da-f]{6}))$/i.exec(value) ?? [];
  const digits = long ?? short?.replace(/./g, '$&$&');
  return digits === undefined ? undefined : RGB_COLOUR + Number.parseInt(digits, 16);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quote(value: unknown): string {
  return sanitizeText(JSON.stringify(value) ?? 'nothing').slice(0, 60);
}
