import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

/** The only module that opens files for writing. */
const WRITER = 'src/private-file.ts';
const IMPORT = /^(?:import|export)\s+(type\s+)?([^;]*?)\s*from\s*['"](?:node:)?fs(?:\/promises)?['"]/gm;
const LOADING = /\b(?:import|require|getBuiltinModule)\(\s*['"`](?:node:)?fs(?:\/promises)?['"`]/g;
/** Functions that create or change the content of a file. */
const WRITING =
  /^(?:writeFile|appendFile|createWriteStream|copyFile|cp|truncate|WriteStream|FileWriteStream|promises|default)(?:Sync)?$/;
const READING_FLAGS = new Set(['O_RDONLY', 'O_NOFOLLOW', 'O_NONBLOCK', 'O_DIRECTORY']);

/** Everything in a source that may write a file. */
function findWriters(source: string): string[] {
  const text = source.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  const found = [...text.matchAll(LOADING)].map(([load]) => `${load})`);
  const opening = new Set<string>();
  for (const [statement, isType, bindings] of text.matchAll(IMPORT)) {
    if (isType) continue;
    const named = /^\{([\s\S]*)\}$/.exec(bindings!)?.[1];
    if (named === undefined || statement.startsWith('export')) found.push(statement);
    for (const one of named?.split(',') ?? []) {
      const [imported = '', local = imported] = one.trim().split(/\s+as\s+/);
      if (WRITING.test(imported)) found.push(imported);
      if (imported === 'open' || imported === 'openSync') opening.add(local);
    }
  }
  const code = text.replaceAll(IMPORT, '');
  for (const name of opening) {
    for (const use of code.matchAll(
      new RegExp(`(?<![\\w.#$])${name}\\b(?!\\s*[:?]|\\()|(?<![\\w.#$])${name}\\(`, 'g'),
    )) {
      const isDeclared = /\b(?:function|async|get|static)\s+$/.test(code.slice(0, use.index));
      const isMethod = /^\([^()]*\)(?:: [^\n{;]+)?(?: \{|;\n)/.test(code.slice(use.index + name.length));
      if (isDeclared || (isMethod && /^\s*$/.test(code.slice(code.lastIndexOf('\n', use.index) + 1, use.index))))
        continue;
      const flags = use[0].endsWith('(') ? argumentsOf(code, use.index + use[0].length)[1] : '?';
      if (flags !== undefined && !isReading(flags, code)) found.push(`${name} for writing: ${flags}`);
    }
  }
  return found;
}

/** @param from index after the opening parenthesis */
function argumentsOf(code: string, from: number): string[] {
  const all = [''];
  let depth = 1;
  for (const sign of code.slice(from)) {
    if ('([{'.includes(sign)) depth++;
    if (')]}'.includes(sign)) depth--;
    if (depth === 0) break;
    if (sign === ',' && depth === 1) all.push('');
    else all[all.length - 1] += sign;
  }
  return all.map((one) => one.trim()).filter((one) => one !== '');
}

/** An expression of read flags only. Names of constants of the same file are resolved. */
function isReading(flags: string, code: string, depth = 3): boolean {
  if (/^['"]r['"]$/.test(flags)) return true;
  if (/['"`]/.test(flags)) return false;
  const names = [...flags.matchAll(/[\w$.]+/g)].map(([name]) => name).filter((name) => !/^\d+$/.test(name));
  if (names.length === 0) return false;
  return names.every((name) => {
    const flag = /^(?:fs)?constants\.(\w+)$/.exec(name)?.[1];
    if (flag !== undefined) return READING_FLAGS.has(flag);
    if (!/^[A-Z_]+$/.test(name)) return flags.startsWith(`${name} ?`); // the condition of a conditional expression
    const [, value] = new RegExp(`const ${name} = ([^;]+);`).exec(code) ?? [];
    return value !== undefined && depth > 0 && isReading(value, code, depth - 1);
  });
}

async function sources(folder: string): Promise<string[]> {
  const names = await readdir(join(ROOT, folder), { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

describe('writing of files', () => {
  it('happens in one module only', async () => {
    const found: string[] = [];
    const files = [...(await sources('src')), ...(await sources('commands'))];
    for (const file of files) {
      const writers = findWriters(await readFile(join(ROOT, file), 'utf8'));
      if (file === WRITER)
        expect(writers).to.not.be.empty; // the test detects it
      else found.push(...writers.map((what) => `${file}: ${what}`));
    }
    expect(files).to.include(WRITER);
    expect(found, `use ${WRITER}`).to.deep.equal([]);
  });

  it('is detected in any form', () => {
    for (const text of [
      "import { writeFile } from 'node:fs/promises';",
      "import {\n  readFile,\n  writeFileSync as save,\n} from 'fs';",
      "import fs from 'node:fs';",
      "import * as fs from 'node:fs/promises';",
      "import { promises } from 'node:fs';",
      "import { type Stats, createWriteStream } from 'node:fs';",
      "import { copyFile } from 'node:fs/promises';",
      "export { writeFile } from 'node:fs/promises';",
      "const fs = await import('node:fs');",
      "const { writeFile } = require('fs');",
      "process.getBuiltinModule('fs');",
      "import { open } from 'node:fs/promises';\nawait open('a', 'w');",
      "import { open as o } from 'node:fs/promises';\nawait o('a', 'r+');",
      "import { openSync } from 'node:fs';\nopenSync(join('a', 'b'), 'wx', 0o600);",
      "import { open, constants } from 'node:fs/promises';\nawait open('a', constants.O_RDWR);",
      "import { open, constants } from 'node:fs/promises';\nconst F = constants.O_RDONLY | constants.O_CREAT;\nawait open('a', F);",
      "import { open } from 'node:fs/promises';\nconst f = (flags: string) => open('a', flags);",
      "import { open } from 'node:fs/promises';\nconst f = open;",
    ]) {
      const found = findWriters(text);
      expect(found.length, text).to.be.greaterThan(0);
    }
    for (const text of [
      "import type { FileHandle } from 'node:fs/promises';\nimport { readFile } from 'node:fs/promises';",
      "import { open } from 'node:fs/promises';\nawait open('a');\nawait open('a', 'r');",
      "import { constants, open } from 'node:fs/promises';\nconst R = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);\nawait open('a', b ? R | constants.O_NONBLOCK : R);",
      "import { open } from 'node:fs/promises';\nclass A {\n  static async open(a: string): Promise<A> {\n    return await this.open(a);\n  }\n}",
    ]) {
      expect(findWriters(text), text).to.deep.equal([]);
    }
  });
});
