import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { PeerFileClient, type TransferOffer } from '../client/peer-file-client.ts';
import type { ReconnectingClient } from '../client/reconnecting-client.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { isFinished, type Transfer } from '../domain/transfer.ts';
import type { HomeDirectory } from '../home-directory.ts';
import type { FileCommand } from './grammar.ts';
import type { OutputFormat } from './output-format.ts';
import {
  describeFiles,
  joinPeerNames,
  offerLine,
  type TransferNotice,
  transferOverviewLines,
} from './transfer-format.ts';
import { TransferReporter } from './transfer-reporter.ts';

export interface FileCommandRunnerOptions {
  readonly client: ReconnectingClient;
  readonly home: HomeDirectory;
  readonly onNotice: (notice: TransferNotice) => void;
  readonly onChange?: () => void;
  /** Nobody waits at a prompt: a file is published completely before the next line runs. */
  readonly isScript?: boolean;
}

/** If publishing a file takes longer, publishing continues in the background. */
const PUBLISH_WAIT_MS = 1000;

/** Runs file commands and reports on their transfers. Starts the file-transfer process when it is first needed. */
export class FileCommandRunner {
  readonly #options: FileCommandRunnerOptions;
  /** Unfinished transfers that the user started or accepted, with the number of the line that did. */
  readonly #ownTransfers = new Map<number, number>();
  readonly #failedLines = new Set<number>();
  readonly #reporter = new TransferReporter();
  readonly #pendingPublishes = new Set<Promise<unknown>>();
  /** Updates received before it is known whether the transfer is our own. */
  #heldUpdates: Transfer[] = [];
  #startingCount = 0;
  #peers: PeerFileClient | undefined;
  #startingPeers: Promise<PeerFileClient> | undefined;
  #isStopped = false;

  constructor(options: FileCommandRunnerOptions) {
    this.#options = options;
  }

  /** Active transfers and the last finished ones. */
  get transfers(): readonly Transfer[] {
    return this.#peers?.transfers ?? [];
  }

  get offers(): readonly TransferOffer[] {
    return this.#peers?.offers ?? [];
  }

  /** Unfinished transfers that the user started or accepted. */
  get activeTransfers(): readonly Transfer[] {
    return this.transfers.filter((transfer) => this.#ownTransfers.has(transfer.id) && !isFinished(transfer));
  }

  get failedLines(): readonly number[] {
    return [...this.#failedLines];
  }

  /** Makes this peer reachable for others, after a sign-in or a reconnection. Reports errors as notices, never throws. */
  async goOnline(): Promise<void> {
    try {
      const { name } = this.#options.client;
      if (name === null || this.#isStopped) return;
      if (this.#peers) await this.#peers.reregister();
      else await this.#openPeers();
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      if (this.#isStopped || code === 'CONNECTION_ENDED' || code === 'NO_DAEMON') return; // retried at the next reconnection
      this.#options.onNotice({
        lines: [safeText`Cannot send or receive files now: ${sanitizeText(message)}`],
        tone: 'bad',
      });
    }
  }

  /** Like goOnline, only if it has not been started yet. */
  async ensureOnline(): Promise<void> {
    if (!this.#peers) await this.goOnline();
  }

  /** Like goOnline, only if it has been started before. */
  async rejoinOnline(): Promise<void> {
    if (this.#peers) await this.goOnline();
  }

  /**
   * Executes a command and returns its output; later events are reported as notices.
   * @param line its number, to report which lines failed
   * @throws AppError NOT_SIGNED_IN, or an error of PeerFileClient
   */
  async execute(command: FileCommand, format: OutputFormat, line = 0): Promise<SafeText[]> {
    if (command.verb === 'notify') return transferOverviewLines(this.transfers, this.offers, format);
    const peers = await this.#openPeers();
    switch (command.verb) {
      case 'send': {
        const id = await this.#startTransfer(line, () => peers.send(command.to, resolveUserPath(command.file)));
        const what = this.#describeFiles(id, basename(command.file));
        return [safeText`Sending ${what} to ${sanitizeText(command.to)}: transfer ${id}.`];
      }
      case 'fetch': {
        const { name, from } = command;
        const id = await this.#startTransfer(line, () => peers.fetch(name, from.length > 0 ? { from } : {})).catch(
          (thrown) => {
            throw toShellError(thrown);
          },
        );
        const source = this.transfers.find((each) => each.id === id)?.peers ?? [];
        const whose = source.length > 0 ? safeText` from ${joinPeerNames(source)}` : '';
        return [safeText`Fetching ${this.#describeFiles(id, name)}${whose}: transfer ${id}.`];
      }
      case 'accept': {
        const { id, always } = command;
        const offer = this.#findOffer(id);
        this.#ownTransfers.set(id, line);
        await peers.accept(id, defined({ always }));
        const rule =
          always === undefined
            ? []
            : [safeText`Files from ${sanitizeText(offer.member)} will be accepted automatically.`];
        return [
          safeText`Receiving ${describeFiles(offer)} from ${sanitizeText(offer.member)}: transfer ${id}.`,
          ...rule,
        ];
      }
      case 'decline': {
        const offer = this.#findOffer(command.id);
        await peers.decline(command.id, command.reason);
        return [safeText`Declined ${sanitizeText(offer.name)} from ${sanitizeText(offer.member)}.`];
      }
      case 'cancel':
        this.#ownTransfers.delete(command.id);
        await peers.cancel(command.id);
        return [safeText`Cancelled transfer ${command.id}.`];
      case 'publish':
        return await this.#publish(peers, resolveUserPath(command.file), command.name);
      case 'unpublish':
        await peers.unpublish(command.name);
        return [safeText`${sanitizeText(command.name)} is no longer published.`];
    }
  }

  /** Resolves when every transfer that was started here has finished. */
  async waitUntilFinished(): Promise<void> {
    while (this.#ownTransfers.size > 0 || this.#pendingPublishes.size > 0) {
      const ends = [...this.#ownTransfers.keys()].map((id) => this.#peers?.waitForEnd(id));
      await Promise.allSettled([...ends, ...this.#pendingPublishes]);
      if (this.#isStopped) return;
    }
  }

  /** Received blocks are kept; the transfer resumes from them when it is started again. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const peers = this.#peers ?? (await this.#startingPeers?.catch(() => undefined));
    await peers?.stop();
  }

  #openPeers(): Promise<PeerFileClient> {
    const { client } = this.#options;
    if (this.#peers) return Promise.resolve(this.#peers);
    if (client.name === null) {
      const how = this.#options.isScript === true ? '' : ' Type -signin.';
      return Promise.reject(new AppError('NOT_SIGNED_IN', `Sign in first to send or receive files.${how}`));
    }
    this.#startingPeers ??= this.#startPeers().finally(() => {
      this.#startingPeers = undefined;
    });
    return this.#startingPeers;
  }

  async #startPeers(): Promise<PeerFileClient> {
    const { client, home, onNotice } = this.#options;
    const peers = new PeerFileClient({
      connection: client,
      home,
      onTransfer: (transfer) => this.#onTransfer(transfer),
      onOffer: (offer) => {
        onNotice({ lines: [offerLine(offer)], tone: 'info' });
        this.#options.onChange?.();
      },
      onNotice: (text) => onNotice({ lines: [sanitizeText(text)], tone: 'info' }),
    });
    try {
      await peers.start();
    } catch (thrown) {
      await peers.stop();
      throw thrown;
    }
    if (this.#isStopped) await peers.stop();
    this.#peers = peers;
    return peers;
  }

  async #startTransfer(line: number, begin: () => Promise<number>): Promise<number> {
    this.#startingCount++;
    try {
      const id = await begin();
      this.#ownTransfers.set(id, line);
      return id;
    } finally {
      if (--this.#startingCount === 0) {
        const updates = this.#heldUpdates;
        this.#heldUpdates = [];
        for (const transfer of updates) this.#reportTransfer(transfer);
      }
    }
  }

  #onTransfer(transfer: Transfer): void {
    if (this.#startingCount > 0) this.#heldUpdates.push(transfer);
    else this.#reportTransfer(transfer);
    this.#options.onChange?.();
  }

  #reportTransfer(transfer: Transfer): void {
    const { id } = transfer;
    const isOwn = this.#ownTransfers.has(id) || transfer.direction === 'in';
    // Transfers accepted by an auto-accept rule are our own, too.
    if (isOwn && !this.#ownTransfers.has(id) && transfer.state !== 'offered') this.#ownTransfers.set(id, 0);
    const notice = this.#reporter.report(transfer, isOwn);
    if (isFinished(transfer)) {
      const line = this.#ownTransfers.get(id);
      if (line && transfer.state !== 'done') this.#failedLines.add(line);
      this.#ownTransfers.delete(id);
    }
    if (notice) this.#options.onNotice(notice);
  }

  async #publish(peers: PeerFileClient, path: string, name: string | undefined): Promise<SafeText[]> {
    const done = peers
      .publish(path, defined({ name }))
      .then((listing) => [
        safeText`${describeFiles({ ...listing, files: 1 })} is published: FETCH ${sanitizeText(listing.name)}`,
      ]);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<undefined>((resolve) => {
      if (this.#options.isScript !== true) timer = setTimeout(() => resolve(undefined), PUBLISH_WAIT_MS);
    });
    try {
      const lines = await Promise.race([done, timeout]);
      if (lines) return lines;
    } finally {
      clearTimeout(timer);
    }
    const publishing = done
      .then(
        (lines) => this.#options.onNotice({ lines, tone: 'good' }),
        (thrown) => this.#options.onNotice({ lines: [sanitizeText(AppError.from(thrown).message)], tone: 'bad' }),
      )
      .finally(() => this.#pendingPublishes.delete(publishing));
    this.#pendingPublishes.add(publishing);
    return [safeText`Reading ${sanitizeText(basename(path))}; it will be published once its hash is computed.`];
  }

  #findOffer(id: number): TransferOffer {
    const offer = this.offers.find((each) => each.id === id);
    if (offer) return offer;
    const others = this.offers.map((each) => `${each.id} (${sanitizeText(each.name)})`).join(', ');
    throw new AppError(
      'NOT_FOUND',
      `There is no offer ${id}. ${others === '' ? 'No offers are pending.' : `Pending: ${others}.`}`,
      { data: { id } },
    );
  }

  #describeFiles(id: number, name: string): SafeText {
    const transfer = this.transfers.find((each) => each.id === id);
    return transfer && transfer.size > 0 ? describeFiles(transfer) : sanitizeText(transfer?.name ?? name);
  }
}

/** Resolves a typed path; `~` is the home folder of the user, as in shells. */
export function resolveUserPath(text: string): string {
  return /^~(?=[/\\]|$)/.test(text) ? join(homedir(), text.slice(1)) : text;
}

/** The same advice in terms of the shell's commands. */
function toShellError(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.code !== 'CONFLICT') return thrown;
  const message = thrown.message.replace(/Choose a member with.*$/, 'Choose a member: FETCH name @member');
  return new AppError(thrown.code, message, { cause: thrown, data: thrown.data });
}
