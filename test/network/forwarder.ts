import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a link does to the datagrams in one direction. */
export interface Shape {
  /** Default: no limit. */
  readonly bytesPerSecond?: number;
  /** One-way delay in milliseconds. */
  readonly delayMs?: number;
  /** Share of lost datagrams, 0 to 1. */
  readonly loss?: number;
  /** Share of datagrams that arrive `jitterMs` late. */
  readonly swaps?: number;
  readonly jitterMs?: number;
  /** Bytes that may wait for the link; datagrams beyond it are dropped. */
  readonly queueBytes?: number;
  /** Datagrams are VXLAN, of which only the inner packet counts on the link. */
  readonly frames?: boolean;
}

/** The address of one side of a link; without `to`, the last sender to this end. */
export interface End {
  readonly address: string;
  readonly port?: number;
  readonly to?: { readonly address: string; readonly port: number };
}

export interface LinkOptions {
  readonly a: End;
  readonly b: End;
  /** From a to b, and back unless `back` differs. */
  readonly shape: Shape;
  readonly back?: Shape;
  readonly seed?: number;
}

/** Of one direction of a link, in datagrams. */
export interface Counts {
  readonly taken: number;
  readonly bytes: number;
  readonly lost: number;
  readonly overflowed: number;
  readonly swapped: number;
  readonly delivered: number;
  /** The largest delay beyond the due time. */
  readonly latestMs: number;
}

/** Links with a rate, a delay and losses, for datagrams; in a separate process. */
export class Forwarder {
  readonly #process: ChildProcess;
  /** Ports of the ends, by link. */
  readonly ports: readonly { readonly a: number; readonly b: number }[];

  private constructor(process: ChildProcess, ports: Forwarder['ports']) {
    this.#process = process;
    this.ports = ports;
  }

  /** @param command prefix that starts the process, such as `ip netns exec NAME` */
  static async start(links: readonly LinkOptions[], command: readonly string[] = []): Promise<Forwarder> {
    const [execPath, ...execArgv] = [...command, process.execPath];
    const child = fork(fileURLToPath(new URL('forwarder-process.js', import.meta.url)), [JSON.stringify({ links })], {
      execPath: execPath!,
      execArgv,
    });
    return new Forwarder(child, (await answerOf(child)) as Forwarder['ports']);
  }

  /** Alternately there and back, link by link. */
  async counts(): Promise<Counts[]> {
    this.#process.send('counts');
    return (await answerOf(this.#process)) as Counts[];
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    await ended;
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: over.signal }).then(([message]) => message as unknown),
      once(child, 'exit', { signal: over.signal }).then(() => {
        throw new Error('The forwarder exited without a reply.');
      }),
    ]);
  } finally {
    over.abort();
  }
}
