import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { resolve as absolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from '../address.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import type { Listing } from '../domain/listing.ts';
import { isOver, type Transfer } from '../domain/transfer.ts';
import type { Home } from '../home.ts';
import type { Introduction, Job, Offer, PeerEvents, PlainFile, Reachable, Share } from '../peer/ipc.ts';
import type { Place } from '../protocol/datagram.ts';
import type { EventParams } from '../protocol/events.ts';
import type { MethodName, Params, Result } from '../protocol/methods.ts';
import { Backoff } from './backoff.ts';
import { PeerProcess } from './peer-process.ts';
import { roomKey, type Target } from './target.ts';

export type { Offer } from '../peer/ipc.ts';

/** Before a daemon that has too much to do is asked again, where it does not say when. */
const LATER_MS = 1000;

/** The connection to the daemon that introduces peers to one another: a `Client`, or a `Link`. */
export interface PeerCaller {
  /** The member who is signed in. */
  readonly name: string | null;
  readonly target: Target;
  /** IP address of the daemon, where the connection knows it. */
  readonly remoteAddress: string | undefined;
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>>;
  on(event: 'peer', listener: (params: EventParams<'peer'>) => void): () => void;
}

export interface PeersOptions {
  readonly caller: PeerCaller;
  readonly home: Home;
  /** Where the daemon's UDP port is. Default: where the connection leads to. */
  readonly daemon?: Place;
  /** Folder of what arrives. Default: the home's. */
  readonly downloads?: string;
  /** UDP port of this peer. Default 0, any that is free. */
  readonly port?: number;
  /** How long another peer may be silent before it is taken for dead, in ms. Default 10 s. */
  readonly silenceMs?: number;
  /** Told every change of a transfer, at most about five times a second each. */
  readonly onTransfer?: (transfer: Transfer) => void;
  /** Told when a member wants to send something. Without it nobody is asked: only standing rules take files. */
  readonly onOffer?: (offer: Offer) => void;
  /** Sentences for people: keys met for the first time, a peer process that was started again. */
  readonly onNotice?: (text: string) => void;
}

export interface PublishOptions {
  /** Default: the file's own. */
  readonly name?: string;
  readonly description?: string;
  /** Bytes that were read so far, of how many. */
  readonly onProgress?: (done: number, size: number) => void;
}

export interface FetchOptions {
  /** Members to take it from. Default: all who have the same content. */
  readonly from?: readonly string[];
  /** Folder that it goes to. */
  readonly to?: string;
  /** Publish it here once it has arrived. */
  readonly share?: boolean;
  /** Which one of several contents of that name: its hash, or how that begins. */
  readonly hash?: string;
  /** Bytes a second. */
  readonly limit?: number;
  /** Also from an old client, where nobody else has it: in clear over TCP, and unverified. */
  readonly allowUnencrypted?: boolean;
}

export interface SendOptions {
  /** Bytes a second. */
  readonly limit?: number;
}

export interface AcceptOptions {
  /** Folder that it goes to. */
  readonly to?: string;
  /** From now on, take from this member unasked what is no larger than so many bytes. */
  readonly always?: number;
}

/** Transfers that are over and still shown. */
const KEPT = 200;
/** A peer process that lived so long was no failure to begin with. */
const SOUND_MS = 30_000;

/**
 * Files from peer to peer, as a client has them. The work is done in a process of its own; when that fails, another
 * one takes its place and goes on with what was under way. Nothing of it needs the connection to the daemon but
 * publishing, finding and first meetings: transfers outlive it.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #backoff = new Backoff();
  readonly #transfers = new Map<number, Transfer>();
  readonly #offers = new Map<number, Offer>();
  readonly #jobs = new Map<number, Job>();
  readonly #ends = new Map<number, Deferred<Transfer>>();
  readonly #progress = new Map<number, (done: number, size: number) => void>();
  /** Shares that the daemon does not know of yet. */
  readonly #unlisted = new Map<string, Share>();
  #nextTask = 1;
  #nextId = 1;
  #process: PeerProcess | undefined;
  #starting: Promise<PeerProcess> | undefined;
  #reachable: Reachable | undefined;
  #registering = false;
  #respawn: NodeJS.Timeout | undefined;
  #stopped = false;
  #unlisten: (() => void) | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Every transfer under way, and the last 200 that are over, by number. */
  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()].sort((one, other) => one.id - other.id);
  }

  /** What members want to send and nobody has answered. */
  get offers(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  /** SHA-256 of this peer's public key, hex: what other members see as its fingerprint. Undefined before `start`. */
  get key(): string | undefined {
    return this.#reachable?.key;
  }

  /** Process id of the peer process, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Starts the peer process and, where somebody is signed in, tells the daemon how it is reached.
   * @throws Failure what keeps the process from starting; as the daemon answers
   */
  async start(): Promise<void> {
    this.#stopped = false;
    this.#registering = true;
    this.#unlisten ??= this.#options.caller.on('peer', (introduction) => this.#introduced(introduction));
    await this.#ready();
    await this.#register();
  }

  /**
   * The connection is back, or somebody else signed in on it: tells the daemon anew how this peer is reached.
   * @throws Failure as the daemon answers
   */
  async online(): Promise<void> {
    if (this.#stopped || !this.#registering) return;
    const peer = await this.#ready();
    this.#reachable = await peer.call('online', { daemon: await this.#daemon() });
    await this.#register();
  }

  /** Ends the peer process. What has arrived of a transfer stays, and a later one goes on from there. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#registering = false;
    this.#unlisten?.();
    this.#unlisten = undefined;
    clearTimeout(this.#respawn);
    const peer = this.#process ?? (await this.#starting?.catch(() => undefined));
    this.#starting = undefined;
    this.#process = undefined;
    await peer?.stop();
    for (const { reject } of this.#ends.values()) {
      reject(new Failure('CONNECTION_ENDED', 'The transfer was left: goldctl ends. What has arrived is kept.'));
    }
    this.#ends.clear();
  }

  /**
   * Offers a file to everybody, from where it lies: it is read once for its hash.
   * @throws Failure NO_SUCH_FILE; as the daemon answers
   */
  async publish(path: string, { name, description, onProgress }: PublishOptions = {}): Promise<Listing> {
    const peer = await this.#ready();
    const task = this.#nextTask++;
    if (onProgress) this.#progress.set(task, onProgress);
    try {
      const share = await peer.call('publish', {
        path: absolute(path),
        task,
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
      });
      return await this.#list(share).catch(async (thrown) => {
        // What the daemon does not want is not served either; a lost connection leaves it for the next attempt.
        if (!isLoss(thrown)) await peer.call('unpublish', { name: share.name });
        throw thrown;
      });
    } finally {
      this.#progress.delete(task);
    }
  }

  /** @throws Failure NO_SUCH_FILE when nothing of that name is published by this member */
  async unpublish(name: string): Promise<void> {
    const peer = await this.#ready();
    try {
      await this.#options.caller.call('files.unpublish', { name });
    } catch (thrown) {
      if (isLoss(thrown)) throw thrown;
      await this.#unshare(peer, name);
      throw thrown;
    }
    await this.#unshare(peer, name);
  }

  /**
   * Begins to fetch a file that members who are there offer.
   * @returns the number of the transfer
   * @throws Failure NO_SUCH_FILE; NOT_AVAILABLE when nobody who has it is there; CONFLICT when there are several
   * contents of that name, of which `from` or `hash` names none; NOT_ALLOWED when only old clients have it
   */
  async fetch(
    name: string,
    { from, hash, to, share, limit, allowUnencrypted = false }: FetchOptions = {},
  ): Promise<number> {
    const peer = await this.#ready();
    const { sources } = await this.#options.caller.call('files.find', { name });
    const chosen = choose(name, sources, {
      own: this.#reachable?.key,
      ...(from === undefined ? {} : { from }),
      ...(hash === undefined ? {} : { hash }),
    });
    const [first] = chosen;
    const how = {
      ...(to === undefined ? {} : { to: absolute(to) }),
      ...(limit === undefined ? {} : { limit }),
    };
    if (first.unencrypted) {
      if (!allowUnencrypted) throw onlyUnencrypted(chosen);
      if (share) throw notShared(first);
      return peer.call('fetchPlain', { ...this.#plainFile(first, chosen), ...how });
    }
    return peer.call('fetch', {
      name: first.name,
      size: first.size,
      hash: first.hash,
      sources: chosen.map(({ member, key }) => ({ member, key })),
      ...how,
      ...(share === undefined ? {} : { share }),
    });
  }

  /**
   * Offers a file or a folder to one member, and sends it once he accepts. Goes on after every loss until it is there,
   * declined or cancelled.
   * @returns the number of the transfer
   * @throws Failure NO_SUCH_FILE
   */
  async send(member: string, path: string, { limit }: SendOptions = {}): Promise<number> {
    const peer = await this.#ready();
    return peer.call('send', { member, path: absolute(path), ...(limit === undefined ? {} : { limit }) });
  }

  /** @throws Failure NOT_FOUND when nothing of that number is offered */
  async accept(id: number, { to, always }: AcceptOptions = {}): Promise<void> {
    const peer = await this.#ready();
    await peer.call('accept', {
      id,
      ...(to === undefined ? {} : { to: absolute(to) }),
      ...(always === undefined ? {} : { always }),
    });
    this.#offers.delete(id);
  }

  /** @throws Failure NOT_FOUND when nothing of that number is offered */
  async decline(id: number, reason?: string): Promise<void> {
    const peer = await this.#ready();
    await peer.call('decline', { id, ...(reason === undefined ? {} : { reason }) });
    this.#offers.delete(id);
  }

  /** Ends a transfer for good. What is over already stays as it is. @throws Failure NOT_FOUND */
  async cancel(id: number): Promise<void> {
    const transfer = this.#transfers.get(id);
    if (!transfer) throw noTransfer(id);
    if (isOver(transfer)) return;
    await (await this.#ready()).call('cancel', { id });
  }

  /**
   * Resolves when it is done, failed, declined or cancelled.
   * @throws Failure NOT_FOUND; CONNECTION_ENDED when these peers are stopped first
   */
  finished(id: number): Promise<Transfer> {
    const transfer = this.#transfers.get(id);
    if (!transfer) return Promise.reject(noTransfer(id));
    if (isOver(transfer)) return Promise.resolve(transfer);
    const end = this.#ends.get(id) ?? deferred<Transfer>();
    this.#ends.set(id, end);
    end.promise.catch(() => {}); // told to who waits
    return end.promise;
  }

  /** Takes from a member unasked what is no larger than so many bytes; null: asks again. */
  async allow(member: string, bytes: number | null): Promise<void> {
    await (await this.#ready()).call('allow', { member, bytes });
  }

  /** Accepts that a member has another key than before. @param key 64 hexadecimal digits, as the notice told it */
  async trust(member: string, key: string): Promise<void> {
    await (await this.#ready()).call('trust', { member, key });
  }

  /** Where an old client gives a file. From the daemon's own machine, it comes from loopback: there the daemon is. */
  #plainFile({ member, name, size, address, tcpPort }: Source, chosen: readonly Source[]): PlainFile {
    if (chosen.length > 1) {
      const have = chosen.map((one) => `${one.member} (${one.size} bytes)`).join(', ');
      throw new Failure(
        'CONFLICT',
        `${name} is offered by old clients alone: ${have}. Nothing says whether it is the same. Say whose you want with --from.`,
        { data: { name } },
      );
    }
    if (address === null || tcpPort === undefined || isIP(address) === 0) throw notThere(name, [member]);
    const { remoteAddress } = this.#options.caller;
    return { member, name, size, port: tcpPort, address: isLoopback(address) ? (remoteAddress ?? address) : address };
  }

  async #unshare(peer: PeerProcess, name: string): Promise<void> {
    this.#unlisted.delete(name);
    await peer.call('unpublish', { name });
  }

  /** The peer process, once it answers; what is called while it is started again waits. */
  #ready(): Promise<PeerProcess> {
    if (this.#stopped) {
      return Promise.reject(new Failure('CONNECTION_ENDED', 'Files were stopped: goldctl ends.'));
    }
    this.#starting ??= this.#spawn().catch((thrown) => {
      this.#starting = undefined;
      throw thrown;
    });
    return this.#starting;
  }

  async #spawn(): Promise<PeerProcess> {
    const { caller, home, downloads, port = 0, silenceMs, onOffer } = this.#options;
    const daemon = await this.#daemon();
    const bornAt = performance.now();
    const peer: PeerProcess = new PeerProcess({
      answers: {
        introduce: (params) => caller.call('peer.connect', params),
        list: async (share) => {
          this.#unlisted.set(share.name, share);
          await this.#listAll();
          return null;
        },
      },
      onEvent: (event, params) => this.#told(event, params),
      onEnd: (why) => this.#died(peer, why, performance.now() - bornAt),
    });
    this.#process = peer;
    try {
      this.#reachable = await peer.call('start', {
        server: roomKey(caller.target),
        daemon,
        port,
        peerFile: home.peerFile,
        sharesFile: home.sharesFile,
        peersFile: home.peersFile,
        downloads: downloads === undefined ? home.downloadsFolder : absolute(downloads),
        partStates: home.partStatesFolder,
        ...(silenceMs === undefined ? {} : { silenceMs }),
        asksUser: onOffer !== undefined,
        nextId: this.#nextId,
        jobs: [...this.#jobs.values()],
      });
      return peer;
    } catch (thrown) {
      this.#process = undefined;
      void peer.stop();
      throw thrown;
    }
  }

  #died(peer: PeerProcess, why: string, livedMs: number): void {
    if (peer !== this.#process || this.#stopped) return;
    this.#process = undefined;
    this.#starting = undefined;
    for (const transfer of this.#transfers.values()) if (!isOver(transfer)) this.#interrupted(transfer);
    if (livedMs >= SOUND_MS) this.#backoff.reset();
    this.#options.onNotice?.(`The process that carries files ended (${why}). It is started again; transfers go on.`);
    this.#respawn = setTimeout(() => void this.#again(), this.#backoff.next());
  }

  async #again(): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#ready();
    } catch (thrown) {
      if (this.#stopped) return;
      this.#options.onNotice?.(
        `The process that carries files cannot be started: ${Failure.from(thrown).message} It is tried again.`,
      );
      clearTimeout(this.#respawn);
      this.#respawn = setTimeout(() => void this.#again(), this.#backoff.next());
      return;
    }
    await this.#register().catch((thrown) => {
      // Without a connection the next `online` does it.
      if (isLoss(thrown) || this.#stopped) return;
      this.#options.onNotice?.(`Others cannot reach you for files: ${Failure.from(thrown).message}`);
    });
  }

  /** What another process can go on with waits; somebody who fetches from here asks again by himself. */
  #interrupted(transfer: Transfer): void {
    const reason = 'The process that carries files ended, and is started again.';
    this.#take({
      ...transfer,
      peers: transfer.peers.map(({ member }) => ({ member, path: null })),
      bytesPerSecond: 0,
      place: null,
      reason,
      ...(this.#jobs.has(transfer.id)
        ? { state: transfer.state === 'offered' ? 'offered' : 'connecting' }
        : { state: 'failed', status: new Failure('NOT_AVAILABLE').status, endedAt: Date.now() }),
    });
  }

  #told<E extends keyof PeerEvents>(event: E, params: PeerEvents[E]): void {
    switch (event) {
      case 'transfer':
        this.#take(params as Transfer);
        break;
      case 'job': {
        const { id, job } = params as PeerEvents['job'];
        if (job) this.#jobs.set(id, job);
        else this.#jobs.delete(id);
        break;
      }
      case 'offer': {
        const offer = params as Offer;
        this.#offers.set(offer.id, offer);
        this.#options.onOffer?.(offer);
        break;
      }
      case 'notice':
        this.#options.onNotice?.(params as string);
        break;
      case 'hashing': {
        const { task, done, size } = params as PeerEvents['hashing'];
        this.#progress.get(task)?.(done, size);
        break;
      }
    }
  }

  #take(transfer: Transfer): void {
    const { id } = transfer;
    this.#nextId = Math.max(this.#nextId, id + 1);
    this.#transfers.set(id, transfer);
    if (transfer.direction === 'in' && transfer.state !== 'offered') this.#offers.delete(id);
    if (isOver(transfer)) {
      this.#jobs.delete(id);
      this.#ends.get(id)?.resolve(transfer);
      this.#ends.delete(id);
      this.#forget();
    }
    this.#options.onTransfer?.(transfer);
  }

  #forget(): void {
    const over = this.transfers.filter(isOver);
    for (const { id } of over.slice(0, Math.max(0, over.length - KEPT))) this.#transfers.delete(id);
  }

  #introduced(introduction: EventParams<'peer'>): void {
    // A peer process that is being started again would come too late: the other side asks once more.
    void this.#process?.call('introduced', introduction as Introduction).catch(() => {});
  }

  async #register(): Promise<void> {
    const { caller, onOffer } = this.#options;
    if (!this.#registering || !this.#reachable || caller.name === null) return;
    const { port, key, local } = this.#reachable;
    const offers = onOffer !== undefined;
    await caller.call('peer.register', { port, key, local: local.slice(0, 4), ...(offers ? {} : { offers }) });
    await this.#process?.call('registered', null);
    await this.#listAll();
  }

  /** Tells the daemon of shares that it does not know of; what it cannot hear now it hears after the next return. */
  async #listAll(): Promise<void> {
    for (const share of [...this.#unlisted.values()]) {
      try {
        await this.#list(share);
      } catch (thrown) {
        const { message, code, data } = Failure.from(thrown);
        if (isLoss(thrown) || this.#stopped) return;
        if (code === 'TOO_MANY_REQUESTS') {
          await sleep(typeof data.retryAfterMs === 'number' ? data.retryAfterMs : LATER_MS);
          return this.#listAll();
        }
        if (this.#unlisted.get(share.name) === share) this.#unlisted.delete(share.name);
        this.#options.onNotice?.(`${share.name} is not published: ${message}`);
      }
    }
  }

  async #list({ name, size, hash, modified, description }: Share): Promise<Listing> {
    const { caller } = this.#options;
    const { key } = this.#reachable!; // a share comes from a process that has started
    await caller.call('files.publish', {
      name,
      size,
      hash,
      modified,
      key,
      ...(description === '' ? {} : { description }),
    });
    if (this.#unlisted.get(name)?.hash === hash) this.#unlisted.delete(name);
    return { member: caller.name ?? '', name, size, hash, modified, description, key, at: Date.now(), online: true };
  }

  async #daemon(): Promise<Place> {
    const { caller, daemon } = this.#options;
    const { target } = caller;
    if (daemon) return daemon;
    if (target.kind !== 'local') {
      return { address: caller.remoteAddress ?? (await addressOf(target.host)), port: target.port };
    }
    const { listening } = await caller.call('admin.status', {});
    const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(listening[0]?.address ?? '');
    if (!match) throw new Failure('NOT_AVAILABLE', 'The daemon here does not listen: files go by way of its port.');
    const [, address, port] = match as unknown as [string, string, string];
    const here = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    return { address: here, port: Number(port) };
  }
}

type Source = Result<'files.find'>['sources'][number];

/**
 * The sources of one content: what the caller named, else the only one there is. Those who are there come first. Where
 * only old clients are there that have it, these.
 */
function choose(
  name: string,
  sources: readonly Source[],
  { own, from, hash }: { readonly own: string | undefined; readonly from?: readonly string[]; readonly hash?: string },
): [Source, ...Source[]] {
  const named = (member: string) =>
    from === undefined || from.some((one) => one.toLowerCase() === member.toLowerCase());
  const others = sources.filter(({ key }) => key !== own);
  const fitting = others.filter(
    (source) => named(source.member) && (hash === undefined || source.hash.startsWith(hash.toLowerCase())),
  );
  if (fitting.length === 0) {
    if (others.length === 0) {
      throw new Failure('NO_SUCH_FILE', `Only you have ${name}: it lies here already.`, { data: { name } });
    }
    const have = [...new Set(others.map(({ member }) => member))].join(', ');
    throw new Failure('NO_SUCH_FILE', `Nobody of those you named has that ${name}. It is offered by ${have}.`, {
      data: { name },
    });
  }
  const groups = new Map<string, Source[]>();
  for (const source of fitting) {
    if (source.online && !source.unencrypted) {
      groups.set(source.hash, [...(groups.get(source.hash) ?? []), source]);
    }
  }
  if (groups.size === 0) {
    const [old, ...more] = fitting.filter(({ online }) => online);
    if (old) return [old, ...more];
    throw notThere(name, [...new Set(fitting.map(({ member }) => member))]);
  }
  if (groups.size > 1) {
    const contents = [...groups].map(
      ([root, [first, ...rest]]) =>
        `${first!.size} bytes of ${[first!, ...rest].map(({ member }) => member).join(', ')} (${root.slice(0, 12)})`,
    );
    throw new Failure(
      'CONFLICT',
      `There are ${groups.size} different files named ${name}: ${contents.join('; ')}. Say whose you want with --from, or which with --hash.`,
      { data: { name, contents, hashes: [...groups.keys()] } },
    );
  }
  const [online] = groups.values();
  // Who has the same and is away may come back before it is done.
  const away = fitting.filter((source) => !source.online && source.hash === online![0]!.hash);
  return [...online!, ...away] as [Source, ...Source[]];
}

function notThere(name: string, members: readonly string[]): Failure {
  return new Failure(
    'NOT_AVAILABLE',
    `${name} is offered by ${members.join(', ')}, who ${members.length === 1 ? 'is' : 'are'} not there now. Try again when \`goldctl users\` shows them.`,
    { data: { name } },
  );
}

function onlyUnencrypted([{ name, member }, ...more]: readonly [Source, ...Source[]]): Failure {
  const members = [member, ...more.map((source) => source.member)].join(', ');
  return new Failure(
    'NOT_ALLOWED',
    `${name} is offered by ${members} alone, by an old client: it comes unencrypted over TCP, and nothing verifies it. If you want it so: \`goldctl files fetch "${name}" --allow-unencrypted\`.`,
    { data: { name, unencrypted: true } },
  );
}

function notShared({ name, member }: Source): Failure {
  return new Failure(
    'NOT_ALLOWED',
    `${name} comes from an old client of ${member}, and nothing verifies it: look at it first, then publish it yourself. Fetch it without --share.`,
    { data: { name } },
  );
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new Failure('NO_DAEMON', `There is no address of ${host}. Check the name, and the network.`, { cause });
  }
}

/** Nobody refused: there was no connection, or nobody signed in on it. */
function isLoss(thrown: unknown): boolean {
  return ['CONNECTION_ENDED', 'NO_DAEMON', 'NOT_SIGNED_IN', 'TOO_SLOW'].includes(Failure.from(thrown).code);
}

function noTransfer(id: number): Failure {
  return new Failure('NOT_FOUND', `There is no transfer ${id}.`, { data: { id } });
}
