export interface JobControlHandlers {
  /** Give the terminal to the shell: another process, not the keyboard, asks us to suspend. */
  readonly onSuspend: () => void;
  /** Take the terminal back. Also called after a SIGSTOP, which no process sees coming. */
  readonly onContinue: () => void;
}

/** After the process went on, SIGCONT arrives before this. A process without a job-controlling shell (an orphaned group) is not stopped at all. */
const STOP_MS = 100;

/** Stops and continues the process as its shell asks for, with Ctrl-Z, `fg` and `kill`. */
export class JobControl {
  readonly #handlers: JobControlHandlers;
  /** Set from the stop until SIGCONT. */
  #stopTimer: NodeJS.Timeout | undefined;
  #isStarted = false;
  readonly #onContinue = (): void => {
    if (this.#stopTimer) process.on('SIGTSTP', this.#handlers.onSuspend);
    clearTimeout(this.#stopTimer);
    this.#stopTimer = undefined;
    this.#handlers.onContinue();
  };

  constructor(handlers: JobControlHandlers) {
    this.#handlers = handlers;
  }

  start(): void {
    this.#isStarted = true;
    process.on('SIGTSTP', this.#handlers.onSuspend);
    process.on('SIGCONT', this.#onContinue);
  }

  stop(): void {
    this.#isStarted = false;
    clearTimeout(this.#stopTimer);
    this.#stopTimer = undefined;
    process.off('SIGTSTP', this.#handlers.onSuspend);
    process.off('SIGCONT', this.#onContinue);
  }

  /**
   * Stops the process, as Ctrl-Z does for a program without raw mode. The terminal must be given back before.
   * @param isWholeJob also stops the parents in the same job (`npm start`), because the shell stops whole jobs
   */
  suspend(isWholeJob: boolean): void {
    if (!this.#isStarted || this.#stopTimer) return;
    process.off('SIGTSTP', this.#handlers.onSuspend);
    process.kill(isWholeJob ? 0 : process.pid, 'SIGTSTP'); // returns once the process goes on
    this.#stopTimer = setTimeout(this.#onContinue, STOP_MS);
  }
}
