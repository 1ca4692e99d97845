import type { Link } from '../client/link.ts';
import type { Peers, PeersOptions } from '../client/peers.ts';
import { chooseTarget } from '../client/target.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import type { Transfer } from '../domain/transfer.ts';
import { percentDone } from '../repl/transfers.ts';
import { GoldctlCommand } from './command.ts';
import { shownJson } from './shown-json.ts';
import { ToldTransfers } from './told-transfers.ts';
import { outcome } from './transfer-outcome.ts';
import { TransferProgress } from './transfer-progress.ts';

export interface PeerSession {
  readonly link: Link;
  readonly peers: Peers;
  /** The member who is signed in. */
  readonly member: string;
}

type Told = Pick<PeersOptions, 'downloads' | 'onTransfer' | 'onOffer'> & {
  /** Whether others can reach this peer. Default true. */
  readonly reachable?: boolean;
};

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What the commands share that carry files. With --json they print JSON Lines: whatever happens, and last the result. */
export abstract class FilesCommand extends GoldctlCommand {
  #link: Link | undefined;
  #peers: Peers | undefined;
  readonly #ended: Deferred<never> = deferred();

  /**
   * Connects, and begins to carry files as the member who is signed in. A connection that is lost comes back by itself.
   * Both end with the command.
   * @throws Failure NO_DAEMON, NOT_SIGNED_IN; as Link and Peers
   */
  protected async openPeers(
    flags: { server?: string | undefined },
    { reachable = true, ...told }: Told = {},
  ): Promise<PeerSession> {
    this.#ended.promise.catch(() => {}); // told to who waits
    const home = await this.home();
    const target = chooseTarget(home, flags.server);
    const [{ Link: LinkOf }, { Peers: PeersOf }] = await Promise.all([
      import('../client/link.ts'),
      import('../client/peers.ts'),
    ]);
    let tokenFailure: Failure | undefined;
    const link = new LinkOf({
      target,
      home,
      onFirstUse: (fingerprint, server) => this.tellFirstUse(server, fingerprint),
      onOnline: () => void this.#again(),
      onSignedOut: (failure) => {
        tokenFailure = failure;
        if (this.#peers) this.#ended.reject(failure ?? new Failure('NOT_SIGNED_IN'));
      },
      onState: (state) => {
        if (state.kind === 'ended' && state.failure) this.#ended.reject(state.failure);
      },
    });
    this.#link = link;
    const state = await link.start();
    if (state.kind === 'offline') throw state.failure;
    if (state.kind === 'ended') throw state.failure ?? new Failure('CONNECTION_ENDED', state.reason);
    if (link.name === null) {
      throw (
        tokenFailure ??
        new Failure(
          'NOT_SIGNED_IN',
          'Files go from member to member. Sign in first: `goldctl account signin NAME`, with the same --server.',
        )
      );
    }
    const peers = new PeersOf({
      caller: link,
      home,
      onNotice: (text) => this.say(plain(text)),
      ...told,
    });
    if (reachable) await peers.start();
    this.#peers = peers;
    return { link, peers, member: link.name };
  }

  /** For people only, and not part of the result. */
  protected say(text: SafeText): void {
    if (!this.jsonEnabled()) this.logToStderr(text);
  }

  /** For programs only: something that happened. */
  protected tell(event: object): void {
    if (this.jsonEnabled()) writeText(process.stdout, safeText`${shownJson(event)}\n`);
  }

  /** Told of all transfers: shows the one that the command is about. */
  protected told(): ToldTransfers {
    return new ToldTransfers(this.progress(), (text) => this.log(text));
  }

  protected progress(): TransferProgress {
    return new TransferProgress({
      isJson: this.jsonEnabled(),
      terminal: process.stderr,
      lines: this.jsonEnabled() ? process.stdout : process.stderr,
    });
  }

  /**
   * Resolves as `work` does.
   * @param onSignal somebody ends the command, by Ctrl-C for one: what to tell him
   * @throws Failure CONNECTION_ENDED when somebody does; what ended the connection for good
   */
  protected async until<T>(work: Promise<T>, onSignal: () => string): Promise<T> {
    const interrupted = deferred<never>();
    const stop = (): void => interrupted.reject(new Failure('CONNECTION_ENDED', onSignal()));
    for (const signal of SIGNALS) process.once(signal, stop);
    try {
      return await Promise.race([work, interrupted.promise, this.#ended.promise]);
    } finally {
      for (const signal of SIGNALS) process.off(signal, stop);
    }
  }

  /** The same for what only a signal ends: then it is undefined, and the command has done what it was to do. */
  protected async wait<T>(work: Promise<T>): Promise<T | undefined> {
    const interrupted = deferred<undefined>();
    const stop = (): void => interrupted.resolve(undefined);
    for (const signal of SIGNALS) process.once(signal, stop);
    try {
      return await Promise.race([work, interrupted.promise, this.#ended.promise]);
    } finally {
      for (const signal of SIGNALS) process.off(signal, stop);
    }
  }

  /** Shows a transfer until it is over. @throws Failure where it does not end well, or somebody ends it */
  protected async follow(peers: Peers, id: number, told: ToldTransfers): Promise<Transfer> {
    told.follow(id);
    try {
      const over = await this.until(peers.finished(id), () => leftAt(peers.transfers.find((each) => each.id === id)));
      return outcome(over);
    } finally {
      told.end();
    }
  }

  /** One line an object: whatever reads them need not wait for the end. */
  protected override logJson(json: unknown): void {
    writeText(process.stdout, safeText`${shownJson(json)}\n`);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.#peers?.stop();
    await this.#link?.stop();
    await super.finally(error);
  }

  /** Transfers need no daemon: what it cannot be told now it is told after the next return. */
  async #again(): Promise<void> {
    try {
      await this.#peers?.online();
    } catch (thrown) {
      const { code, message } = Failure.from(thrown);
      if (code !== 'CONNECTION_ENDED' && code !== 'NO_DAEMON') this.say(plain(message));
    }
  }
}

function leftAt(transfer: Transfer | undefined): string {
  const how = transfer?.direction === 'in' ? 'what has arrived stays' : 'what has arrived there stays';
  const where = transfer && transfer.done > 0 ? ` at ${percentDone(transfer)}` : '';
  return `Interrupted${where}. Run it again: it resumes, ${how}.`;
}
