import { AppError, type FailureJson } from '../domain/app-error.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { Endpoint } from '../protocol/datagram.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import type { LegacyFile } from './legacy-download.ts';

export type { ConnectionOffer } from './connection-offer.ts';
export type { LegacyFile } from './legacy-download.ts';

/** Start parameters of the peer process. */
export interface PeerSettings {
  /** Key of this daemon in the file of known keys and auto-accept rules. */
  readonly server: string;
  /** The daemon's UDP endpoint. */
  readonly daemon: Endpoint;
  /** UDP port to bind; 0 for a free one. */
  readonly port: number;
  readonly peerFile: string;
  readonly sharesFile: string;
  readonly peersFile: string;
  readonly downloads: string;
  /** Private folder for the state of partial files. */
  readonly partStates: string;
  /** Whether a user can be asked to accept offers. Otherwise only auto-accept rules accept files. */
  readonly asksUser: boolean;
  /** How long another peer may be silent before it counts as dead. */
  readonly silenceMs?: number;
  /** Id of the next transfer. */
  readonly nextId: number;
  /** Unfinished transfers of an earlier peer process. */
  readonly jobs: readonly TransferJob[];
}

/** How to reach this peer, as registered with the daemon. */
export interface PeerEndpointInfo {
  readonly port: number;
  /** SHA-256 of its public key (SPKI), hex. */
  readonly key: string;
  readonly local: readonly Endpoint[];
}

/** A published file. */
export interface Share {
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  readonly size: number;
  /** Merkle root, hex. */
  readonly hash: string;
  /** Modification time, epoch milliseconds. */
  readonly modified: number;
  /** May be empty. */
  readonly description: string;
}

/** A member who has the file. */
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
  /** Target folder; defaults to the download folder. */
  readonly to?: string;
  /** Publish the file after the download. */
  readonly share?: boolean;
  /** Bytes per second. */
  readonly limit?: number;
  /** A source has been reached, so the download is retried until it is complete. */
  readonly met?: boolean;
}

/** A download from a legacy client. It cannot be resumed, so it has no TransferJob. */
export interface LegacyFetchRequest extends LegacyFile {
  /** Target folder; defaults to the download folder. */
  readonly to?: string;
  /** Bytes per second. */
  readonly limit?: number;
}

export interface SendJob {
  readonly kind: 'send';
  readonly id: number;
  readonly startedAt: number;
  /** Lets the receiver recognise a repeated offer: 32 hexadecimal digits. */
  readonly token: string;
  readonly member: string;
  /** Absolute path of a file or folder. */
  readonly path: string;
  readonly limit?: number;
  /** Key of the peer that received the offer. */
  readonly key?: string;
}

export interface ReceiveJob {
  readonly kind: 'receive';
  readonly id: number;
  readonly startedAt: number;
  readonly token: string;
  readonly member: string;
  /** The sender's key. */
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
  /** Accepted by the user or by an auto-accept rule. */
  readonly accepted: boolean;
  readonly to?: string;
}

/** What another process needs to resume a transfer. Received blocks are in `.part` files and their state files. */
export type TransferJob = FetchJob | SendJob | ReceiveJob;

/** A file or folder that a member offers to send. */
export interface TransferOffer {
  /** Id of the transfer, used by ACCEPT and DECLINE. */
  readonly id: number;
  readonly member: string;
  readonly name: string;
  /** Total bytes of all files. */
  readonly size: number;
  readonly files: number;
  /** SHA-256 of the sender's proven public key, hex. */
  readonly key: string;
  /** When the offer arrived, epoch milliseconds. */
  readonly at: number;
}

/** Calls from the client to the peer process. */
export interface PeerCalls {
  start: { params: PeerSettings; result: PeerEndpointInfo };
  /** The client has reconnected to the daemon, possibly at another address. */
  online: { params: { readonly daemon: Endpoint }; result: PeerEndpointInfo };
  /** The daemon has registered this peer: pending connection attempts retry now. */
  registered: { params: null; result: null };
  /** Another peer wants to connect to this one (side `b`). */
  introduced: { params: ConnectionOffer; result: null };
  /** Hashes a file and serves it from now on. `task` identifies it in the event `hashing`. */
  publish: {
    params: { readonly path: string; readonly name?: string; readonly description?: string; readonly task: number };
    result: Share;
  };
  unpublish: { params: { readonly name: string }; result: null };
  fetch: { params: Omit<FetchJob, 'kind' | 'id' | 'startedAt' | 'met'>; result: number };
  fetchPlain: { params: LegacyFetchRequest; result: number };
  send: { params: Pick<SendJob, 'member' | 'path' | 'limit'>; result: number };
  accept: { params: { readonly id: number; readonly to?: string; readonly always?: number }; result: null };
  decline: { params: { readonly id: number; readonly reason?: string }; result: null };
  cancel: { params: { readonly id: number }; result: null };
  allow: { params: { readonly member: string; readonly bytes: number | null }; result: null };
  trust: { params: { readonly member: string; readonly key: string }; result: null };
  /** Stops all transfers so that they can be resumed. The process exits after its reply. */
  stop: { params: null; result: null };
}

/** Calls from the peer process to the client. */
export interface ClientCalls {
  /** Asks the daemon to connect us to a member (side `a`). */
  introduce: { params: { readonly member: string; readonly key?: string }; result: ConnectionOffer };
  /** Reports to the daemon that a published file has changed on disk, or that a download is now published. */
  list: { params: Share; result: null };
}

/** Events from the peer process to the client. */
export interface PeerEvents {
  transfer: Transfer;
  offer: TransferOffer;
  /** What is needed to resume a transfer; null when it has finished. */
  job: { readonly id: number; readonly job: TransferJob | null };
  notice: string;
  hashing: { readonly task: number; readonly done: number; readonly size: number };
}

type IpcCalls = object;
type ParamsOf<C extends IpcCalls, M extends keyof C> = C[M] extends { params: infer P } ? P : never;
type ResultOf<C extends IpcCalls, M extends keyof C> = C[M] extends { result: infer R } ? R : never;

export type IpcHandlers<C extends IpcCalls> = {
  readonly [M in keyof C]: (params: ParamsOf<C, M>) => Promise<ResultOf<C, M>>;
};

type IpcMessage =
  | { readonly call: string; readonly id: number; readonly params: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: FailureJson }
  | { readonly event: string; readonly params: unknown };

/** Either end of the IPC channel: a `ChildProcess`, or `process`. */
export interface IpcPort {
  readonly connected: boolean;
  send?(message: object, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

interface PendingCall {
  readonly resolve: (result: never) => void;
  readonly reject: (failure: AppError) => void;
}

/** Calls, replies and events between client and peer process. When the other process ends, pending calls fail. */
export class IpcConnection<Theirs extends IpcCalls, Mine extends IpcCalls, Events extends object = object> {
  readonly #port: IpcPort;
  readonly #handlers: IpcHandlers<Mine>;
  readonly #onEvent: (<E extends keyof Events>(event: E, params: Events[E]) => void) | undefined;
  readonly #pendingCalls = new Map<number, PendingCall>();
  #nextId = 1;

  constructor(
    port: IpcPort,
    handlers: IpcHandlers<Mine>,
    onEvent?: <E extends keyof Events>(event: E, params: Events[E]) => void,
  ) {
    this.#port = port;
    this.#handlers = handlers;
    this.#onEvent = onEvent;
    port.on('message', (message) => this.#onMessage(message as IpcMessage));
    port.on('disconnect', () => {
      for (const { reject } of this.#pendingCalls.values()) reject(processEndedError());
      this.#pendingCalls.clear();
    });
  }

  /** @throws AppError from the other side; NOT_AVAILABLE when its process ends first */
  call<M extends keyof Theirs & string>(name: M, params: ParamsOf<Theirs, M>): Promise<ResultOf<Theirs, M>> {
    if (!this.#port.connected) return Promise.reject(processEndedError());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pendingCalls.set(id, { resolve, reject });
      this.#send({ call: name, id, params });
    });
  }

  /** Does nothing when the other process has ended. */
  emit<E extends keyof Events & string>(event: E, params: Events[E]): void {
    this.#send({ event, params });
  }

  #send(message: IpcMessage): void {
    // Errors are ignored here: a broken channel emits `disconnect`, which fails the pending calls.
    if (this.#port.connected) this.#port.send?.(message, () => {});
  }

  #onMessage(message: IpcMessage): void {
    if ('event' in message) this.#onEvent?.(message.event as keyof Events, message.params as Events[keyof Events]);
    else if ('call' in message) void this.#handleCall(message.call, message.id, message.params);
    else {
      const pending = this.#pendingCalls.get(message.id);
      this.#pendingCalls.delete(message.id);
      if ('failure' in message) pending?.reject(AppError.fromJSON(message.failure));
      else pending?.resolve(message.result as never);
    }
  }

  async #handleCall(name: string, id: number, params: unknown): Promise<void> {
    try {
      const handler = this.#handlers[name as keyof Mine];
      this.#send({ id, result: await handler(params as never) });
    } catch (thrown) {
      this.#send({ id, failure: AppError.from(thrown).toJSON() });
    }
  }
}

function processEndedError(): AppError {
  return new AppError('NOT_AVAILABLE', 'The file-transfer process has ended and is restarting. Try again.');
}
