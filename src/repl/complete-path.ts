import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** More than anybody reads. */
const MOST = 200;

/**
 * Paths that begin so, as they are typed: folders end in `/`, `~` stays. None where the folder cannot be read. Names that
 * begin with a dot are for those who ask for them.
 */
export function completePath(start: string): string[] {
  const [, typed = '', name = ''] = /^(.*[/\\])?([^/\\]*)$/s.exec(start) ?? [];
  const folder = typed.startsWith('~') ? join(homedir(), typed.slice(1)) : typed;
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .filter((entry) => entry.name.startsWith(name) && (name !== '' || !entry.name.startsWith('.')))
      .slice(0, MOST)
      .map((entry) => `${typed}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
  } catch {
    return []; // what cannot be read has nothing to offer
  }
}
