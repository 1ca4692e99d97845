#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { handleOutputErrors } from './output-errors.js';

const argv = process.argv.slice(2);
handleOutputErrors();
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  // Answered before anything is loaded: scripts ask this often. The text is oclif's.
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else {
  module.enableCompileCache?.(); // Node 22.8 on
  const { run } = await import('../dist/src/cli/run.js').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes("dist/src/cli/run.js'")) throw error;
    process.stderr.write('Error: goldctl is not built yet. Run `npm run build` first.\n');
    process.exit(1);
  });
  // Node would end with status 13 and say nothing.
  const onNothingToWaitFor = () => {
    process.stderr.write(
      'Error: goldctl ended before the command was finished: nothing that it waits for can happen any more, for example because its terminal or its input is gone. Run the command again; if this repeats, report it as a bug.\n',
    );
    process.exit(1);
  };
  process.once('beforeExit', onNothingToWaitFor);
  await run(argv, fileURLToPath(new URL('..', import.meta.url)));
  process.off('beforeExit', onNothingToWaitFor);
}
