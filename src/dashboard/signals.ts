export interface SignalHandlers {
  /** Gives the terminal back. Called more than once, and also while the process is exiting. */
  readonly restore: () => void;
  /** The process is asked to end; `exit` is its status then. */
  readonly onEnd: (exit: number) => void;
  /** Somebody else than the keyboard suspends it. */
  readonly onSuspend: () => void;
  readonly onContinue: () => void;
  /** A fault of the program itself, after the terminal was given back. The process ends with 1. */
  readonly onCrash: (thrown: unknown) => void;
}

/** 128 and the number of the signal, as shells have it. */
const ENDS = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130, SIGQUIT: 131 } as const;

/** Everything that may end or stop the process besides its own wish: the terminal is given back in each case. */
export class Signals {
  readonly #handlers: SignalHandlers;
  #continued = false;
  readonly #listeners: [event: string, listener: (...given: never[]) => void][] = [];

  constructor(handlers: SignalHandlers) {
    this.#handlers = handlers;
  }

  start(): void {
    const { restore, onEnd, onSuspend, onContinue, onCrash } = this.#handlers;
    for (const [signal, exit] of Object.entries(ENDS)) this.#on(signal, () => onEnd(exit));
    this.#on('SIGTSTP', onSuspend);
    this.#on('SIGCONT', () => {
      this.#continued = true;
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
   * Stops the process, as Ctrl-Z does for programs that leave it to the terminal.
   * @param everybody also whoever started it in the same job (`npm start`): it is the job that the shell stops
   */
  suspend(everybody: boolean): void {
    const found = this.#listeners.findIndex(([event]) => event === 'SIGTSTP');
    if (found < 0) return;
    const [[, listener]] = this.#listeners.splice(found, 1) as [[string, () => void]];
    process.off('SIGTSTP', listener);
    this.#continued = false;
    process.kill(everybody ? 0 : process.pid, 'SIGTSTP');
    // The signal arrives before anything else is done; a process without a shell above it is not stopped by it at all.
    setTimeout(() => {
      this.#on('SIGTSTP', listener);
      if (!this.#continued) this.#handlers.onContinue();
    }, 100);
  }

  #on(event: string, listener: (...given: never[]) => void): void {
    process.on(event, listener as () => void);
    this.#listeners.push([event, listener]);
  }
}
