import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a link does to the datagrams of one way. */
export interface Shape {
  /** Without it, as fast as the machine is. */
  readonly bytesPerSecond?: number;
  /** Milliseconds from one end to the other. */
  readonly delayMs?: number;
  /** Share that never arrives, 0 to 1. */
  readonly loss?: number;
  /** Share that arrives `jitterMs` later than its turn. */
  readonly swaps?: number;
  readonly jitterMs?: number;
  /** Bytes that may wait for the link; what comes on top is dropped. */
  readonly queueBytes?: number;
  /** Datagrams are VXLAN, of which only the packet inside takes time on the link. */
  readonly frames?: boolean;
}

/** Where one side of a link is; without `to`, it is whoever sent to this end. */
export interface End {
  readonly address: string;
  readonly port?: number;
  readonly to?: { readonly address: string; readonly port: number };
}

export interface LinkOptions {
  readonly a: End;
  readonly b: End;
  /** From a to b, and back where `back` does not differ. */
  readonly shape: Shape;
  readonly back?: Shape;
  readonly seed?: number;
}

/** Of one way of a link, in datagrams. */
export interface Counts {
  readonly taken: number;
  readonly bytes: number;
  readonly lost: number;
  readonly overflowed: number;
  readonly swapped: number;
  readonly delivered: number;
  /** How much later than due the latest one went out. */
  readonly latestMs: number;
}

/** Links of a rate, a delay and losses, for datagrams; a process of its own. */
export class Forwarder {
  readonly #process: ChildProcess;
  /** Ports of the ends, by link. */
  readonly ports: readonly { readonly a: number; readonly b: number }[];

  private constructor(process: ChildProcess, ports: Forwarder['ports']) {
    this.#process = process;
    this.ports = ports;
  }

  /** @param command what the process is started by, as `ip netns exec NAME` */
  static async start(links: readonly LinkOptions[], command: readonly string[] = []): Promise<Forwarder> {
    const [execPath, ...execArgv] = [...command, process.execPath];
    const child = fork(fileURLToPath(new URL('forwarder-process.js', import.meta.url)), [JSON.stringify({ links })], {
      execPath: execPath!,
      execArgv,
    });
    return new Forwarder(child, (await answerOf(child)) as Forwarder['ports']);
  }

  /** There and back by turns, link by link. */
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
        throw new Error('The forwarder ended before it answered.');
      }),
    ]);
  } finally {
    over.abort();
  }
}
