import type { PeerFileClient, TransferOffer } from '../client/peer-file-client.ts';
import { AppError } from '../domain/app-error.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { isFinished, type Transfer } from '../domain/transfer.ts';
import { describeFiles } from '../repl/transfer-format.ts';
import { TransferReporter } from '../repl/transfer-reporter.ts';
import { type AcceptRule, evaluateRule } from './accept-rule.ts';
import type { TransferProgress } from './transfer-progress.ts';

export interface OfferHandlerOptions {
  readonly peers: () => PeerFileClient;
  readonly rules: readonly AcceptRule[];
  /** Accept every offer. */
  readonly acceptsAll: boolean;
  /** Asks on the terminal; undefined if there is none. */
  readonly ask: ((question: SafeText) => Promise<boolean>) | undefined;
  readonly progress: TransferProgress;
  readonly printNotice: (text: SafeText) => void;
  readonly printEvent: (event: object) => void;
  /** Called for every incoming transfer that has finished. */
  readonly onFinished: (transfer: Transfer) => void;
}

/** Accepts or declines offers by rule or by asking, one question at a time, and reports the transfers. */
export class OfferHandler {
  readonly #options: OfferHandlerOptions;
  readonly #teller = new TransferReporter();
  #questions: Promise<void> = Promise.resolve();

  constructor(options: OfferHandlerOptions) {
    this.#options = options;
  }

  onOffer(offer: TransferOffer): void {
    this.#options.printEvent({ offer });
    this.#questions = this.#questions.then(() => this.#answerOffer(offer));
  }

  onTransfer(transfer: Transfer): void {
    const { progress, printNotice, printEvent, onFinished } = this.#options;
    const isOwn = transfer.direction === 'in';
    // Offers are answered elsewhere, and declining is reported then.
    if (transfer.state === 'offered' || (isOwn && transfer.state === 'declined')) return;
    const news = this.#teller.report(transfer, isOwn);
    if (isOwn) progress.show(transfer);
    if (news) {
      progress.clear();
      for (const line of news.lines) printNotice(line);
    }
    if (isOwn && isFinished(transfer)) {
      printEvent({ transfer });
      onFinished(transfer);
    }
  }

  async #answerOffer(offer: TransferOffer): Promise<void> {
    const { peers, rules, acceptsAll, ask, printNotice } = this.#options;
    const what = safeText`${describeFiles(offer)} from ${sanitizeText(offer.member)}`;
    try {
      const verdict = acceptsAll ? 'take' : evaluateRule(rules, offer);
      if (verdict === 'take') return await peers().accept(offer.id);
      if (verdict === 'too large') {
        printNotice(safeText`Declined ${what}: it is larger than --accept allows.`);
        return await peers().decline(offer.id, 'it is larger than this member accepts');
      }
      if (!ask) {
        printNotice(
          safeText`Declined ${what}: there is no terminal to ask on. Use --accept ${sanitizeText(offer.member)} to accept files from them, or --yes to accept all.`,
        );
        return await peers().decline(offer.id, 'nobody is available to answer');
      }
      if (
        await this.#askWhilePaused(
          safeText`${sanitizeText(offer.member)} offers ${describeFiles(offer)}. Accept? [y/N] `,
        )
      ) {
        return await peers().accept(offer.id);
      }
      await peers().decline(offer.id);
      printNotice(safeText`Declined ${what}.`);
    } catch (thrown) {
      // The sender may cancel an offer while the question is open.
      printNotice(sanitizeText(AppError.from(thrown).message));
    }
  }

  async #askWhilePaused(question: SafeText): Promise<boolean> {
    const { ask, progress } = this.#options;
    progress.pause();
    try {
      return (await ask?.(question)) === true;
    } finally {
      progress.resume();
    }
  }
}
