import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { Link } from '../client/link.ts';
import { type Offer, Peers } from '../client/peers.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { isOver, type Transfer } from '../domain/transfer.ts';
import type { Home } from '../home.ts';
import type { FileAction } from './grammar.ts';
import type { Paper } from './paper.ts';
import { TransferTeller } from './transfer-teller.ts';
import { notifyLines, offerLine, peerNames, type TransferNews, whatWords } from './transfers.ts';

export interface FilesOptions {
  readonly link: Link;
  readonly home: Home;
  /** Told what people should read, as it happens. */
  readonly onNews: (news: TransferNews) => void;
  /** Told every change of transfers and offers. */
  readonly onChange?: () => void;
  /** Nobody waits at a prompt: what is published is read to its end before the next line. */
  readonly isScript?: boolean;
}

/** A file that is read longer than this is published in the background. */
const READING_MS = 1000;

/**
 * Files as shell and dashboard have them: what their lines do, and what is to be told meanwhile. The peer process
 * begins when it is first needed.
 */
export class Files {
  readonly #options: FilesOptions;
  /** What somebody here began or accepted and is not over, and the number of the line that did. */
  readonly #own = new Map<number, number>();
  readonly #failed = new Set<number>();
  readonly #teller = new TransferTeller();
  readonly #reading = new Set<Promise<unknown>>();
  /** Changes that come before it is known which transfer is one's own. */
  #held: Transfer[] = [];
  #sending = 0;
  #peers: Peers | undefined;
  #starting: Promise<Peers> | undefined;
  #stopped = false;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** Those under way, and the last that are over. */
  get transfers(): readonly Transfer[] {
    return this.#peers?.transfers ?? [];
  }

  get offers(): readonly Offer[] {
    return this.#peers?.offers ?? [];
  }

  /** What somebody here began or accepted, and is not over. */
  get underWay(): readonly Transfer[] {
    return this.transfers.filter((transfer) => this.#own.has(transfer.id) && !isOver(transfer));
  }

  /** Numbers of the lines whose transfers did not succeed. */
  get failed(): readonly number[] {
    return [...this.#failed];
  }

  /** Somebody is signed in, or the connection is back: from here on others can reach this peer. Told, not thrown. */
  async online(): Promise<void> {
    try {
      const { name } = this.#options.link;
      if (name === null || this.#stopped) return;
      if (this.#peers) await this.#peers.online();
      else await this.#open();
    } catch (thrown) {
      const { code, message } = Failure.from(thrown);
      if (this.#stopped || code === 'CONNECTION_ENDED' || code === 'NO_DAEMON') return; // the next return does it
      this.#options.onNews({ lines: [safeText`Files cannot be sent or received now: ${plain(message)}`], tone: 'bad' });
    }
  }

  /** The same, where it has not begun yet. */
  async begin(): Promise<void> {
    if (!this.#peers) await this.online();
  }

  /** The same, where it has begun already. */
  async again(): Promise<void> {
    if (this.#peers) await this.online();
  }

  /**
   * Does what a line asks for, and says what came of it; the rest is told as news.
   * @param line its number, where somebody wants to know which ones failed
   * @throws Failure NOT_SIGNED_IN; as Peers
   */
  async perform(action: FileAction, paper: Paper, line = 0): Promise<SafeText[]> {
    if (action.verb === 'notify') return notifyLines(this.transfers, this.offers, paper);
    const peers = await this.#open();
    switch (action.verb) {
      case 'send': {
        const id = await this.#begin(line, () => peers.send(action.to, pathOf(action.file)));
        const what = this.#whatOf(id, basename(action.file));
        return [safeText`Sending ${what} to ${plain(action.to)}: transfer ${id}.`];
      }
      case 'fetch': {
        const { name, from } = action;
        const id = await this.#begin(line, () => peers.fetch(name, from.length > 0 ? { from } : {})).catch((thrown) => {
          throw inWordsOfTheShell(thrown);
        });
        const source = this.transfers.find((each) => each.id === id)?.peers ?? [];
        const whose = source.length > 0 ? safeText` from ${peerNames(source)}` : '';
        return [safeText`Fetching ${this.#whatOf(id, name)}${whose}: transfer ${id}.`];
      }
      case 'accept': {
        const { id, always } = action;
        const offer = this.#offer(id);
        this.#own.set(id, line);
        await peers.accept(id, always === undefined ? {} : { always });
        const rule =
          always === undefined
            ? []
            : [safeText`From now on files of ${plain(offer.member)} are taken without a question.`];
        return [safeText`Taking ${whatWords(offer)} from ${plain(offer.member)}: transfer ${id}.`, ...rule];
      }
      case 'decline': {
        const offer = this.#offer(action.id);
        await peers.decline(action.id, action.reason);
        return [safeText`Declined ${plain(offer.name)} of ${plain(offer.member)}.`];
      }
      case 'cancel':
        this.#own.delete(action.id);
        await peers.cancel(action.id);
        return [safeText`Transfer ${action.id} is cancelled.`];
      case 'publish':
        return await this.#publish(peers, pathOf(action.file), action.name);
      case 'unpublish':
        await peers.unpublish(action.name);
        return [safeText`${plain(action.name)} is published no more.`];
    }
  }

  /** Resolves once everything that was begun here is over. */
  async settled(): Promise<void> {
    while (this.#own.size > 0 || this.#reading.size > 0) {
      const ends = [...this.#own.keys()].map((id) => this.#peers?.finished(id));
      await Promise.allSettled([...ends, ...this.#reading]);
      if (this.#stopped) return;
    }
  }

  /** What has arrived stays; fetched or sent again, it goes on from there. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const peers = this.#peers ?? (await this.#starting?.catch(() => undefined));
    await peers?.stop();
  }

  #open(): Promise<Peers> {
    const { link } = this.#options;
    if (this.#peers) return Promise.resolve(this.#peers);
    if (link.name === null) {
      const how = this.#options.isScript === true ? '' : ' Type -signin.';
      return Promise.reject(new Failure('NOT_SIGNED_IN', `Files go from member to member: sign in first.${how}`));
    }
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<Peers> {
    const { link, home, onNews } = this.#options;
    const peers = new Peers({
      caller: link,
      home,
      onTransfer: (transfer) => this.#changed(transfer),
      onOffer: (offer) => {
        onNews({ lines: [offerLine(offer)], tone: 'info' });
        this.#options.onChange?.();
      },
      onNotice: (text) => onNews({ lines: [plain(text)], tone: 'info' }),
    });
    try {
      await peers.start();
    } catch (thrown) {
      await peers.stop();
      throw thrown;
    }
    if (this.#stopped) await peers.stop();
    this.#peers = peers;
    return peers;
  }

  async #begin(line: number, begin: () => Promise<number>): Promise<number> {
    this.#sending++;
    try {
      const id = await begin();
      this.#own.set(id, line);
      return id;
    } finally {
      if (--this.#sending === 0) {
        const held = this.#held;
        this.#held = [];
        for (const transfer of held) this.#tell(transfer);
      }
    }
  }

  #changed(transfer: Transfer): void {
    if (this.#sending > 0) this.#held.push(transfer);
    else this.#tell(transfer);
    this.#options.onChange?.();
  }

  #tell(transfer: Transfer): void {
    const { id } = transfer;
    const isOwn = this.#own.has(id) || transfer.direction === 'in';
    // What is taken by a standing rule was accepted here, too.
    if (isOwn && !this.#own.has(id) && transfer.state !== 'offered') this.#own.set(id, 0);
    const news = this.#teller.tell(transfer, isOwn);
    if (isOver(transfer)) {
      const line = this.#own.get(id);
      if (line && transfer.state !== 'done') this.#failed.add(line);
      this.#own.delete(id);
    }
    if (news) this.#options.onNews(news);
  }

  async #publish(peers: Peers, path: string, name: string | undefined): Promise<SafeText[]> {
    const done = peers
      .publish(path, name === undefined ? {} : { name })
      .then((listing) => [safeText`${whatWords({ ...listing, files: 1 })} is published: FETCH ${plain(listing.name)}`]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      if (this.#options.isScript !== true) timer = setTimeout(() => resolve(undefined), READING_MS);
    });
    try {
      const lines = await Promise.race([done, late]);
      if (lines) return lines;
    } finally {
      clearTimeout(timer);
    }
    const reading = done
      .then(
        (lines) => this.#options.onNews({ lines, tone: 'good' }),
        (thrown) => this.#options.onNews({ lines: [plain(Failure.from(thrown).message)], tone: 'bad' }),
      )
      .finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
    return [safeText`Reading ${plain(basename(path))}: it is published once its hash is known.`];
  }

  #offer(id: number): Offer {
    const offer = this.offers.find((each) => each.id === id);
    if (offer) return offer;
    const others = this.offers.map((each) => `${each.id} (${plain(each.name)})`).join(', ');
    throw new Failure(
      'NOT_FOUND',
      `Nothing of the number ${id} is offered. ${others === '' ? 'No offer waits.' : `These wait: ${others}.`}`,
      { data: { id } },
    );
  }

  #whatOf(id: number, name: string): SafeText {
    const transfer = this.transfers.find((each) => each.id === id);
    return transfer && transfer.size > 0 ? whatWords(transfer) : plain(transfer?.name ?? name);
  }
}

/** A path as it is typed; `~` is the user's own folder, as shells have it. */
export function pathOf(text: string): string {
  return /^~(?=[/\\]|$)/.test(text) ? join(homedir(), text.slice(1)) : text;
}

/** The same advice, as a line of the shell has it. */
function inWordsOfTheShell(thrown: unknown): unknown {
  if (!(thrown instanceof Failure) || thrown.code !== 'CONFLICT') return thrown;
  const message = thrown.message.replace(/Say whose you want.*$/, 'Say whose you want: FETCH name @member');
  return new Failure(thrown.code, message, { cause: thrown, data: thrown.data });
}
