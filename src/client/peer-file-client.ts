import { lookup } from 'node:dns/promises';
import { resolve as absolute } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { defined } from '../domain/defined.ts';
import type { FileListingEntry } from '../domain/file-listing.ts';
import { isFinished, type Transfer } from '../domain/transfer.ts';
import type { HomeDirectory } from '../home-directory.ts';
import type { ConnectionOffer, PeerEvents, PeerSettings, TransferJob, TransferOffer } from '../peer/ipc.ts';
import type { Endpoint } from '../protocol/datagram.ts';
import type { EventParams } from '../protocol/events.ts';
import type { MethodName, MethodParams, MethodResult } from '../protocol/methods.ts';
import type { PeerProcess } from './peer-process.ts';
import { PeerSupervisor } from './peer-supervisor.ts';
import { cannotShareError, legacyFileOf, selectSources, unencryptedOnlyError } from './select-sources.ts';
import { isConnectionLoss, ShareSync } from './share-sync.ts';
import { clusterKey, type Target } from './target.ts';

export type { TransferOffer } from '../peer/ipc.ts';

/** The connection to the daemon that introduces peers: a `Client` or a `ReconnectingClient`. */
export interface DaemonConnection {
  readonly name: string | null;
  readonly target: Target;
  /** IP address of the daemon, if known. */
  readonly remoteAddress: string | undefined;
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
  on(event: 'peer', listener: (params: EventParams<'peer'>) => void): () => void;
}

export interface PeerFileClientOptions {
  readonly connection: DaemonConnection;
  readonly home: HomeDirectory;
  /** The daemon's UDP endpoint. Default: that of the connection. */
  readonly daemon?: Endpoint;
  /** Download folder. Default: the home's. */
  readonly downloads?: string;
  /** UDP port of this peer. Default 0, any free one. */
  readonly port?: number;
  /** Silence in ms after which another peer counts as dead. Default 10 s. */
  readonly silenceMs?: number;
  /** Called for every change of a transfer, at most about five times a second each. */
  readonly onTransfer?: (transfer: Transfer) => void;
  /** Called when a member offers something. Without it, only auto-accept rules accept files. */
  readonly onOffer?: (offer: TransferOffer) => void;
  /** Sentences for people: new keys, a restarted peer process. */
  readonly onNotice?: (text: string) => void;
}

export interface FilePublishOptions {
  /** Default: the file's own. */
  readonly name?: string;
  readonly description?: string;
  readonly onProgress?: (done: number, size: number) => void;
}

export interface FileFetchOptions {
  /** Members to download from. Default: all that have the same content. */
  readonly from?: readonly string[];
  /** Destination folder. */
  readonly to?: string;
  /** Publish the file after the download. */
  readonly share?: boolean;
  /** Selects one of several contents of that name, by its hash or a prefix of it. */
  readonly hash?: string;
  /** Bytes per second. */
  readonly limit?: number;
  /** Also from a legacy client, if nobody else has the file: unencrypted over TCP, and unverified. */
  readonly allowUnencrypted?: boolean;
}

export type FileSendOptions = Pick<FileFetchOptions, 'limit'>;

export interface OfferAcceptOptions {
  /** Destination folder. */
  readonly to?: string;
  /** From now on, auto-accept files of this member up to this many bytes. */
  readonly always?: number;
}

/** Finished transfers that are still listed. */
const MAX_FINISHED = 200;

/**
 * Peer-to-peer file transfers. A process of its own does the work; when it crashes, a new one resumes the transfers.
 * Only publishing, finding files and introductions need the daemon: transfers survive a lost connection.
 */
export class PeerFileClient {
  readonly #options: PeerFileClientOptions;
  readonly #supervisor: PeerSupervisor;
  readonly #transfers = new Map<number, Transfer>();
  readonly #offers = new Map<number, TransferOffer>();
  readonly #jobs = new Map<number, TransferJob>();
  readonly #completions = new Map<number, Deferred<Transfer>>();
  readonly #hashProgress = new Map<number, (done: number, size: number) => void>();
  readonly #shares: ShareSync;
  #nextTask = 1;
  #nextId = 1;
  #isRegistering = false;
  #unsubscribe: (() => void) | undefined;

  constructor(options: PeerFileClientOptions) {
    this.#options = options;
    const { connection, onNotice } = options;
    this.#shares = new ShareSync({
      connection,
      key: () => this.#supervisor.endpoint!.key, // a share comes from a process that has started
      isStopped: () => this.#supervisor.isStopped,
      onNotice,
    });
    this.#supervisor = new PeerSupervisor({
      answers: {
        introduce: (params) => connection.call('peer.connect', params),
        list: async (share) => {
          this.#shares.add(share);
          await this.#shares.publishAll();
          return null;
        },
      },
      settings: () => this.#settings(),
      onEvent: (event, params) => this.#onPeerEvent(event, params),
      onCrash: () => {
        for (const transfer of this.#transfers.values()) if (!isFinished(transfer)) this.#markInterrupted(transfer);
      },
      onRestarted: () =>
        this.#register().catch((thrown) => {
          // Without a connection, the next `reregister` does it.
          if (isConnectionLoss(thrown) || this.#supervisor.isStopped) return;
          onNotice?.(`Other members cannot reach you for file transfers: ${AppError.from(thrown).message}`);
        }),
      onNotice,
    });
  }

  /** All transfers under way and the last 200 finished ones, by number. */
  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()].sort((one, other) => one.id - other.id);
  }

  /** Offers without an answer. */
  get offers(): readonly TransferOffer[] {
    return [...this.#offers.values()];
  }

  /** SHA-256 of this peer's public key, hex: its fingerprint for other members. Undefined before `start`. */
  get key(): string | undefined {
    return this.#supervisor.endpoint?.key;
  }

  get pid(): number | undefined {
    return this.#supervisor.process?.pid;
  }

  /** Starts the peer process and registers this peer at the daemon. @throws AppError */
  async start(): Promise<void> {
    this.#supervisor.start();
    this.#isRegistering = true;
    this.#unsubscribe ??= this.#options.connection.on('peer', (introduction) => this.#onIntroduction(introduction));
    await this.#supervisor.running();
    await this.#register();
  }

  /** Registers this peer again, after a reconnect or another sign-in. @throws AppError as the daemon answers */
  async reregister(): Promise<void> {
    if (!this.#isRegistering) return;
    const peer = await this.#supervisor.running();
    this.#supervisor.endpoint = await peer.call('online', { daemon: await this.#daemonEndpoint() });
    await this.#register();
  }

  /** Stops the peer process. Partial files are kept, and later transfers resume from them. */
  async stop(): Promise<void> {
    this.#isRegistering = false;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    await this.#supervisor.stop();
    for (const { reject } of this.#completions.values()) {
      reject(new AppError('CONNECTION_ENDED', 'goldctl is exiting. The partial download is kept.'));
    }
    this.#completions.clear();
  }

  /** Publishes a file in place; it is read once for its hash. @throws AppError NO_SUCH_FILE; as the daemon answers */
  async publish(path: string, { name, description, onProgress }: FilePublishOptions = {}): Promise<FileListingEntry> {
    const peer = await this.#supervisor.running();
    const task = this.#nextTask++;
    if (onProgress) this.#hashProgress.set(task, onProgress);
    try {
      const share = await peer.call('publish', {
        path: absolute(path),
        task,
        ...defined({ name, description }),
      });
      return await this.#shares.publish(share).catch(async (thrown) => {
        // A refused share is not served either; after a lost connection it waits for the next attempt.
        if (!isConnectionLoss(thrown)) await peer.call('unpublish', { name: share.name });
        throw thrown;
      });
    } finally {
      this.#hashProgress.delete(task);
    }
  }

  /** @throws AppError NO_SUCH_FILE if this member publishes no such file */
  async unpublish(name: string): Promise<void> {
    const peer = await this.#supervisor.running();
    try {
      await this.#options.connection.call('files.unpublish', { name });
    } catch (thrown) {
      if (isConnectionLoss(thrown)) throw thrown;
      await this.#unshare(peer, name);
      throw thrown;
    }
    await this.#unshare(peer, name);
  }

  /**
   * Starts a download.
   * @returns the number of the transfer
   * @throws AppError NO_SUCH_FILE; NOT_AVAILABLE if no source is online; CONFLICT if several contents have that name
   * and `from` or `hash` selects none; NOT_ALLOWED if only legacy clients have it
   */
  async fetch(name: string, selection: FileFetchOptions = {}): Promise<number> {
    const { from, hash, to, share, limit, allowUnencrypted = false } = selection;
    const peer = await this.#supervisor.running();
    const { sources } = await this.#options.connection.call('files.find', { name });
    const selected = selectSources(name, sources, {
      own: this.#supervisor.endpoint?.key,
      from,
      hash,
    });
    const [first] = selected;
    const options = {
      ...(to === undefined ? {} : { to: absolute(to) }),
      ...defined({ limit }),
    };
    if (first.unencrypted) {
      if (!allowUnencrypted) throw unencryptedOnlyError(selected);
      if (share) throw cannotShareError(first);
      return peer.call('fetchPlain', { ...legacyFileOf(selected, this.#options.connection.remoteAddress), ...options });
    }
    return peer.call('fetch', {
      name: first.name,
      size: first.size,
      hash: first.hash,
      sources: selected.map(({ member, key }) => ({ member, key })),
      ...options,
      ...defined({ share }),
    });
  }

  /**
   * Offers a file or a folder to one member and sends it once they accept. Resumes after every loss until it is done,
   * declined or cancelled.
   * @returns the number of the transfer
   * @throws AppError NO_SUCH_FILE
   */
  async send(member: string, path: string, { limit }: FileSendOptions = {}): Promise<number> {
    const peer = await this.#supervisor.running();
    return peer.call('send', { member, path: absolute(path), ...defined({ limit }) });
  }

  /** @throws AppError NOT_FOUND if there is no such offer */
  async accept(id: number, { to, always }: OfferAcceptOptions = {}): Promise<void> {
    const peer = await this.#supervisor.running();
    await peer.call('accept', {
      id,
      ...(to === undefined ? {} : { to: absolute(to) }),
      ...defined({ always }),
    });
    this.#offers.delete(id);
  }

  /** @throws AppError NOT_FOUND if there is no such offer */
  async decline(id: number, reason?: string): Promise<void> {
    const peer = await this.#supervisor.running();
    await peer.call('decline', { id, ...defined({ reason }) });
    this.#offers.delete(id);
  }

  /** Cancels a transfer; a finished one is left unchanged. @throws AppError NOT_FOUND */
  async cancel(id: number): Promise<void> {
    const transfer = this.#transfers.get(id);
    if (!transfer) throw noSuchTransferError(id);
    if (isFinished(transfer)) return;
    await (await this.#supervisor.running()).call('cancel', { id });
  }

  /** Resolves at the end of a transfer. @throws AppError NOT_FOUND; CONNECTION_ENDED on `stop` */
  waitForEnd(id: number): Promise<Transfer> {
    const transfer = this.#transfers.get(id);
    if (!transfer) return Promise.reject(noSuchTransferError(id));
    if (isFinished(transfer)) return Promise.resolve(transfer);
    const end = this.#completions.get(id) ?? deferred<Transfer>();
    this.#completions.set(id, end);
    end.promise.catch(() => {}); // reported to the caller
    return end.promise;
  }

  /** Auto-accepts files of a member up to a size; null: asks again. */
  async allow(member: string, bytes: number | null): Promise<void> {
    await (await this.#supervisor.running()).call('allow', { member, bytes });
  }

  /** Accepts the new key of a member. @param key 64 hexadecimal digits, from the notice */
  async trust(member: string, key: string): Promise<void> {
    await (await this.#supervisor.running()).call('trust', { member, key });
  }

  async #unshare(peer: PeerProcess, name: string): Promise<void> {
    this.#shares.remove(name);
    await peer.call('unpublish', { name });
  }

  async #settings(): Promise<PeerSettings> {
    const { connection, home, downloads, port = 0, silenceMs, onOffer } = this.#options;
    return {
      server: clusterKey(connection.target),
      daemon: await this.#daemonEndpoint(),
      port,
      peerFile: home.peerIdentityFile,
      sharesFile: home.sharesFile,
      peersFile: home.peersFile,
      downloads: downloads === undefined ? home.downloadsFolder : absolute(downloads),
      partStates: home.partialFileStatesFolder,
      ...defined({ silenceMs }),
      asksUser: onOffer !== undefined,
      nextId: this.#nextId,
      jobs: [...this.#jobs.values()],
    };
  }

  /** A new process resumes our jobs; a member who downloads from here asks again by itself. */
  #markInterrupted(transfer: Transfer): void {
    const reason = 'The file-transfer process stopped and is restarting.';
    this.#onTransfer({
      ...transfer,
      peers: transfer.peers.map(({ member }) => ({ member, path: null })),
      bytesPerSecond: 0,
      place: null,
      reason,
      ...(this.#jobs.has(transfer.id)
        ? { state: transfer.state === 'offered' ? 'offered' : 'connecting' }
        : { state: 'failed', status: new AppError('NOT_AVAILABLE').status, endedAt: Date.now() }),
    });
  }

  #onPeerEvent<E extends keyof PeerEvents>(event: E, params: PeerEvents[E]): void {
    switch (event) {
      case 'transfer':
        this.#onTransfer(params as Transfer);
        break;
      case 'job': {
        const { id, job } = params as PeerEvents['job'];
        if (job) this.#jobs.set(id, job);
        else this.#jobs.delete(id);
        break;
      }
      case 'offer': {
        const offer = params as TransferOffer;
        this.#offers.set(offer.id, offer);
        this.#options.onOffer?.(offer);
        break;
      }
      case 'notice':
        this.#options.onNotice?.(params as string);
        break;
      case 'hashing': {
        const { task, done, size } = params as PeerEvents['hashing'];
        this.#hashProgress.get(task)?.(done, size);
        break;
      }
    }
  }

  #onTransfer(transfer: Transfer): void {
    const { id } = transfer;
    this.#nextId = Math.max(this.#nextId, id + 1);
    this.#transfers.set(id, transfer);
    if (transfer.direction === 'in' && transfer.state !== 'offered') this.#offers.delete(id);
    if (isFinished(transfer)) {
      this.#jobs.delete(id);
      this.#completions.get(id)?.resolve(transfer);
      this.#completions.delete(id);
      this.#dropOldTransfers();
    }
    this.#options.onTransfer?.(transfer);
  }

  #dropOldTransfers(): void {
    const finished = this.transfers.filter(isFinished);
    for (const { id } of finished.slice(0, Math.max(0, finished.length - MAX_FINISHED))) this.#transfers.delete(id);
  }

  #onIntroduction(introduction: EventParams<'peer'>): void {
    // During a restart it would come too late: the other side asks again.
    void this.#supervisor.process?.call('introduced', introduction as ConnectionOffer).catch(() => {});
  }

  async #register(): Promise<void> {
    const { connection, onOffer } = this.#options;
    if (!this.#isRegistering || !this.#supervisor.endpoint || connection.name === null) return;
    const { port, key, local } = this.#supervisor.endpoint;
    const offers = onOffer !== undefined;
    await connection.call('peer.register', { port, key, local: local.slice(0, 4), ...(offers ? {} : { offers }) });
    await this.#supervisor.process?.call('registered', null);
    await this.#shares.publishAll();
  }

  async #daemonEndpoint(): Promise<Endpoint> {
    const { connection, daemon } = this.#options;
    const { target } = connection;
    if (daemon) return daemon;
    if (target.kind !== 'local') {
      return { address: connection.remoteAddress ?? (await resolveHost(target.host)), port: target.port };
    }
    const { listening } = await connection.call('admin.status', {});
    const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(listening[0]?.address ?? '');
    if (!match) throw new AppError('NOT_AVAILABLE', 'The local daemon has no port, which file transfers need.');
    const [, address, port] = match as unknown as [string, string, string];
    const localAddress = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    return { address: localAddress, port: Number(port) };
  }
}

async function resolveHost(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new AppError('NO_DAEMON', `Cannot resolve ${host}. Check the name and the network.`, { cause });
  }
}

function noSuchTransferError(id: number): AppError {
  return new AppError('NOT_FOUND', `There is no transfer ${id}.`, { data: { id } });
}
