import { safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { JobControl } from './job-control.ts';
import { Keyboard, type KeyboardOptions, type TerminalInput } from './keyboard.ts';
import type { ShellOutput } from './terminal.ts';

export interface RawTerminalOptions extends KeyboardOptions {
  readonly input: TerminalInput;
  readonly output: ShellOutput;
  /** Asks the terminal to mark pastes, so that they are not taken for what is typed. */
  readonly marksPastes?: boolean;
  /** Draw again: the shell has given the terminal back. */
  readonly onContinue: () => void;
}

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const MARK_PASTES = safeText`\x1b[?2004h`;
const DO_NOT_MARK_PASTES = safeText`\x1b[?2004l`;

/**
 * Reads keys from a terminal without echo, line by line editing or signals. Gives the terminal back as it was while the
 * process is stopped, and however it ends, except by SIGKILL.
 */
export class RawTerminal {
  readonly keyboard: Keyboard;
  readonly #options: RawTerminalOptions;
  readonly #jobControl: JobControl;
  #isStarted = false;
  #isSuspended = false;
  readonly #onExit = (): void => this.stop();
  readonly #onEndSignal = (signal: NodeJS.Signals): void => {
    this.stop();
    // Without a listener, the signal ends the process.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };

  constructor(options: RawTerminalOptions) {
    this.#options = options;
    this.keyboard = new Keyboard(options.input, options);
    this.#jobControl = new JobControl({
      onSuspend: () => this.#suspend(false),
      onContinue: () => this.#resume(),
    });
  }

  start(): void {
    this.#isStarted = true;
    this.#jobControl.start();
    for (const signal of END_SIGNALS) process.on(signal, this.#onEndSignal);
    process.on('exit', this.#onExit);
    this.keyboard.start();
    this.#acquire();
  }

  /** Restores the terminal. May be called at any time, more than once. */
  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#jobControl.stop();
    for (const signal of END_SIGNALS) process.off(signal, this.#onEndSignal);
    process.off('exit', this.#onExit);
    this.keyboard.stop();
    this.#release();
  }

  /** Stops the whole job, as Ctrl-Z does. */
  suspend(): void {
    this.#suspend(true);
  }

  #suspend(isWholeJob: boolean): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#release();
    this.#jobControl.suspend(isWholeJob);
  }

  #resume(): void {
    this.#isSuspended = false;
    this.#acquire();
    this.#options.onContinue();
  }

  #acquire(): void {
    this.keyboard.enforceRawMode().resume();
    if (this.#options.marksPastes) writeText(this.#options.output, MARK_PASTES);
  }

  #release(): void {
    if (this.#options.marksPastes) writeText(this.#options.output, DO_NOT_MARK_PASTES);
    this.keyboard.setRawMode(false).pause();
  }
}
