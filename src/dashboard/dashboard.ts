import type { DashboardAction } from './action.ts';
import { App } from './app.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { EXIT_STATUS, ProcessSignals } from './process-signals.ts';
import { ScreenPainter } from './screen-painter.ts';
import { initialState, type ThemeName } from './state.ts';
import type { TerminalInput } from './widgets/keyboard.ts';
import { type MouseInput, Screen } from './widgets/screen.ts';

export interface DashboardOptions extends Pick<ControllerOptions, 'createClient' | 'home' | 'user'> {
  /** The daemon's address as shown to people. */
  readonly address: string;
  readonly theme: ThemeName;
  /** Whether the terminal can show more than ASCII. */
  readonly unicode: boolean;
  readonly input: TerminalInput;
  readonly output: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** Reports an unexpected error of the program, after the terminal is restored. */
  readonly onCrash: (thrown: unknown) => void;
}

export interface DashboardResult {
  readonly exitStatus: number;
  /** Printed after the terminal is restored. */
  readonly closingMessage: string | undefined;
}

/** Connects the parts of the full-screen dashboard: screen, state, controller and signals. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #screen: Screen;
  readonly #painter: ScreenPainter;
  readonly #app: App;
  readonly #controller: Controller;
  readonly #processSignals: ProcessSignals;
  #isSuspended = false;
  #resolveRun: (outcome: DashboardResult) => void = () => {};

  constructor(options: DashboardOptions) {
    this.#options = options;
    const { input, output, env, address, theme, unicode, user } = options;
    const dispatch = (action: DashboardAction): void => this.#app.dispatch(action);
    this.#screen = new Screen({
      input,
      output,
      env,
      onKey: (key) => dispatch({ type: 'key', key }),
      onPaste: (text) => dispatch({ type: 'paste', text }),
      onMouse: (event) => this.#onMouse(event),
      onResize: ({ columns, rows }) => {
        dispatch({ type: 'resize', columns, rows });
        this.#redraw();
      },
    });
    this.#painter = new ScreenPainter(this.#screen, !env.NO_COLOR);
    this.#app = new App({
      state: initialState({ ...this.#screen.size, now: Date.now(), address, theme, unicode }),
      runEffect: (effect) => this.#controller.runEffect(effect),
      paint: (state) => this.#painter.paint(state),
    });
    this.#controller = new Controller({
      createClient: options.createClient,
      home: options.home,
      choicesFile: options.home?.dashboardFile,
      user,
      dispatch,
      state: () => this.#app.state,
      onQuit: (closingMessage) => this.#end(0, closingMessage),
      onSuspend: () => this.#suspend(true),
      onRedraw: () => this.#redraw(),
    });
    this.#processSignals = new ProcessSignals({
      restore: () => this.#screen.stop(),
      onEnd: (exitStatus) => this.#end(exitStatus),
      onSuspend: () => this.#suspend(false),
      onContinue: () => this.#resume(),
      onCrash: options.onCrash,
    });
  }

  /**
   * Shows the dashboard until it is ended. The terminal is restored in any case.
   * @throws AppError if the first connection fails
   */
  async run(): Promise<DashboardResult> {
    const { output } = this.#options;
    const ended = new Promise<DashboardResult>((resolve) => {
      this.#resolveRun = resolve;
    });
    const onClosed = (): void => this.#end(EXIT_STATUS.SIGHUP); // the terminal was closed
    output.on('error', onClosed);
    this.#processSignals.start();
    try {
      await this.#controller.start();
      this.#screen.start();
      this.#app.start();
      return await ended;
    } finally {
      this.#app.stop();
      this.#screen.stop();
      this.#processSignals.stop();
      await this.#controller.stop();
      output.off('error', onClosed);
    }
  }

  #onMouse({ kind, x, y, by }: MouseInput): void {
    const target = this.#painter.hitTest(x, y);
    if (kind === 'wheel') this.#app.dispatch({ type: 'wheel', pane: target?.pane ?? this.#app.state.focus, by });
    else if (target) this.#app.dispatch({ type: 'click', ...target });
  }

  #end(exitStatus: number, closingMessage?: string): void {
    this.#resolveRun({ exitStatus, closingMessage });
  }

  #redraw(): void {
    this.#painter.invalidate();
    this.#app.repaint();
  }

  #suspend(isWholeJob: boolean): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#screen.suspend();
    this.#processSignals.suspend(isWholeJob);
  }

  /** Also runs after a SIGSTOP that we did not see: the terminal may show anything by now. */
  #resume(): void {
    this.#isSuspended = false;
    this.#screen.resume();
  }
}
