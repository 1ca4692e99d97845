import { setMaxListeners } from 'node:events';
import { AppError } from '../domain/app-error.ts';
import type { Endpoint } from '../protocol/datagram.ts';
import { readChannelRequest, sendRefusal } from './channel-request.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import { DownloadManager } from './download-manager.ts';
import { FramedChannel } from './framed-channel.ts';
import { type Identity, loadIdentity } from './identity.ts';
import { IncomingTransfers } from './incoming-transfers.ts';
import type { IpcHandlers, PeerCalls, PeerEndpointInfo, PeerEvents, PeerSettings, Share, TransferJob } from './ipc.ts';
import { LegacyDownloadManager } from './legacy-download-manager.ts';
import { OutgoingTransfers } from './outgoing-transfers.ts';
import { PartialFile } from './partial-file.ts';
import { PeerConnector } from './peer-connector.ts';
import { PeerTransport } from './peer-transport.ts';
import { ProbeBudget } from './probe-budget.ts';
import { Latch } from './retry-timer.ts';
import { ShareStore } from './share-store.ts';
import { TransferRegistry } from './transfer-registry.ts';
import { TrustStore } from './trust-store.ts';
import { UploadManager } from './upload-manager.ts';
import { UploadSlots } from './upload-slots.ts';

export interface PeerAgentOptions {
  /** Asks the daemon to connect us to a member. */
  readonly introduce: (member: string, key?: string) => Promise<ConnectionOffer>;
  /** Reports a new or changed share to the daemon. */
  readonly announceShare: (share: Share) => Promise<void>;
  readonly emit: <E extends keyof PeerEvents>(event: E, params: PeerEvents[E]) => void;
}

interface AgentComponents {
  readonly settings: PeerSettings;
  readonly identity: Identity;
  readonly shareStore: ShareStore;
  readonly trustStore: TrustStore;
  readonly connector: PeerConnector;
  readonly transfers: TransferRegistry;
  readonly fileServer: UploadManager;
  readonly outgoing: OutgoingTransfers;
  readonly incoming: IncomingTransfers;
  readonly downloadManager: DownloadManager;
  readonly legacyDownloadManager: LegacyDownloadManager;
}

/** One peer: its published files, its transfers, and its connections to other peers. */
export class PeerAgent {
  readonly ipcHandlers: IpcHandlers<Omit<PeerCalls, 'stop'>>;
  readonly #options: PeerAgentOptions;
  readonly #abort = new AbortController();
  readonly #registrationLatch = new Latch();
  readonly #probeBudget = new ProbeBudget();
  /** The last one is current. The others were bound for earlier addresses of the daemon and keep their channels. */
  readonly #transports: { readonly transport: PeerTransport; readonly daemon: Endpoint }[] = [];
  #components: AgentComponents | undefined;

  constructor(options: PeerAgentOptions) {
    this.#options = options;
    setMaxListeners(0, this.#abort.signal); // one listener per channel that is being opened
    this.ipcHandlers = {
      start: (settings) => this.#start(settings),
      online: ({ daemon }) => this.#onDaemonReconnected(daemon),
      registered: () => {
        this.#registrationLatch.open();
        return toNull(this.#retryNow());
      },
      introduced: (offer) => {
        void this.#onIncomingConnection(offer);
        return toNull(undefined);
      },
      publish: ({ path, name, description, task }) =>
        this.#started.shareStore.publish(path, {
          name,
          description,
          onProgress: (done, size) => options.emit('hashing', { task, done, size }),
        }),
      unpublish: ({ name }) => toNull(this.#started.shareStore.remove(name)),
      fetch: async (request) => this.#started.downloadManager.fetch(request),
      fetchPlain: async (request) => this.#started.legacyDownloadManager.fetch(request),
      send: (request) => this.#started.outgoing.send(request),
      accept: ({ id, to, always }) => toNull(this.#started.incoming.accept(id, to, always)),
      decline: ({ id, reason }) => toNull(this.#started.incoming.decline(id, reason)),
      cancel: ({ id }) => toNull(this.#cancel(id)),
      allow: ({ member, bytes }) => toNull(this.#started.trustStore.setAutoAccept(member, bytes)),
      trust: ({ member, key }) => toNull(this.#started.trustStore.addKey(member, key).then(() => this.#retryNow())),
    };
  }

  /** Stops all transfers in a way that lets another process resume them. */
  async stop(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(new AppError('CONNECTION_ENDED', 'The file-transfer process is stopping.'));
    const components = this.#components;
    if (!components) return;
    components.transfers.stop();
    components.shareStore.stop();
    components.fileServer.stop();
    components.outgoing.stop();
    await Promise.all([
      components.incoming.stop(),
      components.downloadManager.stop(),
      components.legacyDownloadManager.stop(),
    ]);
    await Promise.all(this.#transports.map(({ transport }) => transport.stop()));
  }

  async #start(settings: PeerSettings): Promise<PeerEndpointInfo> {
    const { emit, introduce, announceShare } = this.#options;
    const onNotice = (text: string) => emit('notice', text);
    const identity = await loadIdentity(settings.peerFile);
    const trustStore = new TrustStore(settings.peersFile, settings.server, (member, key) =>
      onNotice(`First contact with ${member}. Their fingerprint is sha256:${key}.`),
    );
    const shareStore = new ShareStore({
      file: settings.sharesFile,
      onChanged: (share) => void announceShare(share).catch((thrown) => onNotice(AppError.from(thrown).message)),
      onNotice,
    });
    const transfers = new TransferRegistry({
      nextId: settings.nextId,
      onChange: (transfer) => emit('transfer', transfer),
      onJob: (id, job) => emit('job', { id, job }),
    });
    const transport = () => this.#transports.at(-1)!.transport;
    const connector = new PeerConnector({ trustStore, transport, introduce, onNotice });
    const slots = new UploadSlots();
    const { asksUser } = settings;
    const folders = { downloadFolder: settings.downloads, stateFolder: settings.partStates };
    const shared = { connector, transfers, registrationLatch: this.#registrationLatch, onNotice };
    this.#components = {
      settings,
      identity,
      shareStore,
      trustStore,
      connector,
      transfers,
      fileServer: new UploadManager({ shareStore, slots, transfers }),
      outgoing: new OutgoingTransfers({ ...shared, slots }),
      incoming: new IncomingTransfers({
        ...folders,
        transfers,
        trustStore,
        asksUser,
        onOffer: (offer) => emit('offer', offer),
      }),
      downloadManager: new DownloadManager({ ...shared, ...folders, shareStore, announceShare }),
      legacyDownloadManager: new LegacyDownloadManager({ ...folders, transfers }),
    };
    await this.#bind(settings.daemon, settings.port);
    shareStore.start();
    void PartialFile.removeStaleStates(settings.partStates).catch(() => {}); // stale states do no harm
    for (const job of settings.jobs) this.#resume(job);
    return this.#endpointInfo();
  }

  async #bind(daemon: Endpoint, port: number): Promise<void> {
    const { identity, settings } = this.#started;
    const { silenceMs } = settings;
    const transport = new PeerTransport({ identity, port, daemon, probeBudget: this.#probeBudget, silenceMs });
    await transport.start();
    this.#transports.push({ transport, daemon });
  }

  async #onDaemonReconnected(daemon: Endpoint): Promise<PeerEndpointInfo> {
    const { daemon: previous } = this.#transports.at(-1)!;
    if (previous.address !== daemon.address || previous.port !== daemon.port) await this.#bind(daemon, 0);
    return this.#endpointInfo();
  }

  #endpointInfo(): PeerEndpointInfo {
    const { transport } = this.#transports.at(-1)!;
    return { port: transport.port, key: this.#started.identity.fingerprint, local: transport.localEndpoints() };
  }

  #resume(job: TransferJob): void {
    const { outgoing, incoming, downloadManager } = this.#started;
    if (job.kind === 'send') void outgoing.resume(job);
    else if (job.kind === 'fetch') downloadManager.resume(job);
    else incoming.resume(job);
  }

  /** Serves a connection that another member opened. Errors before their request has arrived are shown on their side. */
  async #onIncomingConnection(offer: ConnectionOffer): Promise<void> {
    const { connector, fileServer, incoming } = this.#started;
    let release: (() => void) | undefined;
    try {
      const accepted = await connector.accept(offer, this.#abort.signal);
      release = accepted.release;
      const channel = new FramedChannel(accepted.peer);
      void channel.ended.then(accepted.release);
      if (!(await this.#verifyKnownKey(channel))) return;
      const request = await readChannelRequest(channel);
      if (request.kind === 'want') await fileServer.serve(request, channel);
      else await incoming.handleOffer(request, channel);
    } catch (thrown) {
      release?.();
      const error = AppError.from(thrown);
      if (error.code !== 'INTERNAL') return;
      const reason = error.cause instanceof Error ? error.cause.message : String(error.cause);
      this.#options.emit('notice', `A file request from ${offer.member} failed: ${reason}`);
    }
  }

  /** Checks a member's key against the known ones. If it differs, refuses them before they have sent anything. */
  async #verifyKnownKey(channel: FramedChannel): Promise<boolean> {
    try {
      await this.#started.connector.verifyKey(channel.peer);
      return true;
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      const refusal =
        code === 'NOT_ALLOWED'
          ? new AppError(
              code,
              `They know you by a different key than sha256:${channel.peer.key}; are you on a new machine? Ask them to run \`goldctl files trust\`, then try again.`,
            )
          : new AppError('NOT_AVAILABLE', 'The other side cannot read its list of known keys. Try again later.');
      await sendRefusal(channel, refusal);
      if (code !== 'NOT_ALLOWED') this.#options.emit('notice', message);
      return false;
    }
  }

  #retryNow(): void {
    this.#started.outgoing.retryNow();
    this.#started.downloadManager.retryNow();
  }

  async #cancel(id: number): Promise<void> {
    const { fileServer, outgoing, incoming, downloadManager, legacyDownloadManager } = this.#started;
    if (fileServer.cancel(id) || outgoing.cancel(id)) return;
    if (await incoming.cancel(id)) return;
    if ((await downloadManager.cancel(id)) || (await legacyDownloadManager.cancel(id))) return;
    throw new AppError('NOT_FOUND', `There is no active transfer ${id}.`, { data: { id } });
  }

  get #started(): AgentComponents {
    if (!this.#components) throw new AppError('NOT_AVAILABLE', 'The file-transfer process has not started yet.');
    return this.#components;
  }
}

/** Result of the calls that return nothing. */
async function toNull(work: Promise<void> | void): Promise<null> {
  await work;
  return null;
}
