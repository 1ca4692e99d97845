import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

async function filesOf(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

/** The anchor of a heading: lower case, spaces as `-`, punctuation removed. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('documentation', () => {
  const texts = new Map<string, string>();

  before(async () => {
    const top = (await readdir(ROOT)).filter((name) => name.endsWith('.md'));
    for (const file of [...top, ...(await filesOf('docs', '.md'))]) {
      texts.set(file, await readFile(join(ROOT, file), 'utf8'));
    }
  });

  it('starts with how to run and test', () => {
    const lines = texts.get('README.md')!.split('\n');
    expect(lines.slice(0, 6)).to.deep.equal([
      '# goldctl',
      '',
      '```sh',
      'npm ci && npm start',
      'npm ci && npm test',
      '```',
    ]);
  });

  it('links only to existing files and headings', async () => {
    for (const [file, text] of texts) {
      for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link!)) continue;
        const [path, anchor] = link!.split('#') as [string, string?];
        const target = path === '' ? file : join(dirname(file), path);
        expect(await stat(join(ROOT, target)).catch(() => undefined), `${file}: ${link}`).to.not.equal(undefined);
        if (anchor === undefined) continue;
        const headings = texts.get(target)!.matchAll(/^#+ (.+)$/gm);
        expect(
          [...headings].map(([, heading]) => anchorOf(heading!)),
          `${file}: ${link}`,
        ).to.include(anchor);
      }
    }
  });

  it('lists exactly the existing commands in README.md', async () => {
    const commands = (await filesOf('commands', '.ts')).map((file) =>
      file
        .replace(/^commands\//, '')
        .replace(/(\/index)?\.ts$/, '')
        .replaceAll('/', ' '),
    );
    const table = /## Commands\n(.*?)\n## /s.exec(texts.get('README.md')!)![1]!;
    const named = [...table.matchAll(/`goldctl ([a-z -]+)`/g)].map(([, name]) => name!);
    expect(named.sort()).to.deep.equal(commands.sort());
  });

  it('names only existing commands', async () => {
    const commands = new Set(
      (await filesOf('commands', '.ts')).map((file) => file.replace(/^commands\//, '').replace(/\.ts$/, '')),
    );
    for (const [file, text] of texts) {
      for (const [, first, second] of text.matchAll(/\bgoldctl ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+))?(?=[\s`])/g)) {
        const isCode = ['daemon', 'rates', 'account', 'forum', 'files', 'config', 'shell', 'repair'].includes(first!);
        if (!isCode) continue;
        const found = commands.has(first!) || commands.has(`${first}/index`) || commands.has(`${first}/${second}`);
        expect(found, `${file}: goldctl ${first} ${second ?? ''}`).to.equal(true);
      }
    }
  });

  it('names existing folders and files, and every folder of src', async () => {
    const text = texts.get('CONTRIBUTING.md')!;
    for (const [, folder] of text.matchAll(/^\| `([a-z/]+)\/`/gm)) {
      expect((await stat(join(ROOT, folder!))).isDirectory(), folder).to.equal(true);
    }
    for (const entry of await readdir(join(ROOT, 'src'), { withFileTypes: true })) {
      if (entry.isDirectory()) expect(text).to.include(`| \`src/${entry.name}/\` |`);
    }
    for (const [, file] of text.matchAll(/`((?:src|test|bin|commands|docs)\/[\w./-]+\.[a-z]+)`/g)) {
      expect((await stat(join(ROOT, file!))).isFile(), file).to.equal(true);
    }
  });

  it('has decisions with context, decision and consequences, numbered without gaps', () => {
    const notes = [...texts].filter(([file]) => /decisions\/\d/.test(file)).sort();
    for (const [i, [file, text]] of notes.entries()) {
      const number = String(i + 1).padStart(4, '0');
      expect(file).to.match(new RegExp(`/${number}-`));
      expect(text).to.match(new RegExp(`^# ${number} `));
      for (const part of ['Context', 'Decision', 'Consequences']) expect(text, file).to.include(`**${part}.**`);
    }
  });
});
