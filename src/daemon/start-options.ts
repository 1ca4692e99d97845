/**
 * How a daemon is started: the one argument of `main`, as JSON, and what daemon.pid keeps for a restart. What is
 * left out is as config.json says.
 */
export interface StartOptions {
  /** GOLDCTL_HOME, absolute; without it the platform's own folders. */
  readonly home?: string;
  readonly host?: string;
  readonly port?: number;
  readonly plain?: boolean;
  readonly attempts?: number;
  readonly sumPort?: number;
  /** `engine.url`. */
  readonly engine?: string;
  /** Stay on the terminal, log lines on it as well. */
  readonly foreground?: boolean;
  /** End when the process that started it does, however that ends. */
  readonly tether?: boolean;
  /** Get everything ready, then wait to be told to start: whoever started it ends another daemon meanwhile. */
  readonly standby?: boolean;
}
