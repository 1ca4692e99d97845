import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { type ClientCalls, IpcConnection, type IpcHandlers, type PeerCalls, type PeerEvents } from '../peer/ipc.ts';

/** Small young generation: the process keeps its blocks outside the heap. */
const NODE_OPTIONS = ['--max-semi-space-size=2'];
const PEER_MAIN_PATH = fileURLToPath(new URL('../peer/main.js', import.meta.url));
/** How long closing transfers may take before the process is killed. */
const STOP_TIMEOUT_MS = 3000;
const MAX_STDERR_CHARACTERS = 4096;

export interface PeerProcessOptions {
  readonly answers: IpcHandlers<ClientCalls>;
  readonly onEvent: <E extends keyof PeerEvents>(event: E, params: PeerEvents[E]) => void;
  /** Called once if the process ends without `stop`, with the reason if known. */
  readonly onEnd: (why: string) => void;
}

/** The process that transfers files: starts at once, ends with this one. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #ipc: IpcConnection<PeerCalls, ClientCalls, PeerEvents>;
  readonly #ended: Deferred<void> = deferred();
  #isStopping = false;

  constructor({ answers, onEvent, onEnd }: PeerProcessOptions) {
    const child = fork(PEER_MAIN_PATH, [], {
      execArgv: NODE_OPTIONS,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#ipc = new IpcConnection(child, answers, onEvent);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(-MAX_STDERR_CHARACTERS);
    });
    let hasEnded = false;
    const end = (why: string) => {
      if (hasEnded) return;
      hasEnded = true;
      this.#ended.resolve();
      if (!this.#isStopping) onEnd(why);
    };
    child.on('error', (error) => end(error.message));
    // 'close' is emitted after stderr has been read.
    child.on('close', (code, signal) => end(describeExit(code, signal, stderr)));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @throws AppError as the peer process answers; NOT_AVAILABLE if it ends first */
  call: IpcConnection<PeerCalls, ClientCalls, PeerEvents>['call'] = (name, params) => this.#ipc.call(name, params);

  /** Stops the process after it closed its transfers, or kills it after a timeout. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    // The child disconnects; if this side did, 'close' would never be emitted.
    await this.#ipc.call('stop', null).catch(() => {}); // already gone is fine
    await this.#ended.promise;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

function describeExit(code: number | null, signal: string | null, stderr: string): string {
  const last = stderr
    .trim()
    .split('\n')
    .findLast((line) => /Error|Failure|assert|goldctl/i.test(line));
  return `${signal ?? `exit status ${code}`}${last === undefined ? '' : `: ${last.trim().slice(0, 300)}`}`;
}
