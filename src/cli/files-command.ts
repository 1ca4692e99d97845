import type { PeerFileClient, PeerFileClientOptions } from '../client/peer-file-client.ts';
import type { ReconnectingClient } from '../client/reconnecting-client.ts';
import { chooseTarget } from '../client/target.ts';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import type { Transfer } from '../domain/transfer.ts';
import { percentDone } from '../repl/transfer-format.ts';
import { GoldctlCommand } from './command.ts';
import { toTerminalJson } from './terminal-json.ts';
import { assertTransferDone, TransferFollower } from './transfer-follower.ts';
import { TransferProgress } from './transfer-progress.ts';

export interface PeerSession {
  readonly client: ReconnectingClient;
  readonly peers: PeerFileClient;
  /** The signed-in member. */
  readonly member: string;
}

type PeerCallbacks = Pick<PeerFileClientOptions, 'downloads' | 'onTransfer' | 'onOffer'> & {
  /** Whether other members can reach this peer. Default true. */
  readonly reachable?: boolean;
};

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Base of the file-transfer commands. With --json they print JSON Lines: events, and finally the result. */
export abstract class FilesCommand extends GoldctlCommand {
  #client: ReconnectingClient | undefined;
  #peers: PeerFileClient | undefined;
  readonly #connectionEnd: Deferred<never> = deferred();

  /**
   * Connects and starts file transfers for the signed-in member. The connection is re-established automatically. Both end with
   * the command.
   * @throws AppError NO_DAEMON, NOT_SIGNED_IN
   */
  protected async openPeers(
    flags: { server?: string | undefined },
    { reachable = true, ...callbacks }: PeerCallbacks = {},
  ): Promise<PeerSession> {
    this.#connectionEnd.promise.catch(() => {}); // reported to whoever waits
    const home = await this.home();
    const target = chooseTarget(home, flags.server);
    const [{ ReconnectingClient: LinkOf }, { PeerFileClient: PeersOf }] = await Promise.all([
      import('../client/reconnecting-client.ts'),
      import('../client/peer-file-client.ts'),
    ]);
    let tokenFailure: AppError | undefined;
    const link = new LinkOf({
      target,
      home,
      onFirstUse: (fingerprint, server) => this.announceFirstConnection(server, fingerprint),
      onOnline: () => void this.#onReconnected(),
      onSignedOut: (failure) => {
        tokenFailure = failure;
        if (this.#peers) this.#connectionEnd.reject(failure ?? new AppError('NOT_SIGNED_IN'));
      },
      onState: (state) => {
        if (state.kind === 'ended' && state.failure) this.#connectionEnd.reject(state.failure);
      },
    });
    this.#client = link;
    const state = await link.start();
    if (state.kind === 'offline') throw state.failure;
    if (state.kind === 'ended') throw state.failure ?? new AppError('CONNECTION_ENDED', state.reason);
    if (link.name === null) {
      throw (
        tokenFailure ??
        new AppError(
          'NOT_SIGNED_IN',
          'Sign in first to transfer files: `goldctl account signin NAME`, with the same --server.',
        )
      );
    }
    const peers = new PeersOf({
      connection: link,
      home,
      onNotice: (text) => this.printNotice(sanitizeText(text)),
      ...callbacks,
    });
    if (reachable) await peers.start();
    this.#peers = peers;
    return { client: link, peers, member: link.name };
  }

  /** Prints to stderr unless --json is given. */
  protected printNotice(text: SafeText): void {
    if (!this.jsonEnabled()) this.logToStderr(text);
  }

  /** Prints an event with --json only. */
  protected printEvent(event: object): void {
    if (this.jsonEnabled()) writeText(process.stdout, safeText`${toTerminalJson(event)}\n`);
  }

  protected createFollower(): TransferFollower {
    return new TransferFollower(this.createProgress(), (text) => this.log(text));
  }

  protected createProgress(): TransferProgress {
    return new TransferProgress({
      isJson: this.jsonEnabled(),
      terminal: process.stderr,
      lines: this.jsonEnabled() ? process.stdout : process.stderr,
    });
  }

  /**
   * Waits for `work`.
   * @param onSignal returns the message if a signal such as Ctrl-C ends the command
   * @throws AppError CONNECTION_ENDED on a signal; the error that ended the connection permanently
   */
  protected async waitOrFail<T>(work: Promise<T>, onSignal: () => string): Promise<T> {
    const interrupted = deferred<never>();
    const stop = (): void => interrupted.reject(new AppError('CONNECTION_ENDED', onSignal()));
    for (const signal of STOP_SIGNALS) process.once(signal, stop);
    try {
      return await Promise.race([work, interrupted.promise, this.#connectionEnd.promise]);
    } finally {
      for (const signal of STOP_SIGNALS) process.off(signal, stop);
    }
  }

  /** Like `waitOrFail`, but a signal is the normal end and resolves with undefined. */
  protected async waitForSignal<T>(work: Promise<T>): Promise<T | undefined> {
    const interrupted = deferred<undefined>();
    const stop = (): void => interrupted.resolve(undefined);
    for (const signal of STOP_SIGNALS) process.once(signal, stop);
    try {
      return await Promise.race([work, interrupted.promise, this.#connectionEnd.promise]);
    } finally {
      for (const signal of STOP_SIGNALS) process.off(signal, stop);
    }
  }

  /** Shows a transfer until it finishes. @throws AppError if it fails or is interrupted */
  protected async followTransfer(peers: PeerFileClient, id: number, follower: TransferFollower): Promise<Transfer> {
    follower.follow(id);
    try {
      const over = await this.waitOrFail(peers.waitForEnd(id), () =>
        interruptedMessage(peers.transfers.find((each) => each.id === id)),
      );
      return assertTransferDone(over);
    } finally {
      follower.end();
    }
  }

  /** One object per line, so that readers need not wait for the end. */
  protected override logJson(json: unknown): void {
    writeText(process.stdout, safeText`${toTerminalJson(json)}\n`);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.#peers?.stop();
    await this.#client?.stop();
    await super.finally(error);
  }

  /** Transfers continue without the daemon: what cannot be sent now is sent after the next reconnect. */
  async #onReconnected(): Promise<void> {
    try {
      await this.#peers?.reregister();
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      if (code !== 'CONNECTION_ENDED' && code !== 'NO_DAEMON') this.printNotice(sanitizeText(message));
    }
  }
}

function interruptedMessage(transfer: Transfer | undefined): string {
  const how = transfer?.direction === 'in' ? 'the partial file is kept' : 'the receiver keeps the partial file';
  const where = transfer && transfer.done > 0 ? ` at ${percentDone(transfer)}` : '';
  return `Interrupted${where}. Run the command again to resume; ${how}.`;
}
