import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Longer is not worth a later first frame: then the terminal is not guarded. Usually it takes a few milliseconds. */
const READY_TIMEOUT_MS = 1000;

/**
 * Restores the terminal if the process ends without a chance to do it itself: `kill -9`, or out of memory. A shell waits for
 * the end of a pipe that only this process holds. It is in a session of its own, so that no signal for the job ends it.
 */
export class TerminalGuard {
  readonly #output: NodeJS.WriteStream;
  readonly #restoreSequence: string;
  #shell: ChildProcess | undefined;

  /** @param restoreSequence what to write to the terminal */
  constructor(output: NodeJS.WriteStream, restoreSequence: string) {
    this.#output = output;
    this.#restoreSequence = restoreSequence;
  }

  /** Starts the shell, which remembers the modes of the terminal. Call it before they are changed. Never fails. */
  async start(): Promise<void> {
    const { fd } = this.#output as { fd?: number };
    if (process.platform === 'win32' || fd === undefined || !this.#output.isTTY) return;
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'goldctl', this.#restoreSequence], {
      stdio: ['pipe', fd, 'pipe'],
      detached: true,
    });
    shell.unref();
    const ready = once(shell.stderr!, 'data', { signal: AbortSignal.timeout(READY_TIMEOUT_MS) });
    shell.on('error', () => {});
    shell.stdin!.on('error', () => {});
    const isReady = await ready.then(
      () => true,
      () => false,
    );
    if (!isReady) return void shell.kill('SIGKILL');
    shell.stderr!.destroy();
    this.#shell = shell;
  }

  /** Whether the terminal needs to be restored if the process ends now. */
  set isArmed(isArmed: boolean) {
    this.#shell?.stdin?.write(isArmed ? 'on\n' : 'off\n');
  }

  stop(): void {
    this.#shell?.stdin?.end('off\n');
    this.#shell = undefined;
  }
}

/** Standard output is the terminal. Answers on standard error once the modes are read. */
const SCRIPT = `
exec 3<&1
modes=$(stty -g <&3) || exit 0
echo ready >&2
exec 2>/dev/null
armed=off
while read -r line; do armed=$line; done
[ "$armed" = on ] || exit 0
printf '%s' "$1"
stty "$modes" <&3
printf '\\ngoldctl ended unexpectedly. If the terminal does not work as usual, type: reset\\n'
`;
