import { type SafeText, safeText } from './safe-text.ts';

/** A terminal, a pipe or a file. */
export interface TextOutput {
  write(text: string): unknown;
}

/**
 * The only function that writes to terminals (test/lint/output.test.ts), except readline's echo of input
 * (src/repl/terminal.ts) and the dashboard's screen, whose cells src/dashboard/widgets/cells.ts makes.
 * @returns false: wait for `drain` before writing more
 */
export function writeText(output: TextOutput, text: SafeText): boolean {
  return output.write(text) !== false;
}

/** Replaces the line at the cursor. */
export function redrawLine(output: TextOutput, text: SafeText): void {
  writeText(output, safeText`\r\x1b[K${text}`);
}
