import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

/** Exported names that may be declared in several files of src/. Such names are easily confused. */
const MAX_SHARED_NAMES = 12;
const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type|enum) +([\w$]+)/gm;

describe('exported names', () => {
  it('are declared in one file each, with few exceptions', async () => {
    const filesByName = new Map<string, Set<string>>();
    for (const entry of await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const file = join(entry.parentPath, entry.name);
      for (const [, name] of (await readFile(file, 'utf8')).matchAll(EXPORT)) {
        filesByName.set(name!, (filesByName.get(name!) ?? new Set()).add(file));
      }
    }
    expect(filesByName.size).to.be.above(1000);
    const shared = [...filesByName].filter(([, files]) => files.size > 1).map(([name]) => name);
    expect(shared, shared.join(', ')).to.have.length.of.at.most(MAX_SHARED_NAMES);
  });
});
