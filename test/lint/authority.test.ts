import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

/** Folders that decide what somebody may do. */
const FOLDERS = ['projections', 'room', 'server', 'dialects', 'daemon'];

/** Who may, by a comparison that lets in whatever it does not name. */
const NEGATIVE =
  /\brole\b[^;&|]*!==?|(?<!passwordFrom )!==?\s*'(?:owner|moderator|member)'|!\[[^\]]*\]\.includes\([^)]*\brole\b/;
/** A session or visitor that keeps a role or is given one. */
const COPY = /\brole\??:|\.role\b|#role\b|\broleChanged\b|\bRole\b/;

/** `file:line text` of the lines of these folders that a pattern matches. */
async function linesLike(pattern: RegExp, folders: readonly string[], but: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    for (const name of await readdir(join(ROOT, 'src', folder), { recursive: true })) {
      const file = join(folder, name);
      if (!name.endsWith('.ts') || but.some((start) => file.startsWith(start))) continue;
      for (const [i, line] of (await readFile(join(ROOT, 'src', file), 'utf8')).split('\n').entries()) {
        if (pattern.test(line)) found.push(`${file}:${i + 1} ${line.trim()}`);
      }
    }
  }
  return found;
}

describe('authority in the source', () => {
  it('is compared by who may, never by who may not', async () => {
    expect(await linesLike(NEGATIVE, FOLDERS)).to.deep.equal([]);
  });

  it('is held by the view alone: sessions, visitors and the hub have no role', async () => {
    // Handlers tell and set the roles of accounts; the handlers table itself has none.
    expect(await linesLike(COPY, ['server', 'dialects'], [join('server', 'handlers')])).to.deep.equal([]);
  });
});
