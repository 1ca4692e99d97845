import { type SafeText, safeText } from './safe-text.ts';

/** Where text for people and programs goes: a terminal, a pipe, a file in their place. */
export interface TextOutput {
  write(text: string): unknown;
}

/**
 * The one function that writes to terminals (test/lint/output.test.ts). Beside it are only readline's echo of what is
 * typed (src/repl/terminal.ts), and the dashboard's screen, whose cells src/dashboard/widgets/cells.ts makes.
 * @returns false: more is welcome once `drain` came
 */
export function writeText(output: TextOutput, text: SafeText): boolean {
  return output.write(text) !== false;
}

/** Writes a line over the one that the cursor is in. */
export function redrawLine(output: TextOutput, text: SafeText): void {
  writeText(output, safeText`\r\x1b[K${text}`);
}
