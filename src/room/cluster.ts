import { randomBytes } from 'node:crypto';
import { AppError, type FailureJson } from '../domain/app-error.ts';
import type { Logger } from '../domain/logger.ts';
import type { EpochMs } from '../domain/time.ts';
import type { MessageBus } from '../engine/types.ts';

/** What a daemon announces to the other daemons of the room. */
export interface DaemonInfo {
  readonly server: string;
  /** `host:port` where members reach it. */
  readonly address: string;
  readonly startedAt: EpochMs;
  readonly connections: number;
  readonly members: number;
  readonly seq: number;
  /** Number of its presence updates. A daemon that received fewer has missed some. */
  readonly told: number;
}

export interface RemoteDaemon extends DaemonInfo {
  readonly id: string;
  /** Time of its last heartbeat, in monotonic ms. */
  readonly lastHeardAt: number;
}

export interface Replies {
  readonly replies: ReadonlyMap<string, unknown>;
  /** Daemons that failed or did not reply in time. */
  readonly unresponsive: readonly RemoteDaemon[];
}

type ClusterMessage = { readonly from: string } & (
  | { readonly kind: 'alive'; readonly info: DaemonInfo }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ask'; readonly ask: number; readonly question: string; readonly params: unknown }
  | { readonly kind: 'answer'; readonly ask: number; readonly result?: unknown; readonly failure?: FailureJson }
);

interface PendingRequest {
  readonly to: string;
  readonly settle: (answer: ClusterMessage & { kind: 'answer' }) => void;
}

export interface ClusterSettings {
  readonly bus: MessageBus;
  readonly self: () => DaemonInfo;
  readonly log: Logger;
  readonly heartbeatMs?: number;
  /** Silence after which a daemon counts as gone, together with its members. */
  readonly timeoutMs?: number;
}

const BROADCAST = 'daemons';
const HEARTBEAT_MS = 500;
const MAX_MISSED_HEARTBEATS = 10;
/** Missed heartbeats after which nobody waits for a daemon's replies. */
const UNRESPONSIVE_HEARTBEATS = 3;
const REQUEST_TIMEOUT_MS = 1000;
/** Limit of daemons in a room; further ones are ignored. */
const MAX_DAEMONS = 64;
const MAX_PENDING_REQUESTS = 10_000;

/**
 * The daemons of one room, connected by the message bus. Each sends heartbeats, and counts as gone after ten missed
 * ones. They send each other requests that only one of them can answer.
 */
export class Cluster {
  /** New at each start: a restarted daemon has none of its earlier connections. */
  readonly id = randomBytes(8).toString('hex');
  readonly #bus: MessageBus;
  readonly #self: () => DaemonInfo;
  readonly #log: Logger;
  readonly #heartbeatMs: number;
  readonly #timeoutMs: number;
  readonly #remotes = new Map<string, RemoteDaemon>();
  readonly #pending = new Map<number, PendingRequest>();
  readonly #handlers = new Map<string, (params: never, from: string) => unknown>();
  readonly #heartbeatListeners = new Set<(daemon: RemoteDaemon) => void>();
  readonly #leaveListeners = new Set<(id: string) => void>();
  #requestCount = 0;
  #hasMetOthers = false;
  #greeting: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void)[] = [];

  constructor({
    bus,
    self,
    log,
    heartbeatMs = HEARTBEAT_MS,
    timeoutMs = MAX_MISSED_HEARTBEATS * heartbeatMs,
  }: ClusterSettings) {
    this.#bus = bus;
    this.#self = self;
    this.#log = log;
    this.#heartbeatMs = heartbeatMs;
    this.#timeoutMs = timeoutMs;
  }

  start(): void {
    const listen = (message: unknown) => this.#onMessage(message);
    this.#unsubscribe = [this.#bus.subscribe(BROADCAST, listen), this.#bus.subscribe(daemonTopic(this.id), listen)];
    this.#sendHeartbeat();
    this.#timer = setInterval(() => this.#sendHeartbeat(), this.#heartbeatMs).unref();
  }

  /** Announces the stop, so that the others need not wait for the timeout. */
  stop(): void {
    if (this.#unsubscribe.length === 0) return;
    clearInterval(this.#timer);
    clearImmediate(this.#greeting);
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#bus.publish(BROADCAST, { from: this.id, kind: 'leaving' } satisfies ClusterMessage);
    for (const id of [...this.#remotes.keys()]) this.#remove(id);
  }

  get others(): readonly RemoteDaemon[] {
    return [...this.#remotes.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  get self(): DaemonInfo {
    return this.#self();
  }

  get isSolo(): boolean {
    return this.#remotes.size === 0;
  }

  get hasMetOthers(): boolean {
    return this.#hasMetOthers;
  }

  /** Whether a heartbeat arrived within the last three intervals. */
  isResponsive({ lastHeardAt }: RemoteDaemon): boolean {
    return performance.now() - lastHeardAt < UNRESPONSIVE_HEARTBEATS * this.#heartbeatMs;
  }

  onHeartbeat(listener: (daemon: RemoteDaemon) => void): void {
    this.#heartbeatListeners.add(listener);
  }

  onLeave(listener: (id: string) => void): void {
    this.#leaveListeners.add(listener);
  }

  /** Registers the handler of a request. Its errors are thrown at the caller. */
  handle<P>(question: string, answer: (params: P, from: string) => unknown): void {
    this.#handlers.set(question, answer);
  }

  /** @throws AppError from the handler; NOT_AVAILABLE when the daemon is gone or does not reply */
  request(id: string, question: string, params: unknown, timeoutMs = REQUEST_TIMEOUT_MS): Promise<unknown> {
    const daemon = this.#remotes.get(id);
    if (!daemon || this.#pending.size >= MAX_PENDING_REQUESTS) return Promise.reject(noReplyError(daemon));
    const ask = ++this.#requestCount;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(ask);
        reject(noReplyError(daemon));
      }, timeoutMs);
      const settle = ({ result, failure }: ClusterMessage & { kind: 'answer' }) => {
        this.#pending.delete(ask);
        clearTimeout(timer);
        if (failure) reject(AppError.fromJSON(failure));
        else resolve(result);
      };
      this.#pending.set(ask, { to: id, settle });
      this.#bus.publish(daemonTopic(id), {
        from: this.id,
        kind: 'ask',
        ask,
        question,
        params,
      } satisfies ClusterMessage);
    });
  }

  /** Sends a request to all daemons. Never rejects: a daemon that fails counts as unresponsive. */
  async requestAll(question: string, params: unknown, to: readonly RemoteDaemon[] = this.others): Promise<Replies> {
    const answers = new Map<string, unknown>();
    const silent: RemoteDaemon[] = [];
    await Promise.all(
      to.map(async (daemon) => {
        try {
          answers.set(daemon.id, await this.request(daemon.id, question, params));
        } catch (thrown) {
          const { code, message } = AppError.from(thrown);
          this.#log.warn({ event: 'daemons', daemon: daemon.address, question, reason: code }, message);
          silent.push(daemon);
        }
      }),
    );
    return { replies: answers, unresponsive: silent };
  }

  #sendHeartbeat(): void {
    this.#bus.publish(BROADCAST, { from: this.id, kind: 'alive', info: this.#self() } satisfies ClusterMessage);
    const now = performance.now();
    for (const { id, address, lastHeardAt } of [...this.#remotes.values()]) {
      if (now - lastHeardAt < this.#timeoutMs) continue;
      this.#log.warn({ event: 'daemons', daemon: address }, 'a daemon of the room does not respond and counts as gone');
      this.#remove(id);
    }
  }

  #onMessage(payload: unknown): void {
    const message = payload as ClusterMessage;
    if (typeof message?.from !== 'string' || message.from === this.id) return;
    switch (message.kind) {
      case 'alive':
        this.#onAlive(message.from, message.info);
        break;
      case 'leaving':
        this.#remove(message.from);
        break;
      case 'ask':
        void this.#reply(message);
        break;
      case 'answer': {
        const pending = this.#pending.get(message.ask);
        if (pending?.to === message.from) pending.settle(message);
      }
    }
  }

  #onAlive(id: string, info: DaemonInfo): void {
    const isNew = !this.#remotes.has(id);
    if (isNew) {
      if (this.#remotes.size >= MAX_DAEMONS) return;
      this.#hasMetOthers = true;
      this.#log.info({ event: 'daemons', daemon: info.address }, 'another daemon joined this room');
      // It may have just started, and not know this daemon yet.
      this.#greeting ??= setImmediate(() => {
        this.#greeting = undefined;
        this.#sendHeartbeat();
      });
    }
    const daemon: RemoteDaemon = { ...info, id, lastHeardAt: performance.now() };
    this.#remotes.set(id, daemon);
    for (const listener of this.#heartbeatListeners) listener(daemon);
  }

  #remove(id: string): void {
    const daemon = this.#remotes.get(id);
    if (!this.#remotes.delete(id)) return;
    const failure = noReplyError(daemon).toJSON();
    for (const [ask, { to, settle }] of [...this.#pending]) {
      if (to === id) settle({ from: id, kind: 'answer', ask, failure });
    }
    for (const listener of this.#leaveListeners) listener(id);
  }

  async #reply({ from, ask, question, params }: ClusterMessage & { kind: 'ask' }): Promise<void> {
    const answered = { from: this.id, kind: 'answer', ask } as const;
    let answer: ClusterMessage;
    try {
      const reply = this.#handlers.get(question);
      if (!reply) throw new AppError('NOT_AVAILABLE', `The daemon at ${this.#self().address} has another version.`);
      answer = { ...answered, result: await reply(params as never, from) };
    } catch (thrown) {
      const failure = AppError.from(thrown);
      if (failure.code === 'INTERNAL') {
        this.#log.error({ event: 'daemons', question, err: failure.cause }, 'a request failed');
      }
      answer = { ...answered, failure: failure.toJSON() };
    }
    this.#bus.publish(daemonTopic(from), answer);
  }
}

function daemonTopic(id: string): string {
  return `daemon.${id}`;
}

function noReplyError(daemon: RemoteDaemon | undefined): AppError {
  const which = daemon ? `The daemon at ${daemon.address}` : 'The requested daemon';
  return new AppError('NOT_AVAILABLE', `${which} does not respond. Try again in a moment.`);
}
