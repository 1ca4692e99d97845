import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';

/** Code that writes to a terminal, or could. */
const WRITES = /\bprocess\.std(?:out|err)\.(?:write|end)\b|\bconsole\.|\bux\.|\bnew Console\b|writeSync\([12]\b/;
/** Common names of an output stream in parameters and fields. */
const WRITES_TO = /\b#?(?:out|output|terminal|target|lines|stdout|stderr|screen)\??\.write\(/;
/** Assertions that text is safe. */
const CLAIMS = /\bas (?:unknown as )?SafeText\b/;

/** Files that may write, with the reason. */
const WRITERS: Readonly<Record<string, string>> = {
  'src/domain/text-output.ts': 'the one function',
  'src/repl/terminal.ts': "readline's echo of what is typed",
  'commands/account/export.ts': 'an Output of src/cli/export-output.ts, which takes safe text',
  'commands/rates/export.ts': 'the same',
  'src/daemon/repair.ts': 'a store of that name',
};
/** Files that create safe text. */
const MAKERS: Readonly<Record<string, string>> = {
  'src/domain/text.ts': 'the sanitiser',
  'src/domain/safe-text.ts': 'templates of safe parts',
  'src/repl/output-format.ts': "a shell's colours",
  'src/dashboard/presentation/ansi.ts': "a frame's colours",
  'src/dashboard/widgets/link-markers.ts': 'private characters that mark links, replaced before a frame is written',
  'src/dashboard/widgets/cells.ts': 'characters of a text that was tested to have no others',
  'src/cli/terminal-json.ts': 'JSON whose orders are escaped',
};

/** Files of src/ and commands/ with a line that matches a pattern. */
async function filesWith(...patterns: readonly RegExp[]): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of ['src', 'commands']) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const file = `${folder}/${name.replaceAll('\\', '/')}`;
      const lines = (await readFile(join(ROOT, file), 'utf8')).split('\n');
      if (lines.some((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line) && patterns.some((pattern) => pattern.test(line)))) {
        found.add(file);
      }
    }
  }
  return [...found].sort();
}

describe('terminal output in the source', () => {
  it('is written by one function', async () => {
    expect(await filesWith(WRITES, WRITES_TO)).to.deep.equal(Object.keys(WRITERS).sort());
  });

  it('is made safe in a few places: elsewhere the compiler requires safe parts', async () => {
    expect(await filesWith(CLAIMS)).to.deep.equal(Object.keys(MAKERS).sort());
  });

  it('of commands accepts only safe text', async () => {
    const text = await readFile(join(ROOT, 'src/cli/command.ts'), 'utf8');
    expect(text).to.match(/override log\(text: SafeText\)/);
    expect(text).to.match(/override logToStderr\(text: SafeText\)/);
    // oclif's own ways around them
    const around = await filesWith(/\bthis\.(?:warn|error)\(|\bsuper\.log/);
    expect(around.filter((file) => /^(?:commands|src\/cli)\//.test(file))).to.deep.equal([]);
  });
});
