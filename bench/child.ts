import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * A measured process: plain node on a file of `children/`, so that the load uses neither its CPU time nor its
 * heap. It receives its options as the first message.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #inbox: unknown[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** @param on prefix that starts it elsewhere, such as `ip netns exec NAME` */
  constructor(
    name: string,
    options: object,
    { node = [], on = [] }: { node?: readonly string[]; on?: readonly string[] } = {},
  ) {
    this.#name = name;
    const file = fileURLToPath(new URL(`children/${name}.js`, import.meta.url));
    const [execPath, ...execArgv] = [...on, process.execPath, ...node, ...profiling(name)];
    this.#process = fork(file, {
      execPath: execPath!,
      execArgv,
      serialization: 'advanced',
    });
    this.#process.send(options);
    this.#process.on('message', (message) => {
      this.#inbox.push(message);
      this.#wake?.();
    });
    this.#process.on('exit', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The next message. */
  async next<T>(): Promise<T> {
    while (this.#inbox.length === 0) {
      if (this.#ended) throw new Error(`bench/children/${this.#name}.js ended before it answered.`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#inbox.shift() as T;
  }

  async ask<T>(question: string | { readonly ask: string }): Promise<T> {
    this.#process.send(question);
    return this.next<T>();
  }

  /** Asks it to exit and waits until it has. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.connected) this.#process.send('stop');
    await ended;
  }
}

/** Runs a child until its only result. */
export async function answerOf<T>(
  name: string,
  options: object,
  settings?: ConstructorParameters<typeof Child>[2],
): Promise<T> {
  const child = new Child(name, options, settings);
  try {
    return await child.next<T>();
  } finally {
    await child.stop();
  }
}

/** `BENCH_PROFILE=daemon:/tmp/profiles` writes a CPU profile of every such child into that folder. */
function profiling(name: string): string[] {
  const [profiled, folder] = (process.env.BENCH_PROFILE ?? '').split(':');
  return profiled === name && folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
}
