import { Failure } from '../domain/failure.ts';
import { Download } from './download.ts';
import { received } from './fetching.ts';
import type { ReceiveJob, Offer as Told } from './ipc.ts';
import { decline, type Offer, refuse } from './opening.ts';
import { isFinal } from './sending.ts';
import type { TransferEntry, Transfers } from './transfers.ts';
import type { Trust } from './trust.ts';
import type { Wire } from './wire.ts';

export interface ReceivingOptions {
  readonly transfers: Transfers;
  readonly trust: Trust;
  readonly downloads: string;
  readonly partStates: string;
  /** Somebody may be asked. */
  readonly asksUser: boolean;
  readonly onOffer: (offer: Told) => void;
  /** How long an offer stands whose sender is gone, in ms. Default 60 s. */
  readonly absentMs?: number;
}

/** Offers that wait for an answer: of all, and of one member. */
const PENDING = 20;
const PENDING_EACH = 3;
/** Files that are received at a time, of one member. */
const RUNNING_EACH = 16;
/** Receipts that are over and still known, so that who offers them again hears how they ended. */
const KEPT = 500;

/** What was offered under one token: from the offer to the end, over as many channels as it takes. */
interface Receipt {
  readonly entry: TransferEntry;
  readonly member: string;
  readonly key: string;
  accepted: boolean;
  to: string | undefined;
  /** Undefined while another process has seen it and this one has not. */
  offer?: Offer;
  wire?: Wire;
  /** The channel that the download has got. */
  pulled?: Wire;
  download?: Download;
  /** Why it ended, as the sender is told. */
  failure?: Failure;
  absent?: NodeJS.Timeout;
}

/** What members send: asked for, or taken by a standing rule, and gone on with whenever the sender comes back. */
export class Receiving {
  readonly #options: ReceivingOptions;
  /** By key of the sender and token of the offer. */
  readonly #receipts = new Map<string, Receipt>();

  constructor(options: ReceivingOptions) {
    this.#options = options;
  }

  /** A member offers something, for the first time or again. */
  async offered(offer: Offer, wire: Wire): Promise<void> {
    const name = `${wire.channel.key} ${offer.id}`;
    const known = this.#receipts.get(name) ?? this.#left(name, offer, wire);
    if (known && (known.offer === undefined || sameFiles(known.offer, offer))) {
      if (known.entry.over) await this.#tellEnd(known, wire);
      else await this.#attach(known, offer, wire);
      return;
    }
    if (known) {
      this.#end(known, 'failed', new Failure('GONE', `${offer.name} changed since it was offered.`));
      this.#receipts.delete(name);
    }
    await this.#ask(name, offer, wire);
  }

  /** @throws Failure NOT_FOUND */
  async accept(id: number, to: string | undefined, always: number | undefined): Promise<void> {
    const receipt = this.#pending(id);
    if (always !== undefined) await this.#options.trust.allow(receipt.member, always);
    receipt.accepted = true;
    receipt.to = to;
    const job = receipt.entry.job as ReceiveJob;
    receipt.entry.job = { ...job, accepted: true, ...(to === undefined ? {} : { to }) };
    receipt.entry.set({ state: 'connecting' });
    void this.#pull(receipt);
  }

  /** @throws Failure NOT_FOUND */
  decline(id: number, reason = 'The receiver does not want it.'): void {
    const receipt = this.#pending(id);
    this.#end(receipt, 'declined', new Failure('NOT_ALLOWED', reason.slice(0, 300)));
  }

  /** @returns whether there is such a transfer */
  async cancel(id: number): Promise<boolean> {
    const receipt = [...this.#receipts.values()].find(({ entry }) => entry.id === id);
    if (!receipt) return false;
    const { download, wire, accepted } = receipt;
    if (!accepted) {
      this.#end(receipt, 'cancelled', new Failure('NOT_ALLOWED', 'The receiver does not want it.'));
      return true;
    }
    receipt.failure = new Failure('CONNECTION_ENDED', 'The receiver cancelled the transfer.');
    receipt.entry.end('cancelled');
    await download?.cancel();
    if (wire && !wire.over) await decline(wire, receipt.failure);
    return true;
  }

  /** Goes on with what another process left, once its sender comes back. */
  resume(job: ReceiveJob): void {
    const { id, startedAt, member, key, token, name, size, files, accepted, to } = job;
    const state = accepted ? 'connecting' : 'offered';
    const entry = this.#options.transfers.begin({ direction: 'in', member, name, size, files, state, id, startedAt });
    entry.job = job;
    const receipt: Receipt = { entry, member, key, accepted, to };
    this.#receipts.set(`${key} ${token}`, receipt);
    this.#expectBack(receipt);
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#receipts.values()].map(async ({ download, wire, absent }) => {
        clearTimeout(absent);
        await download?.stop();
        if (wire && !wire.over) wire.close();
      }),
    );
  }

  async #ask(name: string, offer: Offer, wire: Wire): Promise<void> {
    const { member, key } = wire.channel;
    const ruled = await this.#options.trust.takes(member, offer.size);
    if (this.#receipts.has(name)) {
      await this.offered(offer, wire); // twice at once
      return;
    }
    // From here to the new receipt nothing is waited for: what is counted holds.
    const open = [...this.#receipts.values()].filter(({ entry }) => !entry.over);
    const waiting = open.filter(({ accepted }) => !accepted);
    const own = waiting.filter((receipt) => receipt.key === key).length;
    const running = open.filter((receipt) => receipt.accepted && receipt.key === key).length;
    if (ruled ? running >= RUNNING_EACH : waiting.length >= PENDING || own >= PENDING_EACH) {
      return decline(
        wire,
        new Failure('TOO_MANY_REQUESTS', 'Too many offers wait for an answer already. Try again when some have one.'),
      );
    }
    if (!ruled && !this.#options.asksUser) {
      await refuse(wire, new Failure('NOT_AVAILABLE', 'Nobody is there now to accept it.'));
      return;
    }
    const { size, files } = offer;
    const entry = this.#options.transfers.begin({
      direction: 'in',
      member,
      name: offer.name,
      size,
      files: files.length,
      state: ruled ? 'connecting' : 'offered',
    });
    const { id, snapshot } = entry;
    const { startedAt } = snapshot;
    const told: Told = { id, member, name: offer.name, size, files: files.length, key, at: startedAt };
    entry.job = {
      kind: 'receive',
      id,
      startedAt,
      token: offer.id,
      member,
      key,
      name: offer.name,
      size,
      files: files.length,
      accepted: ruled,
    };
    const receipt: Receipt = { entry, member, key, accepted: ruled, to: undefined };
    this.#receipts.set(name, receipt);
    this.#forget();
    if (!ruled) this.#options.onOffer(told);
    await this.#attach(receipt, offer, wire);
  }

  async #attach(receipt: Receipt, offer: Offer, wire: Wire): Promise<void> {
    clearTimeout(receipt.absent);
    const before = receipt.wire;
    receipt.offer = offer;
    receipt.wire = wire;
    if (before && !before.over && !receipt.download) before.close();
    receipt.entry.reach(receipt.member, wire.channel.path);
    void wire.ended.then(() => {
      if (receipt.wire !== wire || receipt.entry.over) return;
      delete receipt.wire;
      receipt.entry.reach(receipt.member, null);
      this.#expectBack(receipt);
    });
    if (receipt.accepted) await this.#pull(receipt);
    else {
      wire.use({
        onMessage: (message) => {
          if (message.type !== 'refuse') throw new Failure('INVALID_REQUEST', 'An offer is not answered yet.');
          if (message.declined)
            this.#end(receipt, 'cancelled', new Failure('CONNECTION_ENDED', 'The sender took it back.'));
          else wire.close();
        },
      });
    }
  }

  async #pull(receipt: Receipt): Promise<void> {
    const { entry, offer, key, member } = receipt;
    if (!offer || !receipt.wire) return; // the sender comes back
    if (!receipt.download) {
      const download = new Download({
        into: receipt.to ?? this.#options.downloads,
        states: this.#options.partStates,
        name: offer.name,
        folder: offer.folder,
        from: key,
        files: offer.files,
        onProgress: (progress) => entry.set(received(progress, [{ member }])),
      });
      receipt.download = download;
      download.finished.then(
        (saved) => entry.end('done', undefined, saved),
        (thrown) => this.#broke(receipt, Failure.from(thrown)),
      );
      await download.open().catch(() => {}); // `finished` tells
    }
    const { wire, download } = receipt;
    if (!wire || wire.over || wire === receipt.pulled) return;
    receipt.pulled = wire;
    if (entry.over) {
      await this.#tellEnd(receipt, wire);
      return;
    }
    const { why, failure } = await download.add(wire, 'offer');
    // A channel that came in place of this one is pulled from already.
    if (entry.over || (receipt.wire && receipt.wire !== wire)) return;
    const gone = failure ?? new Failure('CONNECTION_ENDED', `The connection to ${member} broke.`);
    if (why === 'refused' && failure?.data.declined === true) {
      entry.end('cancelled', gone);
      receipt.failure = gone;
      await download.stop(gone);
    } else if (why === 'lied' || (why === 'refused' && isFinal(gone))) {
      receipt.failure = gone;
      entry.end('failed', gone);
      await download.stop(gone);
    } else if (why !== 'done' && why !== 'stopped') {
      entry.set({ state: 'connecting', reason: gone.message, status: gone.status });
    }
  }

  /** This side cannot go on: its disk is full, or the like. */
  #broke(receipt: Receipt, failure: Failure): void {
    if (receipt.entry.over || failure.code === 'CONNECTION_ENDED') return;
    receipt.failure = failure;
    receipt.entry.end('failed', failure);
  }

  /** Ends one that is not being pulled. */
  #end(receipt: Receipt, state: 'declined' | 'cancelled' | 'failed', failure: Failure): void {
    const { entry, wire, download } = receipt;
    clearTimeout(receipt.absent);
    receipt.failure = failure;
    entry.end(state, failure);
    if (download) void download.stop(failure, true);
    else if (wire && !wire.over) void decline(wire, failure);
  }

  async #tellEnd({ entry, failure }: Receipt, wire: Wire): Promise<void> {
    if (entry.snapshot.state === 'done') {
      wire.send({ type: 'done' });
      wire.close();
    } else await decline(wire, told(failure ?? new Failure('CONNECTION_ENDED', 'The receiver ended the transfer.')));
  }

  /** An offer whose sender does not come back is none; what was accepted waits for him. */
  #expectBack(receipt: Receipt): void {
    if (receipt.accepted) return;
    receipt.absent = setTimeout(() => {
      this.#end(
        receipt,
        'cancelled',
        new Failure('CONNECTION_ENDED', `${receipt.member} is gone, and so is the offer.`),
      );
    }, this.#options.absentMs ?? 60_000);
  }

  /**
   * What was accepted from this sender and left by him: sent anew, it goes on, whatever token it has now.
   */
  #left(name: string, offer: Offer, wire: Wire): Receipt | undefined {
    for (const [other, receipt] of this.#receipts) {
      const { entry, accepted, key } = receipt;
      if (entry.over || !accepted || key !== wire.channel.key || receipt.wire || !receipt.offer) continue;
      if (receipt.offer.name !== offer.name || !sameFiles(receipt.offer, offer)) continue;
      this.#receipts.delete(other);
      this.#receipts.set(name, receipt);
      entry.job = { ...(entry.job as ReceiveJob), token: offer.id };
      return receipt;
    }
    return undefined;
  }

  #pending(id: number): Receipt {
    const receipt = [...this.#receipts.values()].find(({ entry }) => entry.id === id);
    if (!receipt || receipt.entry.over || receipt.accepted) {
      throw new Failure('NOT_FOUND', `Nothing is offered under the number ${id}.`, { data: { id } });
    }
    return receipt;
  }

  #forget(): void {
    const over = [...this.#receipts].filter(([, { entry }]) => entry.over);
    for (const [name] of over.slice(0, Math.max(0, over.length - KEPT))) this.#receipts.delete(name);
  }
}

/** Others are not told where this side keeps its files. */
function told(failure: Failure): Failure {
  if (failure.code !== 'STORE_FAILED') return failure;
  return new Failure('NOT_AVAILABLE', 'The receiver cannot save it: its disk does not take it.');
}

function sameFiles(one: Offer, other: Offer): boolean {
  return (
    one.folder === other.folder &&
    one.files.length === other.files.length &&
    one.files.every(({ path, size, modified }, i) => {
      const same = other.files[i]!;
      return path === same.path && size === same.size && modified === same.modified;
    })
  );
}
