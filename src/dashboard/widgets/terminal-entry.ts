import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import blessed from 'blessed';

/** The entry that comes with blessed. */
const ENTRY_NAME = 'xterm-256color';

/**
 * Makes blessed use the terminfo entry that it brings along, whatever TERM is. It cannot read every entry of a machine: it
 * misreads those with numbers of 32 bits, and prints to the terminal what it cannot compile. What is written here, every
 * terminal with ECMA-48 sequences understands or ignores; `FrameWriter` writes the rest.
 * @returns the name to give to blessed
 */
export function useBundledTerminfo(): string {
  const { tput } = blessed as unknown as { tput: { prototype: { _prefix: (name: string) => string } } };
  const folder = dirname(createRequire(import.meta.url).resolve('blessed/package.json'));
  tput.prototype._prefix = () => join(folder, 'usr', ENTRY_NAME);
  return ENTRY_NAME;
}
