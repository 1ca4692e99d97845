import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { redrawLine, writeText } from '../domain/text-output.ts';
import { isOver, type Transfer } from '../domain/transfer.ts';
import { formatBytes } from '../repl/bytes.ts';
import { type Paper, paperOf } from '../repl/paper.ts';
import { progressLine, stateSentence } from '../repl/transfers.ts';
import { shownJson } from './shown-json.ts';

/** How often the line on a terminal is written anew, and how often another line is written elsewhere. */
const TERMINAL_MS = 100;
const LINES_MS = 1000;

interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface TransferProgressOptions {
  readonly isJson: boolean;
  /** Where one line is written over and over, if it is a terminal. */
  readonly terminal: Out;
  /** Where lines go otherwise: sentences, or JSON. */
  readonly lines: Out;
  readonly env?: NodeJS.ProcessEnv;
  /** As performance.now. */
  readonly now?: () => number;
}

/** Transfers as they move: one line on a terminal, a line a second elsewhere, JSON Lines for programs. */
export class TransferProgress {
  readonly #options: TransferProgressOptions;
  readonly #paper: () => Paper;
  readonly #now: () => number;
  readonly #isTerminal: boolean;
  readonly #shownAt = new Map<number, number>();
  readonly #state = new Map<number, string>();
  #paused = false;
  #isDrawn = false;

  constructor(options: TransferProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#isTerminal = !options.isJson && options.terminal.isTTY === true && options.env?.TERM !== 'dumb';
    this.#paper = () => paperOf(options.terminal, options.env);
  }

  show(transfer: Transfer): void {
    const { id, state, place } = transfer;
    if (this.#paused && !this.#options.isJson) return;
    const now = this.#now();
    const key = `${state} ${place}`;
    const isNew = this.#state.get(id) !== key;
    const every = this.#isTerminal ? TERMINAL_MS : LINES_MS;
    if (!isNew && now - (this.#shownAt.get(id) ?? Number.NEGATIVE_INFINITY) < every) return;
    this.#shownAt.set(id, now);
    this.#state.set(id, key);
    if (isOver(transfer)) {
      this.#shownAt.delete(id);
      this.#state.delete(id);
    }
    if (this.#options.isJson) writeText(this.#options.lines, safeText`${shownJson({ progress: transfer })}\n`);
    else if (this.#isTerminal) this.#draw(progressLine(transfer, this.#paper()));
    else if (!isOver(transfer)) writeText(this.#options.lines, safeText`${stateSentence(transfer)}\n`);
  }

  /** A file that is read for its hash. */
  reading(name: string, done: number, size: number): void {
    const now = this.#now();
    if (this.#options.isJson || !this.#isTerminal || now - (this.#shownAt.get(0) ?? 0) < TERMINAL_MS) return;
    this.#shownAt.set(0, now);
    const percent = size > 0 ? Math.floor((done / size) * 100) : 100;
    this.#draw(safeText`Reading ${plain(name)}: ${percent}% of ${formatBytes(size)}`);
  }

  /** Clears the line on the terminal: something else is to stand there. */
  clear(): void {
    if (this.#isDrawn) redrawLine(this.#options.terminal, safeText``);
    this.#isDrawn = false;
  }

  /** Somebody is asked something: nothing is drawn until `resume`. */
  pause(): void {
    this.clear();
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  end(): void {
    this.clear();
  }

  #draw(line: SafeText): void {
    redrawLine(this.#options.terminal, line);
    this.#isDrawn = true;
  }
}
