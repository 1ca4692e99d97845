import { type Config, Errors, run as runCommand, settings } from '@oclif/core';
import { writeText } from '../domain/text-output.ts';
import { errorJson, errorText, toFailure } from './error.ts';

/** What may still be open when a command is done: a forgotten handle must not hang the shell that waits. */
const LINGER_MS = 2000;

/**
 * Runs a command line and sets the exit status. The process ends by itself, so that nothing printed is cut off.
 * @param options the folder of package.json, or oclif's Config.
 */
export async function run(argv: readonly string[], options: string | Config): Promise<void> {
  settings.enableAutoTranspile = false; // what runs is what was loaded, whatever NODE_ENV says
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0); // the reader (`| head`) has enough
    throw error;
  });
  try {
    await runCommand([...argv], options);
  } catch (thrown) {
    process.exitCode = await report(argv, thrown, options);
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** Says what no command has said yet. @returns the exit status */
async function report(argv: readonly string[], thrown: unknown, options: string | Config): Promise<number> {
  if (thrown instanceof Errors.ExitError) return thrown.oclif.exit ?? 1;
  const missing = thrown instanceof Errors.CLIError && /^command (.+) not found$/.exec(thrown.message);
  const failure = missing
    ? await (await import('./unknown-command.ts')).unknownCommand(missing[1]!.replaceAll(':', ' '), options)
    : toFailure(thrown);
  if (argv.includes('--json')) writeText(process.stdout, errorJson(failure));
  else writeText(process.stderr, errorText(failure));
  return failure.exit;
}
