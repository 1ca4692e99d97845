import { FAILURES, Failure, type FailureCode, type FailureData } from '../domain/failure.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { Place } from '../protocol/datagram.ts';
import type { Introduction } from './introduction.ts';
import type { PlainFile } from './plain-download.ts';

export type { Introduction } from './introduction.ts';
export type { PlainFile } from './plain-download.ts';

/** What the peer process is started with. */
export interface PeerSettings {
  /** Names the daemon in the file of keys and rules. */
  readonly server: string;
  /** Where the daemon's UDP port is. */
  readonly daemon: Place;
  /** UDP port to bind; 0 for any that is free. */
  readonly port: number;
  readonly peerFile: string;
  readonly sharesFile: string;
  readonly peersFile: string;
  readonly downloads: string;
  /** Private folder of what is known of files on their way. */
  readonly partStates: string;
  /** Offers are shown to somebody who may accept them. Otherwise only standing rules take files. */
  readonly asksUser: boolean;
  /** How long another peer may be silent before it is taken for dead, in ms. */
  readonly silenceMs?: number;
  /** Number of the next transfer. */
  readonly nextId: number;
  /** Transfers that a peer process before this one left under way. */
  readonly jobs: readonly Job[];
}

/** Where this peer is reached: what is registered with the daemon. */
export interface Reachable {
  readonly port: number;
  /** SHA-256 of its public key (SPKI), hex. */
  readonly key: string;
  readonly local: readonly Place[];
}

/** A published file. */
export interface Share {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly size: number;
  /** Root hash, hex. */
  readonly hash: string;
  /** Its time of change, ms since 1970. */
  readonly modified: number;
  /** May be empty. */
  readonly description: string;
}

/** Who has a file that is fetched. */
export interface FetchSource {
  readonly member: string;
  readonly key: string;
}

export interface FetchJob {
  readonly kind: 'fetch';
  readonly id: number;
  readonly startedAt: number;
  readonly name: string;
  readonly size: number;
  readonly hash: string;
  readonly sources: readonly FetchSource[];
  /** Folder that it goes to; else the downloads folder. */
  readonly to?: string;
  /** Publish it once it is there. */
  readonly share?: boolean;
  /** Bytes a second. */
  readonly limit?: number;
  /** One of them was reached: from then on it is tried until it is there. */
  readonly met?: boolean;
}

/** What is fetched from an old client. It cannot be gone on with: there is no job of it. */
export interface PlainFetch extends PlainFile {
  /** Folder that it goes to; else the downloads folder. */
  readonly to?: string;
  /** Bytes a second. */
  readonly limit?: number;
}

export interface SendJob {
  readonly kind: 'send';
  readonly id: number;
  readonly startedAt: number;
  /** By which the receiver knows the offer again: 32 hexadecimal digits. */
  readonly token: string;
  readonly member: string;
  /** Absolute; a file or a folder. */
  readonly path: string;
  readonly limit?: number;
  /** Key of the peer that was offered it. */
  readonly key?: string;
}

export interface ReceiveJob {
  readonly kind: 'receive';
  readonly id: number;
  readonly startedAt: number;
  readonly token: string;
  readonly member: string;
  /** The sender's. */
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
  /** Somebody, or a rule, said yes. */
  readonly accepted: boolean;
  readonly to?: string;
}

/** All that it takes to go on with a transfer in another process: what has arrived lies in `.part` files, and which of it is checked in their states. */
export type Job = FetchJob | SendJob | ReceiveJob;

/** A file or folder that a member wants to send. */
export interface Offer {
  /** Number of its transfer: what ACCEPT and DECLINE take. */
  readonly id: number;
  readonly member: string;
  readonly name: string;
  /** Bytes, of all its files. */
  readonly size: number;
  readonly files: number;
  /** SHA-256 of the sender's public key, hex: proven. */
  readonly key: string;
  /** When it came, ms since 1970. */
  readonly at: number;
}

/** Calls of the client, answered by the peer process. */
export interface PeerCalls {
  start: { params: PeerSettings; result: Reachable };
  /** The connection to the daemon is back, maybe at another address. */
  online: { params: { readonly daemon: Place }; result: Reachable };
  /** The daemon knows how this peer is reached: whoever waits for a way to another one tries now. */
  registered: { params: null; result: null };
  /** Somebody asks for this peer: side `b`. */
  introduced: { params: Introduction; result: null };
  /** Reads a file for its hash and serves it from now on. `task` names it in the event `hashing`. */
  publish: {
    params: { readonly path: string; readonly name?: string; readonly description?: string; readonly task: number };
    result: Share;
  };
  unpublish: { params: { readonly name: string }; result: null };
  fetch: { params: Omit<FetchJob, 'kind' | 'id' | 'startedAt' | 'met'>; result: number };
  fetchPlain: { params: PlainFetch; result: number };
  send: { params: Pick<SendJob, 'member' | 'path' | 'limit'>; result: number };
  accept: { params: { readonly id: number; readonly to?: string; readonly always?: number }; result: null };
  decline: { params: { readonly id: number; readonly reason?: string }; result: null };
  cancel: { params: { readonly id: number }; result: null };
  allow: { params: { readonly member: string; readonly bytes: number | null }; result: null };
  trust: { params: { readonly member: string; readonly key: string }; result: null };
  /** Ends what is under way so that it can be resumed. The process ends after its answer. */
  stop: { params: null; result: null };
}

/** Calls of the peer process, answered by the client. */
export interface ClientCalls {
  /** Asks the daemon for a way to a member: side `a`. */
  introduce: { params: { readonly member: string; readonly key?: string }; result: Introduction };
  /** A published file changed on disk, or was fetched to be shared: the daemon is to know. */
  list: { params: Share; result: null };
}

/** What the peer process tells unasked. */
export interface PeerEvents {
  transfer: Transfer;
  offer: Offer;
  /** What it takes to go on with a transfer; null: it is over. */
  job: { readonly id: number; readonly job: Job | null };
  notice: string;
  hashing: { readonly task: number; readonly done: number; readonly size: number };
}

type Calls = object;
type ParamsOf<C extends Calls, M extends keyof C> = C[M] extends { params: infer P } ? P : never;
type ResultOf<C extends Calls, M extends keyof C> = C[M] extends { result: infer R } ? R : never;

/** How one side answers the calls of the other. */
export type Answers<C extends Calls> = { readonly [M in keyof C]: (params: ParamsOf<C, M>) => Promise<ResultOf<C, M>> };

type Message =
  | { readonly call: string; readonly id: number; readonly params: unknown }
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly failure: { readonly code: string; readonly message: string; readonly data: FailureData };
    }
  | { readonly event: string; readonly params: unknown };

/** Either end of the channel between client and peer process: a `ChildProcess`, or `process`. */
export interface IpcPort {
  readonly connected: boolean;
  send?(message: object, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (failure: Failure) => void;
}

/** Calls, answers and events over a channel between two processes. Whoever is no longer there fails what waits for it. */
export class Ipc<Theirs extends Calls, Mine extends Calls, Events extends object = object> {
  readonly #port: IpcPort;
  readonly #answers: Answers<Mine>;
  readonly #onEvent: (<E extends keyof Events>(event: E, params: Events[E]) => void) | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  /** @param onEvent what the other side tells unasked */
  constructor(
    port: IpcPort,
    answers: Answers<Mine>,
    onEvent?: <E extends keyof Events>(event: E, params: Events[E]) => void,
  ) {
    this.#port = port;
    this.#answers = answers;
    this.#onEvent = onEvent;
    port.on('message', (message) => this.#take(message as Message));
    port.on('disconnect', () => {
      for (const { reject } of this.#waiting.values()) reject(gone());
      this.#waiting.clear();
    });
  }

  /** @throws Failure as the other side answers; NOT_AVAILABLE when it ends first */
  call<M extends keyof Theirs & string>(name: M, params: ParamsOf<Theirs, M>): Promise<ResultOf<Theirs, M>> {
    if (!this.#port.connected) return Promise.reject(gone());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ call: name, id, params });
    });
  }

  /** Tells without an answer; nothing happens where the other side is gone. */
  tell<E extends keyof Events & string>(event: E, params: Events[E]): void {
    this.#send({ event, params });
  }

  #send(message: Message): void {
    // A channel that breaks says so by `disconnect`: what waits fails there.
    if (this.#port.connected) this.#port.send?.(message, () => {});
  }

  #take(message: Message): void {
    if ('event' in message) this.#onEvent?.(message.event as keyof Events, message.params as Events[keyof Events]);
    else if ('call' in message) void this.#answer(message.call, message.id, message.params);
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ('failure' in message) waiting?.reject(revive(message.failure));
      else waiting?.resolve(message.result as never);
    }
  }

  async #answer(name: string, id: number, params: unknown): Promise<void> {
    try {
      const answer = this.#answers[name as keyof Mine];
      this.#send({ id, result: await answer(params as never) });
    } catch (thrown) {
      const { code, message, data } = Failure.from(thrown);
      this.#send({ id, failure: { code, message, data } });
    }
  }
}

function revive({ code, message, data }: { code: string; message: string; data: FailureData }): Failure {
  return new Failure(Object.hasOwn(FAILURES, code) ? (code as FailureCode) : 'INTERNAL', message, { data });
}

function gone(): Failure {
  return new Failure('NOT_AVAILABLE', 'The process that carries files has ended. It is started again; try once more.');
}
