import type { Action } from './action.ts';
import { App } from './app.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { Signals } from './signals.ts';
import { initialState, type ThemeName } from './state.ts';
import { View } from './view.ts';
import type { TerminalInput } from './widgets/keyboard.ts';
import { type MouseEvent, Screen } from './widgets/screen.ts';

export interface DashboardOptions extends Pick<ControllerOptions, 'link' | 'home' | 'user'> {
  /** Where the daemon is, as people read it. */
  readonly address: string;
  readonly theme: ThemeName;
  /** The terminal can show more than ASCII. */
  readonly unicode: boolean;
  readonly input: TerminalInput;
  readonly output: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** Says a fault of the program itself, on the terminal as it was. */
  readonly onCrash: (thrown: unknown) => void;
}

export interface Outcome {
  readonly exit: number;
  /** What is said once the terminal is given back. */
  readonly farewell?: string;
}

/** The full-screen dashboard: keys to actions, actions to state, state to the screen. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #screen: Screen;
  readonly #view: View;
  readonly #app: App;
  readonly #controller: Controller;
  readonly #signals: Signals;
  #suspended = false;
  #end: (outcome: Outcome) => void = () => {};

  constructor(options: DashboardOptions) {
    this.#options = options;
    const { input, output, env, address, theme, unicode, user } = options;
    const dispatch = (action: Action): void => this.#app.dispatch(action);
    this.#screen = new Screen({
      input,
      output,
      env,
      onKey: (key) => dispatch({ type: 'key', key }),
      onPaste: (text) => dispatch({ type: 'pasted', text }),
      onMouse: (event) => this.#mouse(event),
      onResize: ({ columns, rows }) => {
        this.#view.lose();
        dispatch({ type: 'resized', columns, rows });
        this.#app.repaint();
      },
    });
    this.#view = new View(this.#screen, !env.NO_COLOR);
    this.#app = new App({
      state: initialState({ ...this.#screen.size, now: Date.now(), address, theme, unicode }),
      perform: (effect) => this.#controller.perform(effect),
      paint: (state) => this.#view.paint(state),
    });
    this.#controller = new Controller({
      link: options.link,
      ...(options.home === undefined ? {} : { home: options.home, choicesFile: options.home.dashboardFile }),
      user,
      dispatch,
      state: () => this.#app.state,
      onQuit: (farewell) => this.#end({ exit: 0, ...(farewell === undefined ? {} : { farewell }) }),
      onSuspend: () => this.#suspend(true),
      onRedraw: () => this.#redraw(),
    });
    this.#signals = new Signals({
      restore: () => this.#screen.stop(),
      onEnd: (exit) => this.#end({ exit }),
      onSuspend: () => this.#suspend(false),
      onContinue: () => this.#continue(),
      onCrash: options.onCrash,
    });
  }

  /**
   * Shows the dashboard until somebody ends it. The terminal is given back in any case.
   * @throws Failure when there is nobody to connect to in the first place
   */
  async run(): Promise<Outcome> {
    const { output } = this.#options;
    const ended = new Promise<Outcome>((resolve) => {
      this.#end = resolve;
    });
    const gone = (): void => this.#end({ exit: 129 }); // the terminal was closed
    output.on('error', gone);
    this.#signals.start();
    try {
      await this.#controller.start();
      this.#screen.start();
      this.#app.start();
      return await ended;
    } finally {
      this.#app.stop();
      this.#screen.stop();
      this.#signals.stop();
      await this.#controller.stop();
      output.off('error', gone);
    }
  }

  #mouse({ kind, x, y, by }: MouseEvent): void {
    const place = this.#view.at(x, y);
    if (kind === 'wheel') this.#app.dispatch({ type: 'wheel', pane: place?.pane ?? this.#app.state.focus, by });
    else if (place) this.#app.dispatch({ type: 'clicked', ...place });
  }

  #redraw(): void {
    this.#view.lose();
    this.#app.repaint();
  }

  #suspend(everybody: boolean): void {
    if (this.#suspended) return;
    this.#suspended = true;
    this.#screen.leave();
    this.#signals.suspend(everybody);
  }

  /** Also after a stop that was not asked for: nobody knows what the terminal shows by now. */
  #continue(): void {
    this.#suspended = false;
    this.#screen.enter();
  }
}
