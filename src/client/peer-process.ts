import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { type Answers, type ClientCalls, Ipc, type PeerCalls, type PeerEvents } from '../peer/ipc.ts';

/** New objects go soon: what a peer process holds for long is the blocks under way, and those lie outside the heap. */
const NODE_OPTIONS = ['--max-semi-space-size=2'];
const MAIN = fileURLToPath(new URL('../peer/main.js', import.meta.url));
/** What closing transfers may take before the process is ended. */
const STOP_MS = 3000;
const WORDS_BYTES = 4096;

export interface PeerProcessOptions {
  readonly answers: Answers<ClientCalls>;
  readonly onEvent: <E extends keyof PeerEvents>(event: E, params: PeerEvents[E]) => void;
  /** Told once, when it is gone and nobody stopped it: why, as far as is known. */
  readonly onEnd: (why: string) => void;
}

/** The process that carries files: made at once, gone with this one. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #ipc: Ipc<PeerCalls, ClientCalls, PeerEvents>;
  readonly #ended: Deferred<void> = deferred();
  #stopping = false;

  constructor({ answers, onEvent, onEnd }: PeerProcessOptions) {
    const child = fork(MAIN, [], {
      execArgv: NODE_OPTIONS,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#ipc = new Ipc(child, answers, onEvent);
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = `${words}${text}`.slice(-WORDS_BYTES);
    });
    let gone = false;
    const end = (why: string) => {
      if (gone) return;
      gone = true;
      this.#ended.resolve();
      if (!this.#stopping) onEnd(why);
    };
    child.on('error', (error) => end(error.message));
    // `close` comes when its last words have been read.
    child.on('close', (code, signal) => end(reason(code, signal, words)));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @throws Failure as the peer process answers; NOT_AVAILABLE when it ends first */
  call: Ipc<PeerCalls, ClientCalls, PeerEvents>['call'] = (name, params) => this.#ipc.call(name, params);

  /** Ends it after it closed what is under way; by force when that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    // It disconnects by its end: where this side did, `close` would never come.
    await this.#ipc.call('stop', null).catch(() => {}); // gone already is as good
    await this.#ended.promise;
    clearTimeout(timer);
  }

  /** At once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

function reason(code: number | null, signal: string | null, words: string): string {
  const last = words
    .trim()
    .split('\n')
    .findLast((line) => /Error|Failure|assert|goldctl/i.test(line));
  return `${signal ?? `exit status ${code}`}${last === undefined ? '' : `: ${last.trim().slice(0, 300)}`}`;
}
