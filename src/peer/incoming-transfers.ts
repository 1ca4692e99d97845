import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { declineOffer, type FileOffer, sendRefusal } from './channel-request.ts';
import { Download } from './download.ts';
import { downloadToTransferUpdate } from './download-manager.ts';
import type { FramedChannel } from './framed-channel.ts';
import type { ReceiveJob, TransferOffer } from './ipc.ts';
import { isFinalError } from './outgoing-transfers.ts';
import type { TransferEntry, TransferRegistry } from './transfer-registry.ts';
import type { TrustStore } from './trust-store.ts';

export interface IncomingTransfersOptions {
  readonly transfers: TransferRegistry;
  readonly trustStore: TrustStore;
  readonly downloadFolder: string;
  readonly stateFolder: string;
  /** Whether a user can be asked to accept offers. */
  readonly asksUser: boolean;
  readonly onOffer: (offer: TransferOffer) => void;
  /** How long an offer stays open when its sender has disconnected. Default 60 s. */
  readonly senderAbsentMs?: number;
}

const MAX_PENDING_OFFERS = 20;
const MAX_PENDING_OFFERS_PER_MEMBER = 3;
const MAX_RUNNING_PER_MEMBER = 16;
/** Finished transfers are remembered, so that a repeated offer is answered with the outcome. */
const MAX_FINISHED_TRANSFERS = 500;

/** One offer, from its arrival to the end of the transfer, over any number of channels. */
interface IncomingTransfer {
  readonly entry: TransferEntry;
  readonly member: string;
  readonly key: string;
  isAccepted: boolean;
  targetFolder: string | undefined;
  /** Undefined if only an earlier process has received it so far. */
  offer?: FileOffer;
  channel?: FramedChannel;
  /** The channel that the download uses. */
  downloadChannel?: FramedChannel;
  download?: Download;
  /** Why it ended, as reported to the sender. */
  failure?: AppError;
  absentTimer?: NodeJS.Timeout;
}

/** Files sent by members: accepted by the user or by an auto-accept rule, and resumed whenever the sender is back. */
export class IncomingTransfers {
  readonly #options: IncomingTransfersOptions;
  /** By key of the sender and id of the offer. */
  readonly #incoming = new Map<string, IncomingTransfer>();

  constructor(options: IncomingTransfersOptions) {
    this.#options = options;
  }

  /** Handles a new or repeated offer. */
  async handleOffer(offer: FileOffer, channel: FramedChannel): Promise<void> {
    const name = `${channel.peer.key} ${offer.id}`;
    const known = this.#incoming.get(name) ?? this.#findAbandoned(name, offer, channel);
    if (known && (known.offer === undefined || hasSameFiles(known.offer, offer))) {
      if (known.entry.isFinished) await this.#sendOutcome(known, channel);
      else await this.#attach(known, offer, channel);
      return;
    }
    if (known) {
      this.#endTransfer(known, 'failed', new AppError('GONE', `${offer.name} has changed since it was offered.`));
      this.#incoming.delete(name);
    }
    await this.#addOffer(name, offer, channel);
  }

  /** @throws AppError NOT_FOUND */
  async accept(id: number, to: string | undefined, always: number | undefined): Promise<void> {
    const transfer = this.#pendingOffer(id);
    if (always !== undefined) await this.#options.trustStore.setAutoAccept(transfer.member, always);
    transfer.isAccepted = true;
    transfer.targetFolder = to;
    const job = transfer.entry.job as ReceiveJob;
    transfer.entry.job = { ...job, accepted: true, ...defined({ to }) };
    transfer.entry.update({ state: 'connecting' });
    void this.#startDownload(transfer);
  }

  /** @throws AppError NOT_FOUND */
  decline(id: number, reason = 'The receiver declined.'): void {
    this.#endTransfer(this.#pendingOffer(id), 'declined', new AppError('NOT_ALLOWED', reason.slice(0, 300)));
  }

  /** @returns whether the transfer exists */
  async cancel(id: number): Promise<boolean> {
    const transfer = this.#find(id);
    if (!transfer) return false;
    const { entry, download, channel } = transfer;
    if (!transfer.isAccepted) {
      this.#endTransfer(transfer, 'cancelled', new AppError('NOT_ALLOWED', 'The receiver declined.'));
      return true;
    }
    transfer.failure = new AppError('CONNECTION_ENDED', 'The receiver cancelled the transfer.');
    entry.end('cancelled');
    await download?.cancel();
    if (channel && !channel.isClosed) await declineOffer(channel, transfer.failure);
    return true;
  }

  /** Restores a transfer of an earlier process, which resumes when its sender is back. */
  resume(job: ReceiveJob): void {
    const { id, startedAt, member, key, token, name, size, files, accepted, to } = job;
    const state = accepted ? 'connecting' : 'offered';
    const entry = this.#options.transfers.add({ direction: 'in', member, name, size, files, state, id, startedAt });
    entry.job = job;
    const transfer: IncomingTransfer = { entry, member, key, isAccepted: accepted, targetFolder: to };
    this.#incoming.set(`${key} ${token}`, transfer);
    this.#startAbsentTimer(transfer);
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#incoming.values()].map(async ({ download, channel, absentTimer }) => {
        clearTimeout(absentTimer);
        await download?.stop();
        if (channel && !channel.isClosed) channel.close();
      }),
    );
  }

  async #addOffer(name: string, offer: FileOffer, channel: FramedChannel): Promise<void> {
    const { member, key } = channel.peer;
    const accepted = await this.#options.trustStore.autoAccepts(member, offer.size);
    if (this.#incoming.has(name)) {
      await this.handleOffer(offer, channel); // the same offer arrived twice at once
      return;
    }
    // There must be no await between counting and adding the transfer.
    const unfinished = [...this.#incoming.values()].filter(({ entry }) => !entry.isFinished);
    const pending = unfinished.filter(({ isAccepted }) => !isAccepted);
    const countOfMember = (all: IncomingTransfer[]) => all.filter((transfer) => transfer.key === key).length;
    const isOverLimit = accepted
      ? countOfMember(unfinished) - countOfMember(pending) >= MAX_RUNNING_PER_MEMBER
      : pending.length >= MAX_PENDING_OFFERS || countOfMember(pending) >= MAX_PENDING_OFFERS_PER_MEMBER;
    if (isOverLimit) {
      const message = 'Too many offers are waiting for an answer. Try again when some have been answered.';
      return declineOffer(channel, new AppError('TOO_MANY_REQUESTS', message));
    }
    if (!accepted && !this.#options.asksUser) {
      return sendRefusal(channel, new AppError('NOT_AVAILABLE', 'Nobody is there to accept the offer.'));
    }
    const details = { member, name: offer.name, size: offer.size, files: offer.files.length };
    const state = accepted ? 'connecting' : 'offered';
    const entry = this.#options.transfers.add({ direction: 'in', state, ...details });
    const { id, snapshot } = entry;
    const { startedAt } = snapshot;
    entry.job = { kind: 'receive', id, startedAt, token: offer.id, key, accepted, ...details };
    const transfer: IncomingTransfer = { entry, member, key, isAccepted: accepted, targetFolder: undefined };
    this.#incoming.set(name, transfer);
    this.#removeOldest();
    if (!accepted) this.#options.onOffer({ id, key, at: startedAt, ...details });
    await this.#attach(transfer, offer, channel);
  }

  async #attach(transfer: IncomingTransfer, offer: FileOffer, channel: FramedChannel): Promise<void> {
    const { entry, member } = transfer;
    clearTimeout(transfer.absentTimer);
    const previous = transfer.channel;
    transfer.offer = offer;
    transfer.channel = channel;
    if (previous && !previous.isClosed && !transfer.download) previous.close();
    entry.setPath(member, channel.peer.path);
    void channel.ended.then(() => {
      if (transfer.channel !== channel || entry.isFinished) return;
      delete transfer.channel;
      entry.setPath(member, null);
      this.#startAbsentTimer(transfer);
    });
    if (transfer.isAccepted) return this.#startDownload(transfer);
    channel.setHandler({
      onMessage: (message) => {
        if (message.type !== 'refuse') throw new AppError('INVALID_REQUEST', 'The offer has not been answered yet.');
        if (message.declined)
          this.#endTransfer(transfer, 'cancelled', new AppError('CONNECTION_ENDED', 'The sender withdrew the offer.'));
        else channel.close();
      },
    });
  }

  async #startDownload(transfer: IncomingTransfer): Promise<void> {
    const { entry, offer, key, member } = transfer;
    if (!offer || !transfer.channel) return; // waits for the sender
    if (!transfer.download) {
      const download = new Download({
        downloadFolder: transfer.targetFolder ?? this.#options.downloadFolder,
        stateFolder: this.#options.stateFolder,
        name: offer.name,
        folder: offer.folder,
        sender: key,
        files: offer.files,
        onProgress: (progress) => entry.update(downloadToTransferUpdate(progress, [{ member }])),
      });
      transfer.download = download;
      download.finished.then(
        (saved) => entry.end('done', undefined, saved),
        (thrown) => this.#onDownloadFailed(transfer, AppError.from(thrown)),
      );
      await download.open().catch(() => {}); // `finished` reports the error
    }
    const { channel, download } = transfer;
    if (!channel || channel.isClosed || channel === transfer.downloadChannel) return;
    transfer.downloadChannel = channel;
    if (entry.isFinished) return this.#sendOutcome(transfer, channel);
    const { outcome, failure } = await download.addSource(channel, 'offer');
    // The download may already use a newer channel.
    if (entry.isFinished || (transfer.channel && transfer.channel !== channel)) return;
    if (outcome === 'done' || outcome === 'stopped') return;
    const reason = failure ?? new AppError('CONNECTION_ENDED', `Lost the connection to ${member}.`);
    const isCancelled = outcome === 'refused' && failure?.data.declined === true;
    if (isCancelled || outcome === 'misbehaved' || (outcome === 'refused' && isFinalError(reason))) {
      transfer.failure = reason;
      entry.end(isCancelled ? 'cancelled' : 'failed', reason);
      await download.stop(reason);
    } else entry.update({ state: 'connecting', reason: reason.message, status: reason.status });
  }

  /** For instance because the disk is full. */
  #onDownloadFailed(transfer: IncomingTransfer, failure: AppError): void {
    if (transfer.entry.isFinished || failure.code === 'CONNECTION_ENDED') return;
    transfer.failure = failure;
    transfer.entry.end('failed', failure);
  }

  #endTransfer(transfer: IncomingTransfer, state: 'declined' | 'cancelled' | 'failed', failure: AppError): void {
    const { entry, channel, download } = transfer;
    clearTimeout(transfer.absentTimer);
    transfer.failure = failure;
    entry.end(state, failure);
    if (download) void download.stop(failure, true);
    else if (channel && !channel.isClosed) void declineOffer(channel, failure);
  }

  async #sendOutcome({ entry, failure }: IncomingTransfer, channel: FramedChannel): Promise<void> {
    if (entry.snapshot.state === 'done') {
      channel.send({ type: 'done' });
      channel.close();
      return;
    }
    const reason = failure ?? new AppError('CONNECTION_ENDED', 'The receiver ended the transfer.');
    await declineOffer(channel, redactStoreError(reason));
  }

  /** An unanswered offer ends if its sender does not come back. An accepted one waits for them. */
  #startAbsentTimer(transfer: IncomingTransfer): void {
    if (transfer.isAccepted) return;
    transfer.absentTimer = setTimeout(() => {
      const message = `${transfer.member} disconnected, so the offer has ended.`;
      this.#endTransfer(transfer, 'cancelled', new AppError('CONNECTION_ENDED', message));
    }, this.#options.senderAbsentMs ?? 60_000);
  }

  /** Finds an accepted, interrupted transfer that the sender now offers under a new id. */
  #findAbandoned(name: string, offer: FileOffer, channel: FramedChannel): IncomingTransfer | undefined {
    for (const [oldName, transfer] of this.#incoming) {
      const { entry, isAccepted, key } = transfer;
      if (entry.isFinished || !isAccepted || key !== channel.peer.key || transfer.channel || !transfer.offer) continue;
      if (transfer.offer.name !== offer.name || !hasSameFiles(transfer.offer, offer)) continue;
      this.#incoming.delete(oldName);
      this.#incoming.set(name, transfer);
      entry.job = { ...(entry.job as ReceiveJob), token: offer.id };
      return transfer;
    }
    return undefined;
  }

  #find(id: number): IncomingTransfer | undefined {
    return [...this.#incoming.values()].find(({ entry }) => entry.id === id);
  }

  #pendingOffer(id: number): IncomingTransfer {
    const transfer = this.#find(id);
    if (transfer && !transfer.entry.isFinished && !transfer.isAccepted) return transfer;
    throw new AppError('NOT_FOUND', `There is no pending offer ${id}.`, { data: { id } });
  }

  #removeOldest(): void {
    const finished = [...this.#incoming].filter(([, { entry }]) => entry.isFinished);
    const excess = Math.max(0, finished.length - MAX_FINISHED_TRANSFERS);
    for (const [name] of finished.slice(0, excess)) this.#incoming.delete(name);
  }
}

/** Does not reveal where this side stores its files. */
function redactStoreError(error: AppError): AppError {
  if (error.code !== 'STORE_FAILED') return error;
  return new AppError('NOT_AVAILABLE', 'The receiver cannot save the file because of a disk error.');
}

function hasSameFiles(one: FileOffer, other: FileOffer): boolean {
  if (one.folder !== other.folder || one.files.length !== other.files.length) return false;
  return one.files.every(({ path, size, modified }, i) => {
    const file = other.files[i]!;
    return path === file.path && size === file.size && modified === file.modified;
  });
}
