import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const MAX_COMPLETIONS = 200;

/** Paths that begin with the typed text. Names that begin with a dot are listed only if the typed name does. */
export function completePath(start: string): string[] {
  const [, typed = '', name = ''] = /^(.*[/\\])?([^/\\]*)$/s.exec(start) ?? [];
  const folder = typed.startsWith('~') ? join(homedir(), typed.slice(1)) : typed;
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .filter((entry) => entry.name.startsWith(name) && (name !== '' || !entry.name.startsWith('.')))
      .slice(0, MAX_COMPLETIONS)
      .map((entry) => `${typed}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
  } catch {
    return []; // an unreadable folder has no completions
  }
}
