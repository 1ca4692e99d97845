import { JobControl } from '../repl/job-control.ts';

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
  readonly #jobControl: JobControl;
  readonly #listeners: [event: string, listener: (...args: never[]) => void][] = [];

  constructor(handlers: SignalHandlers) {
    this.#handlers = handlers;
    this.#jobControl = new JobControl(handlers);
  }

  start(): void {
    const { restore, onEnd, onCrash } = this.#handlers;
    this.#jobControl.start();
    for (const [signal, status] of Object.entries(EXIT_STATUS)) this.#on(signal, () => onEnd(status));
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
    this.#jobControl.stop();
    for (const [event, listener] of this.#listeners) process.off(event, listener as () => void);
    this.#listeners.length = 0;
  }

  /** @param isWholeJob see JobControl.suspend */
  suspend(isWholeJob: boolean): void {
    this.#jobControl.suspend(isWholeJob);
  }

  #on(event: string, listener: (...args: never[]) => void): void {
    process.on(event, listener as () => void);
    this.#listeners.push([event, listener]);
  }
}
