export interface SignalHandlers {
  /** Restores the terminal. Called more than once, also while the process is exiting. */
  readonly restore: () => void;
  /** The process is asked to end with this exit status. */
  readonly onEnd: (exitStatus: number) => void;
  /** Another process, not the keyboard, asks us to suspend. */
  readonly onSuspend: () => void;
  readonly onContinue: () => void;
  /** An unexpected error, after the terminal is restored. The process then ends with status 1. */
  readonly onCrash: (thrown: unknown) => void;
}

/** 128 plus the number of the signal, as shells report it. */
export const EXIT_STATUS = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130, SIGQUIT: 131 } as const;

/** Restores the terminal whenever a signal or an error ends or stops the process. */
export class ProcessSignals {
  readonly #handlers: SignalHandlers;
  #hasContinued = false;
  readonly #listeners: [event: string, listener: (...args: never[]) => void][] = [];

  constructor(handlers: SignalHandlers) {
    this.#handlers = handlers;
  }

  start(): void {
    const { restore, onEnd, onSuspend, onContinue, onCrash } = this.#handlers;
    for (const [signal, status] of Object.entries(EXIT_STATUS)) this.#on(signal, () => onEnd(status));
    this.#on('SIGTSTP', onSuspend);
    this.#on('SIGCONT', () => {
      this.#hasContinued = true;
      onContinue();
    });
    this.#on('exit', restore);
    const crash = (thrown: unknown): void => {
      try {
        restore();
        onCrash(thrown);
      } finally {
        process.exit(1);
      }
    };
    this.#on('uncaughtException', crash);
    this.#on('unhandledRejection', crash);
  }

  stop(): void {
    for (const [event, listener] of this.#listeners) process.off(event, listener as () => void);
    this.#listeners.length = 0;
  }

  /**
   * Stops the process, as Ctrl-Z does for a program without raw mode.
   * @param isWholeJob also stops the parents in the same job (`npm start`), because the shell stops whole jobs
   */
  suspend(isWholeJob: boolean): void {
    const index = this.#listeners.findIndex(([event]) => event === 'SIGTSTP');
    if (index < 0) return;
    const [[, listener]] = this.#listeners.splice(index, 1) as [[string, () => void]];
    process.off('SIGTSTP', listener);
    this.#hasContinued = false;
    process.kill(isWholeJob ? 0 : process.pid, 'SIGTSTP');
    // The signal arrives before the timer. A process without a shell (an orphaned group) is not stopped at all.
    setTimeout(() => {
      this.#on('SIGTSTP', listener);
      if (!this.#hasContinued) this.#handlers.onContinue();
    }, 100);
  }

  #on(event: string, listener: (...args: never[]) => void): void {
    process.on(event, listener as () => void);
    this.#listeners.push([event, listener]);
  }
}
