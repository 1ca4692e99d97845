/** The argument of `main`, as JSON, and the content of daemon.pid. Missing options come from config.json. */
export interface StartOptions {
  /** GOLDCTL_HOME, absolute; without it the folders of the platform. */
  readonly home?: string;
  readonly host?: string;
  readonly port?: number;
  readonly plain?: boolean;
  readonly attempts?: number;
  readonly sumPort?: number;
  readonly metricsPort?: number;
  readonly dialects?: readonly string[];
  readonly engine?: string;
  /** Stay on the terminal and also log to it. */
  readonly foreground?: boolean;
  /** Stop when the parent process exits, for whatever reason. */
  readonly tether?: boolean;
  /** Prepare everything, then wait for a message to start: the parent stops another daemon meanwhile. */
  readonly standby?: boolean;
}
