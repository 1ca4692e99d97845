import { AppError } from '../domain/app-error.ts';
import type { ClientCalls, IpcHandlers, PeerEndpointInfo, PeerEvents, PeerSettings } from '../peer/ipc.ts';
import { PeerProcess } from './peer-process.ts';
import { ReconnectDelay } from './reconnect-delay.ts';

/** After this uptime, a crash is not counted as a failed start. */
const STABLE_UPTIME_MS = 30_000;

export interface PeerSupervisorOptions {
  readonly answers: IpcHandlers<ClientCalls>;
  readonly settings: () => Promise<PeerSettings>;
  readonly onEvent: <E extends keyof PeerEvents>(event: E, params: PeerEvents[E]) => void;
  readonly onCrash: () => void;
  readonly onRestarted: () => Promise<void>;
  readonly onNotice: ((text: string) => void) | undefined;
}

/** Runs the peer process, and restarts it after a crash. */
export class PeerSupervisor {
  /** The current process, also while it starts. */
  process: PeerProcess | undefined;
  /** Undefined before the first start. */
  endpoint: PeerEndpointInfo | undefined;
  isStopped = false;
  readonly #options: PeerSupervisorOptions;
  readonly #backoff = new ReconnectDelay();
  #startup: Promise<PeerProcess> | undefined;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(options: PeerSupervisorOptions) {
    this.#options = options;
  }

  start(): void {
    this.isStopped = false;
  }

  /** The process once it answers; callers wait during a restart. */
  running(): Promise<PeerProcess> {
    if (this.isStopped) {
      return Promise.reject(new AppError('CONNECTION_ENDED', 'File transfers have stopped: goldctl is exiting.'));
    }
    this.#startup ??= this.#spawn().catch((thrown) => {
      this.#startup = undefined;
      throw thrown;
    });
    return this.#startup;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.#restartTimer);
    const peer = this.process ?? (await this.#startup?.catch(() => undefined));
    this.#startup = undefined;
    this.process = undefined;
    await peer?.stop();
  }

  async #spawn(): Promise<PeerProcess> {
    const { answers, onEvent } = this.#options;
    const settings = await this.#options.settings();
    const startedAt = performance.now();
    const onEnd = (why: string) => this.#onExit(peer, why, performance.now() - startedAt);
    const peer: PeerProcess = new PeerProcess({ answers, onEvent, onEnd });
    this.process = peer;
    try {
      this.endpoint = await peer.call('start', settings);
      return peer;
    } catch (thrown) {
      this.process = undefined;
      void peer.stop();
      throw thrown;
    }
  }

  #onExit(peer: PeerProcess, why: string, uptimeMs: number): void {
    if (peer !== this.process || this.isStopped) return;
    this.process = undefined;
    this.#startup = undefined;
    this.#options.onCrash();
    if (uptimeMs >= STABLE_UPTIME_MS) this.#backoff.reset();
    this.#options.onNotice?.(`The file-transfer process stopped (${why}). Restarting it; transfers will resume.`);
    this.#scheduleRestart();
  }

  #scheduleRestart(): void {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => void this.#restart(), this.#backoff.nextDelayMs());
  }

  async #restart(): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.running();
    } catch (thrown) {
      if (this.isStopped) return;
      this.#options.onNotice?.(`The file-transfer process cannot start: ${AppError.from(thrown).message} Retrying.`);
      this.#scheduleRestart();
      return;
    }
    await this.#options.onRestarted();
  }
}
