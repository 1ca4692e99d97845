import { safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { type TextOutput, writeText } from '../domain/text-output.ts';
import { isFinished, type Transfer } from '../domain/transfer.ts';
import { formatBytes } from '../repl/byte-format.ts';
import { detectOutputFormat, type OutputFormat } from '../repl/output-format.ts';
import { describeState, progressLine } from '../repl/transfer-format.ts';
import { ProgressLine } from './progress-line.ts';
import { toTerminalJson } from './terminal-json.ts';

/** Update intervals on a terminal and elsewhere. */
const REDRAW_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 1000;

interface TextStream extends TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface TransferProgressOptions {
  readonly isJson: boolean;
  /** For the progress line, if it is a terminal. */
  readonly terminal: TextStream;
  /** For status lines or JSON. */
  readonly lines: TextStream;
  readonly env?: NodeJS.ProcessEnv;
  /** Like performance.now. */
  readonly now?: () => number;
}

/** Shows the progress of transfers: a progress line on a terminal, a line per second elsewhere, or JSON Lines. */
export class TransferProgress {
  readonly #options: TransferProgressOptions;
  readonly #outputFormat: () => OutputFormat;
  readonly #now: () => number;
  readonly #isTerminal: boolean;
  readonly #shownAt = new Map<number, number>();
  readonly #shownStates = new Map<number, string>();
  readonly #line: ProgressLine;
  #isPaused = false;

  constructor(options: TransferProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#isTerminal = !options.isJson && options.terminal.isTTY === true && options.env?.TERM !== 'dumb';
    this.#line = new ProgressLine(options.terminal, this.#now, 0);
    this.#outputFormat = () => detectOutputFormat(options.terminal, options.env);
  }

  show(transfer: Transfer): void {
    const { id, state, place } = transfer;
    if (this.#isPaused && !this.#options.isJson) return;
    const now = this.#now();
    const key = `${state} ${place}`;
    const isNew = this.#shownStates.get(id) !== key;
    const every = this.#isTerminal ? REDRAW_INTERVAL_MS : LINE_INTERVAL_MS;
    if (!isNew && now - (this.#shownAt.get(id) ?? Number.NEGATIVE_INFINITY) < every) return;
    this.#shownAt.set(id, now);
    this.#shownStates.set(id, key);
    if (isFinished(transfer)) {
      this.#shownAt.delete(id);
      this.#shownStates.delete(id);
    }
    if (this.#options.isJson) writeText(this.#options.lines, safeText`${toTerminalJson({ progress: transfer })}\n`);
    else if (this.#isTerminal) this.#line.draw(() => progressLine(transfer, this.#outputFormat()));
    else if (!isFinished(transfer)) writeText(this.#options.lines, safeText`${describeState(transfer)}\n`);
  }

  /** Progress of hashing a file. */
  showHashing(name: string, done: number, size: number): void {
    const now = this.#now();
    if (this.#options.isJson || !this.#isTerminal || now - (this.#shownAt.get(0) ?? 0) < REDRAW_INTERVAL_MS) return;
    this.#shownAt.set(0, now);
    const percent = size > 0 ? Math.floor((done / size) * 100) : 100;
    this.#line.draw(() => safeText`Reading ${sanitizeText(name)}: ${percent}% of ${formatBytes(size)}`);
  }

  /** Clears the progress line to make room for other output. */
  clear(): void {
    this.#line.end();
  }

  /** Draws nothing until `resume`, while a question is open. */
  pause(): void {
    this.clear();
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  end(): void {
    this.clear();
  }
}
