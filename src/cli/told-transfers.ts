import type { SafeText } from '../domain/safe-text.ts';
import { isOver, type Transfer } from '../domain/transfer.ts';
import { TransferTeller } from '../repl/transfer-teller.ts';
import type { TransferProgress } from './transfer-progress.ts';

/** Shows one transfer of all that a peer tells of, from its first change on, though its number is known later. */
export class ToldTransfers {
  readonly #progress: TransferProgress;
  readonly #log: (line: SafeText) => void;
  readonly #teller = new TransferTeller();
  /** What was told before the number was known. */
  #early: Transfer[] = [];
  #id: number | undefined;

  /** @param log told how it went, once it is done: other ends are failures */
  constructor(progress: TransferProgress, log: (line: SafeText) => void) {
    this.#progress = progress;
    this.#log = log;
  }

  take(transfer: Transfer): void {
    if (this.#id === undefined) this.#early.push(transfer);
    else if (transfer.id === this.#id) this.#show(transfer);
  }

  follow(id: number): void {
    this.#id = id;
    for (const transfer of this.#early) this.take(transfer);
    this.#early = [];
  }

  end(): void {
    this.#progress.end();
  }

  #show(transfer: Transfer): void {
    const news = this.#teller.tell(transfer, true);
    this.#progress.show(transfer);
    if (!isOver(transfer)) return;
    this.#progress.end();
    if (transfer.state === 'done') for (const line of news?.lines ?? []) this.#log(line);
  }
}
