import type { SafeText } from '../domain/safe-text.ts';
import { setAmbiguousWide } from '../repl/text-width.ts';
import { App } from './app.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { useKeyBindings } from './key-bindings.ts';
import { withPreferences } from './preferences.ts';
import { WIDE_GLYPHS } from './presentation/line-layout.ts';
import { renderFrame } from './presentation/screen-frame.ts';
import type { ColourDepth } from './presentation/theme.ts';
import type { DashboardSettings } from './settings.ts';
import { DEFAULT_THEME, initialState, type TerminalEnvironment, type ThemeName } from './state.ts';

/** Data that a slow daemon has not sent by then is missing from the frame. */
const LOAD_TIMEOUT_MS = 5000;

export interface SnapshotOptions
  extends Pick<ControllerOptions, 'createClient' | 'user' | 'stateFile'>,
    Omit<TerminalEnvironment, 'now' | 'theme'> {
  readonly colours: ColourDepth;
  /** Precedes the remembered theme. */
  readonly theme: ThemeName | undefined;
  readonly settings: DashboardSettings;
  /** What the state file remembers. */
  readonly preferences: unknown;
}

/**
 * Renders one frame of the dashboard as lines of text, after its data is loaded.
 * @throws AppError if the connection fails
 */
export async function renderSnapshot(options: SnapshotOptions): Promise<SafeText[]> {
  const { createClient, user, stateFile, colours, theme, settings, preferences, ...environment } = options;
  useKeyBindings(settings.keys);
  const isWide = settings.ambiguousWidth === 'wide' && environment.unicode;
  if (isWide) setAmbiguousWide(true, WIDE_GLYPHS);
  const initial = initialState({
    ...environment,
    theme: DEFAULT_THEME,
    now: Date.now(),
    unicode: environment.unicode && !isWide,
  });
  const remembered = withPreferences(initial, preferences);
  const app: App = new App({
    state: { ...remembered, theme: theme ?? remembered.theme },
    runEffect: (effect) => controller.runEffect(effect),
    paint: () => {},
  });
  const ignore = (): void => {};
  const controller = new Controller({
    createClient,
    user,
    stateFile,
    dispatch: (action) => app.dispatch(action),
    state: () => app.state,
    onQuit: ignore,
    onSuspend: ignore,
    onRedraw: ignore,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await controller.start();
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LOAD_TIMEOUT_MS);
    });
    await Promise.race([controller.waitUntilIdle(), timeout]);
    app.dispatch({ type: 'tick', now: Date.now() });
    return renderFrame(app.state, settings.themes[app.state.theme], { colours });
  } finally {
    clearTimeout(timer);
    await controller.stop();
  }
}
