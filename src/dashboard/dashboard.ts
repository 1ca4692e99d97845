import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import type { TerminalInput } from '../repl/keyboard.ts';
import { setAmbiguousWide } from '../repl/text-width.ts';
import type { DashboardAction } from './action.ts';
import { App } from './app.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { editInTerminal } from './external-editor.ts';
import { useKeyBindings } from './key-bindings.ts';
import { withPreferences } from './preferences.ts';
import { PreferencesSaver } from './preferences-saver.ts';
import { WIDE_GLYPHS } from './presentation/line-layout.ts';
import { EXIT_STATUS, ProcessSignals } from './process-signals.ts';
import { ScreenPainter } from './screen-painter.ts';
import type { DashboardSettings } from './settings.ts';
import { DEFAULT_THEME, initialState, type ThemeName } from './state.ts';
import { TerminalGuard } from './terminal-guard.ts';
import { terminalType } from './terminal-type.ts';
import { holdWarnings } from './warnings.ts';
import { type MouseInput, RESTORE_SEQUENCE, Screen } from './widgets/screen.ts';

export interface DashboardOptions extends Pick<ControllerOptions, 'createClient' | 'home' | 'user' | 'stateFile'> {
  /** The daemon's address as shown to people. */
  readonly address: string;
  /** Precedes the remembered theme. */
  readonly theme: ThemeName | undefined;
  readonly settings: DashboardSettings;
  /** What the state file remembers. */
  readonly preferences: unknown;
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
  readonly #guard: TerminalGuard;
  readonly #painter: ScreenPainter;
  readonly #app: App;
  readonly #controller: Controller;
  readonly #processSignals: ProcessSignals;
  readonly #preferences: PreferencesSaver | undefined;
  #isSuspended = false;
  /** The user's editor has the terminal. */
  #isEditing = false;
  #resolveRun: (outcome: DashboardResult) => void = () => {};

  constructor(options: DashboardOptions) {
    this.#options = options;
    const { input, output, env, address, unicode, user, settings, stateFile } = options;
    const dispatch = (action: DashboardAction): void => {
      this.#app.dispatch(action);
      this.#preferences?.observe(this.#app.state);
    };
    this.#guard = new TerminalGuard(output, RESTORE_SEQUENCE);
    this.#screen = new Screen({
      input,
      output,
      env,
      onTerminal: (isTaken) => {
        this.#guard.isArmed = isTaken;
      },
      onKey: (key) => dispatch({ type: 'key', key }),
      onPaste: (text) => dispatch({ type: 'paste', text }),
      onMouse: (event) => this.#onMouse(event),
      onResize: ({ columns, rows }) => {
        dispatch({ type: 'resize', columns, rows });
        this.#redraw();
      },
    });
    this.#painter = new ScreenPainter(this.#screen, {
      themes: settings.themes,
      colours: terminalType(env).colours,
    });
    useKeyBindings(settings.keys);
    const initial = initialState({ ...this.#screen.size, now: Date.now(), address, theme: DEFAULT_THEME, unicode });
    const remembered = withPreferences(initial, options.preferences);
    const state = { ...remembered, theme: options.theme ?? remembered.theme, mouse: settings.mouse };
    this.#preferences =
      stateFile &&
      new PreferencesSaver({
        stateFile,
        onError: (thrown) =>
          dispatch({ type: 'notice', text: sanitizeText(AppError.from(thrown).message), tone: 'bad' }),
      });
    this.#preferences?.observe(state);
    this.#app = new App({
      state,
      runEffect: (effect) => this.#controller.runEffect(effect),
      paint: (state) => this.#painter.paint(state),
    });
    this.#controller = new Controller({
      createClient: options.createClient,
      home: options.home,
      stateFile,
      historyFile: options.home?.dashboardHistoryFile,
      user,
      dispatch,
      state: () => this.#app.state,
      onQuit: (closingMessage) => this.#end(0, closingMessage),
      onSuspend: () => this.#suspend(true),
      onRedraw: () => this.#redraw(),
      onCopy: (text) => this.#screen.copy(text),
      onEdit: (text) => this.#edit(text),
    });
    this.#processSignals = new ProcessSignals({
      restore: () => this.#screen.stop(),
      onEnd: (exitStatus) => this.#end(exitStatus, this.#controller.describeUnsent()),
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
    const releaseWarnings = holdWarnings();
    try {
      await Promise.all([this.#controller.start(), this.#guard.start()]);
      this.#screen.start();
      await this.#adaptToAmbiguousWidth();
      this.#app.start();
      return await ended;
    } finally {
      this.#app.stop();
      this.#screen.stop();
      this.#guard.stop();
      this.#processSignals.stop();
      releaseWarnings();
      await this.#preferences?.save();
      await this.#controller.stop();
      output.off('error', onClosed);
    }
  }

  /** Where frames would break, they are drawn in ASCII. */
  async #adaptToAmbiguousWidth(): Promise<void> {
    const { ambiguousWidth } = this.#options.settings;
    if (!this.#app.state.unicode || ambiguousWidth === 'narrow') return;
    const isWide = ambiguousWidth === 'wide' || (await this.#screen.probeAmbiguousWidth());
    if (!isWide) return;
    setAmbiguousWide(true, WIDE_GLYPHS);
    this.#app.dispatch({ type: 'glyphs', unicode: false });
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

  async #edit(text: string): Promise<string> {
    this.#isEditing = true;
    this.#screen.suspend();
    try {
      return await editInTerminal(text, this.#options.env);
    } finally {
      this.#isEditing = false;
      this.#isSuspended = false;
      this.#screen.resume();
    }
  }

  #suspend(isWholeJob: boolean): void {
    if (this.#isSuspended) return;
    // While the user's editor has the terminal, it stopped its job itself.
    this.#isSuspended = !this.#isEditing;
    if (!this.#isEditing) this.#screen.suspend();
    this.#processSignals.suspend(isWholeJob && !this.#isEditing);
  }

  /** Also runs after a SIGSTOP that we did not see: the terminal may show anything by now. */
  #resume(): void {
    if (this.#isEditing) return;
    this.#isSuspended = false;
    this.#screen.resume();
  }
}
