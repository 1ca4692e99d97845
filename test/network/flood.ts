import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Machine } from './network.ts';

const FILE = fileURLToPath(new URL('flood-process.js', import.meta.url));

export interface FloodOptions {
  readonly targets: readonly { readonly address: string; readonly port: number }[];
  /** Total for all targets. */
  readonly count: number;
  readonly perSecond?: number;
  /** The machine that sends; by default this one. */
  readonly machine?: Machine;
}

export interface Flooded {
  readonly sent: number;
  readonly replies: number;
  readonly repliedBytes: number;
  readonly seconds: number;
}

/** Hostile datagrams, sent by a separate process. */
export class Flood {
  readonly #process: ChildProcess;
  readonly ended: Promise<Flooded>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.ended = Promise.race([
      once(process, 'message').then(([message]) => message as Flooded),
      once(process, 'exit').then(() => {
        throw new Error('The flood exited without a result.');
      }),
    ]);
    this.ended.catch(() => {});
  }

  static async start({ machine, ...options }: FloodOptions): Promise<Flood> {
    const args = [JSON.stringify(options)];
    const process = machine ? machine.fork(FILE, args) : fork(FILE, args);
    await once(process, 'message');
    return new Flood(process);
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
