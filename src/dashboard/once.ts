import type { SafeText } from '../domain/safe-text.ts';
import { App } from './app.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { frame } from './presentation/frame.ts';
import { type Colours, THEME } from './presentation/theme.ts';
import { initialState, type Surroundings } from './state.ts';

/** What a slow daemon has not answered by then is missing from the picture. */
const PATIENCE_MS = 5000;

export interface OnceOptions
  extends Pick<ControllerOptions, 'link' | 'user' | 'choicesFile'>,
    Omit<Surroundings, 'now'> {
  readonly colours: Colours;
}

/**
 * One frame of the dashboard as lines of text, once what it shows is there.
 * @throws Failure when there is nobody to connect to
 */
export async function once({ link, user, choicesFile, colours, ...surroundings }: OnceOptions): Promise<SafeText[]> {
  const app: App = new App({
    state: initialState({ ...surroundings, now: Date.now() }),
    perform: (effect) => controller.perform(effect),
    paint: () => {},
  });
  const nothing = (): void => {};
  const controller = new Controller({
    link,
    user,
    ...(choicesFile === undefined ? {} : { choicesFile }),
    dispatch: (action) => app.dispatch(action),
    state: () => app.state,
    onQuit: nothing,
    onSuspend: nothing,
    onRedraw: nothing,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await controller.start();
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([controller.settled(), late]);
    app.dispatch({ type: 'tick', now: Date.now() });
    return frame(app.state, THEME[app.state.theme], { colours });
  } finally {
    clearTimeout(timer);
    await controller.stop();
  }
}
