import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
const RULES = ['style/noRestrictedImports', 'suspicious/noImportCycles'];

interface Diagnostic {
  readonly category: string;
  readonly location: { readonly path: string };
}

/** `file rule` of everything that the two import rules find in a tree. */
async function lint(tree: string): Promise<string[]> {
  const only = RULES.map((rule) => `--only=${rule}`);
  const args = [BIOME, 'lint', ...only, '--reporter=json', '--max-diagnostics=none', 'src', 'commands'];
  // Its exit status is not 0 if it finds something; stdout lists it nevertheless.
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: tree,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { stdout: string }) => error);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
  return diagnostics.map(({ category, location }) => `${location.path} ${category}`).sort();
}

/** Imports in the wrong direction, at least one per folder: file without `.ts`, forbidden imports. */
const WRONG: readonly (readonly [file: string, ...imports: string[]])[] = [
  ['src/x', './engine/types.ts', './client/client.ts'],
  ['src/domain/x', '../store/keys.ts', '../home.ts', 'node:fs', 'node:fs/promises', 'level', 'typebox'],
  ['src/protocol/x', '../room/sum.ts', '../client/target.ts', '../engine/types.ts', 'node:fs'],
  ['src/store/x', '../engine/types.ts', '../projections/read-model.ts', 'node:fs'],
  ['src/engine/x', '../projections/read-model.ts', '../room/sum.ts', '../rates/quote-sink.ts'],
  ['src/engine/local/x', '../../projections/read-model.ts', '../../room/sum.ts', 'level'],
  ['src/projections/x', '../room/sum.ts', '../engine/local/engine.ts', '../rates/quote-sink.ts', 'level'],
  ['src/rates/x', '../room/sum.ts', '../engine/local/lease.ts', '../projections/read-model.ts', '../store/keys.ts'],
  ['src/rates/providers/x', 'node-fetch', 'node:http', '../../engine/types.ts', '../../home.ts'],
  ['src/room/x', '../server/limits.ts', '../protocol/methods.ts', '../rates/http-fetcher.ts', '../store/store.ts'],
  ['src/server/x', '../daemon/config.ts', '../store/store.ts', '../engine/local/engine.ts', '../client/client.ts'],
  ['src/server/handlers/x', '../../daemon/config.ts', '../../rates/http-fetcher.ts', '../../store/keys.ts'],
  ['src/dialects/x', '../protocol/methods.ts', '../server/session.ts', '../client/client.ts', '../daemon/config.ts'],
  ['src/peer/x', '../room/sum.ts', '../client/client.ts', '../server/limits.ts', '../store/keys.ts', 'blessed'],
  ['src/client/x', '../server/limits.ts', '../daemon/lifecycle.ts', '../repl/grammar.ts', '../cli/error.ts'],
  ['src/repl/x', '../daemon/lifecycle.ts', '../cli/error.ts', '../room/sum.ts', '@oclif/core'],
  ['src/dashboard/x', '../daemon/lifecycle.ts', '../cli/error.ts', '../room/sum.ts', '@oclif/core'],
  ['src/dashboard/presentation/x', 'blessed', 'node:fs', '../../client/client.ts', '../../cli/error.ts'],
  ['src/dashboard/reducers/x', 'blessed', 'node:fs', '../../client/client.ts', '../../cli/error.ts'],
  ['src/dashboard/widgets/x', '../../client/client.ts', '../../cli/error.ts', '../../protocol/methods.ts'],
  [
    'src/cli/x',
    '../daemon/daemon.ts',
    '../server/limits.ts',
    '../../commands/shell.ts',
    '../projections/read-model.ts',
  ],
  ['src/demo/x', '../daemon/daemon.ts', '../cli/error.ts', '../room/sum.ts', '../rates/http-fetcher.ts'],
  [
    'src/daemon/x',
    '../demo/price-simulator.ts',
    '../cli/error.ts',
    '../repl/grammar.ts',
    '../../commands/shell.ts',
    '@oclif/core',
  ],
  ['commands/x', '../src/daemon/daemon.ts', '../src/room/sum.ts', '../src/server/limits.ts'],
  ['commands/rates/x', '../../src/daemon/daemon.ts', '../../src/projections/read-model.ts', '../../src/store/keys.ts'],
];

describe('import rules', () => {
  let tree: string;

  before(async () => {
    tree = await mkdtemp(join(tmpdir(), 'goldctl-house-'));
    for (const part of ['src', 'commands', 'biome.json', '.gitignore']) {
      await cp(join(ROOT, part), join(tree, part), { recursive: true });
    }
  });

  after(() => rm(tree, { recursive: true, force: true }));

  it('hold in the current tree', async () => {
    expect(await lint(tree)).to.deep.equal([]);
  });

  it('refuse every import in the wrong direction, in any form', async () => {
    const planted: string[] = [];
    const expected: string[] = [];
    for (const [file, ...imports] of WRONG) {
      for (const [i, source] of imports.entries()) {
        const forms = [
          `import ${JSON.stringify(source)};`,
          `import type { x } from ${JSON.stringify(source)};\nexport type X = x;`,
          `export * from ${JSON.stringify(source)};`,
          `export const x = await import(${JSON.stringify(source)});`,
        ];
        const name = `${file}${i}.ts`;
        planted.push(join(tree, name));
        await mkdir(dirname(planted.at(-1)!), { recursive: true });
        expected.push(`${name} lint/style/noRestrictedImports`);
        await writeFile(planted.at(-1)!, `${forms[(planted.length - 1) % forms.length]}\n`);
      }
    }
    try {
      expect(await lint(tree)).to.deep.equal(expected.sort());
    } finally {
      for (const file of planted) await rm(file);
    }
  });

  it('cover every folder', async () => {
    const folders = await readdir(join(ROOT, 'src'), { withFileTypes: true });
    const tested = new Set(WRONG.map(([file]) => file.split('/')[1]));
    for (const { name } of folders.filter((entry) => entry.isDirectory())) {
      expect(tested, `src/${name} has no rule in biome.json, or the rule has no test`).to.include(name);
    }
  });

  it('refuse a cycle, also of types', async () => {
    const [one, other] = ['src/domain/x1.ts', 'src/domain/x2.ts'];
    for (const [first, second] of [
      [
        "import { b } from './x2.ts';\nexport const a = () => b;\n",
        "import { a } from './x1.ts';\nexport const b = () => a;\n",
      ],
      [
        "import type { B } from './x2.ts';\nexport type A = B;\n",
        "import type { A } from './x1.ts';\nexport type B = A[];\n",
      ],
    ] as const) {
      await writeFile(join(tree, one), first);
      await writeFile(join(tree, other), second);
      try {
        const rule = 'lint/suspicious/noImportCycles';
        expect(await lint(tree)).to.deep.equal([`${one} ${rule}`, `${other} ${rule}`]);
      } finally {
        await rm(join(tree, one));
        await rm(join(tree, other));
      }
    }
  });
});
