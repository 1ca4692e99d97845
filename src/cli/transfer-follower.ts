import { AppError, ERROR_CODES, type ErrorCode } from '../domain/app-error.ts';
import type { SafeText } from '../domain/safe-text.ts';
import { isFinished, type Transfer } from '../domain/transfer.ts';
import { describeState } from '../repl/transfer-format.ts';
import { TransferReporter } from '../repl/transfer-reporter.ts';
import type { TransferProgress } from './transfer-progress.ts';

/** Shows one transfer among all of a peer, from its first change on, although its id is known later. */
export class TransferFollower {
  readonly #progress: TransferProgress;
  readonly #log: (line: SafeText) => void;
  readonly #reporter = new TransferReporter();
  /** Changes before the id was known. */
  #earlyTransfers: Transfer[] = [];
  #id: number | undefined;

  /** @param log prints the result of a completed transfer; other outcomes are errors */
  constructor(progress: TransferProgress, log: (line: SafeText) => void) {
    this.#progress = progress;
    this.#log = log;
  }

  onTransfer(transfer: Transfer): void {
    if (this.#id === undefined) this.#earlyTransfers.push(transfer);
    else if (transfer.id === this.#id) this.#show(transfer);
  }

  follow(id: number): void {
    this.#id = id;
    for (const transfer of this.#earlyTransfers) this.onTransfer(transfer);
    this.#earlyTransfers = [];
  }

  end(): void {
    this.#progress.end();
  }

  #show(transfer: Transfer): void {
    const news = this.#reporter.report(transfer, true);
    this.#progress.show(transfer);
    if (!isFinished(transfer)) return;
    this.#progress.end();
    if (transfer.state === 'done') for (const line of news?.lines ?? []) this.#log(line);
  }
}

/** @throws AppError with the reason if a finished transfer did not complete */
export function assertTransferDone(transfer: Transfer): Transfer {
  if (transfer.state === 'done') return transfer;
  const { id, name, size, done, state } = transfer;
  const data = { id, name, size, done, state, ...(transfer.reason === null ? {} : { why: transfer.reason }) };
  throw new AppError(errorCodeOf(transfer), describeState(transfer), { data });
}

function errorCodeOf({ state, status }: Transfer): ErrorCode {
  const found = (Object.keys(ERROR_CODES) as ErrorCode[]).find((code) => ERROR_CODES[code].status === status);
  return found ?? (state === 'declined' ? 'NOT_ALLOWED' : state === 'cancelled' ? 'CONNECTION_ENDED' : 'NOT_AVAILABLE');
}
