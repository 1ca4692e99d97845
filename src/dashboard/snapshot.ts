import type { SafeText } from '../domain/safe-text.ts';
import { App } from './app.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { renderFrame } from './presentation/screen-frame.ts';
import { type ColourDepth, THEME_BY_NAME } from './presentation/theme.ts';
import { initialState, type TerminalEnvironment } from './state.ts';

/** Data that a slow daemon has not sent by then is missing from the frame. */
const LOAD_TIMEOUT_MS = 5000;

export interface SnapshotOptions
  extends Pick<ControllerOptions, 'createClient' | 'user' | 'choicesFile'>,
    Omit<TerminalEnvironment, 'now'> {
  readonly colours: ColourDepth;
}

/**
 * Renders one frame of the dashboard as lines of text, after its data is loaded.
 * @throws AppError if the connection fails
 */
export async function renderSnapshot(options: SnapshotOptions): Promise<SafeText[]> {
  const { createClient, user, choicesFile, colours, ...environment } = options;
  const app: App = new App({
    state: initialState({ ...environment, now: Date.now() }),
    runEffect: (effect) => controller.runEffect(effect),
    paint: () => {},
  });
  const ignore = (): void => {};
  const controller = new Controller({
    createClient,
    user,
    choicesFile,
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
    return renderFrame(app.state, THEME_BY_NAME[app.state.theme], { colours });
  } finally {
    clearTimeout(timer);
    await controller.stop();
  }
}
