import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

/** Folders that decide what a caller may do. */
const FOLDERS = ['projections', 'room', 'server', 'dialects', 'daemon'];

/** Comparisons that allow every role that they do not name. */
const NEGATIVE =
  /\brole\b[^;&|]*!==?|(?<!passwordFrom )!==?\s*'(?:owner|moderator|member)'|!\[[^\]]*\]\.includes\([^)]*\brole\b/;
/** A session or connection that stores or receives a role. */
const COPY = /\brole\??:|\.role\b|#role\b|\broleChanged\b|\bRole\b/;

/** `file:line text` of the lines in these folders that match a pattern. */
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

describe('authorization in the source', () => {
  it('compares with the allowed roles, never with the refused ones', async () => {
    expect(await linesLike(NEGATIVE, FOLDERS)).to.deep.equal([]);
  });

  it('reads roles from the read model: sessions and connections store no role', async () => {
    // Handlers return and set the roles of accounts; the handlers table itself has none.
    expect(await linesLike(COPY, ['server', 'dialects'], [join('server', 'handlers')])).to.deep.equal([]);
  });
});
