import type { Offer, Peers } from '../client/peers.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { isOver, type Transfer } from '../domain/transfer.ts';
import { TransferTeller } from '../repl/transfer-teller.ts';
import { whatWords } from '../repl/transfers.ts';
import { type AcceptRule, judge } from './accept-rule.ts';
import type { TransferProgress } from './transfer-progress.ts';

export interface ReceiverOptions {
  readonly peers: () => Peers;
  readonly rules: readonly AcceptRule[];
  /** Takes everything. */
  readonly yes: boolean;
  /** Asks the person at the terminal; undefined where there is none. */
  readonly ask: ((question: SafeText) => Promise<boolean>) | undefined;
  readonly progress: TransferProgress;
  /** For people. */
  readonly say: (text: SafeText) => void;
  /** For programs. */
  readonly tell: (event: object) => void;
  /** Told every transfer to here that is over. */
  readonly onOver: (transfer: Transfer) => void;
}

/** Answers offers by rule or by asking, one question at a time, and tells what comes of them. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #teller = new TransferTeller();
  #questions: Promise<void> = Promise.resolve();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  offered(offer: Offer): void {
    this.#options.tell({ offer });
    this.#questions = this.#questions.then(() => this.#answer(offer));
  }

  changed(transfer: Transfer): void {
    const { progress, say, tell, onOver } = this.#options;
    const isOwn = transfer.direction === 'in';
    // What is offered is answered, and what was declined here was said then.
    if (transfer.state === 'offered' || (isOwn && transfer.state === 'declined')) return;
    const news = this.#teller.tell(transfer, isOwn);
    if (isOwn) progress.show(transfer);
    if (news) {
      progress.clear();
      for (const line of news.lines) say(line);
    }
    if (isOwn && isOver(transfer)) {
      tell({ transfer });
      onOver(transfer);
    }
  }

  async #answer(offer: Offer): Promise<void> {
    const { peers, rules, yes, ask, say } = this.#options;
    const what = safeText`${whatWords(offer)} of ${plain(offer.member)}`;
    try {
      const judged = yes ? 'take' : judge(rules, offer);
      if (judged === 'take') return await peers().accept(offer.id);
      if (judged === 'too large') {
        say(safeText`Declined ${what}: it is larger than --accept allows.`);
        return await peers().decline(offer.id, 'it is larger than this member takes');
      }
      if (!ask) {
        say(
          safeText`Declined ${what}: there is no terminal to ask on. --accept ${plain(offer.member)} takes what he sends, --yes everything.`,
        );
        return await peers().decline(offer.id, 'nobody is there to answer');
      }
      if (await this.#asked(safeText`${plain(offer.member)} offers ${whatWords(offer)}. Take it? [y/N] `)) {
        return await peers().accept(offer.id);
      }
      await peers().decline(offer.id);
      say(safeText`Declined ${what}.`);
    } catch (thrown) {
      // An offer may be taken back while somebody thinks about it.
      say(plain(Failure.from(thrown).message));
    }
  }

  async #asked(question: SafeText): Promise<boolean> {
    const { ask, progress } = this.#options;
    progress.pause();
    try {
      return (await ask?.(question)) === true;
    } finally {
      progress.resume();
    }
  }
}
