import type { SafeText } from '../domain/safe-text.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { detectOutputFormat, hasColour, type OutputFormat, type OutputStyle } from '../repl/output-format.ts';
import { toAnsi } from './presentation/ansi.ts';
import { type ColourDepth, THEME_BY_NAME, type Theme } from './presentation/theme.ts';
import { defaultSettings, loadSettings } from './settings.ts';
import { DashboardStateFile } from './state-file.ts';
import { span, type Tone } from './styled-text.ts';
import { terminalType } from './terminal-type.ts';

/** Key of the preferences in the state file (`preferences-saver.ts`). */
const PREFERENCES_KEY = 'view';

/** The format of a terminal, in the colours of the dashboard; that of a file or pipe has none. */
export async function terminalFormat(
  output: NodeJS.WriteStream,
  home: HomeDirectory,
  env: NodeJS.ProcessEnv = process.env,
): Promise<OutputFormat> {
  return detectOutputFormat(output, env, Date.now(), await terminalStyle(output, home, env));
}

/** Undefined if the output has no colour. */
export async function terminalStyle(
  output: NodeJS.WriteStream,
  home: HomeDirectory,
  env: NodeJS.ProcessEnv = process.env,
): Promise<OutputStyle | undefined> {
  const { colours } = terminalType(env);
  if (!hasColour(output, env) || colours === 0) return undefined;
  return themeStyle(await userTheme(home), colours);
}

/** The theme of the user. Damaged files are reported by the dashboard; output falls back to the default theme. */
async function userTheme(home: HomeDirectory): Promise<Theme> {
  const settings = await loadSettings(home.dashboardFile).catch(defaultSettings);
  const stateFile = new DashboardStateFile(home.dashboardStateFile, home.dashboardFile);
  const state = await stateFile.read().catch((): Record<string, unknown> => ({}));
  const chosen = (state[PREFERENCES_KEY] as { theme?: unknown } | null | undefined)?.theme;
  const name = settings.theme ?? Object.values(THEME_BY_NAME).find((theme) => theme.name === chosen)?.name ?? 'dark';
  return settings.themes[name];
}

/** The roles of output in the tones of a theme. */
export function themeStyle(theme: Theme, colours: ColourDepth): OutputStyle {
  const paint =
    (tone: Tone) =>
    (text: SafeText): SafeText =>
      toAnsi([span(text, tone)], theme, colours);
  return {
    heading: paint('title'),
    stale: paint('warn'),
    up: paint('up'),
    down: paint('down'),
    error: paint('bad'),
    muted: paint('muted'),
    name: paint('strong'),
    topic: paint('gold'),
  };
}
