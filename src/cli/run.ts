import { type Config, Errors, run as runCommand, settings } from '@oclif/core';
import { writeText } from '../domain/text-output.ts';
import { errorJson, errorText, toAppError } from './error.ts';

/** A leaked handle must not keep the process running after the command. */
const EXIT_GRACE_MS = 2000;

/**
 * Runs a command line and sets the exit status. Does not call process.exit() immediately, so that output is not truncated.
 * @param options the folder of package.json, or oclif's Config
 */
export async function run(argv: readonly string[], options: string | Config): Promise<void> {
  settings.enableAutoTranspile = false; // never transpile, whatever NODE_ENV says
  try {
    await runCommand([...argv], options);
  } catch (thrown) {
    process.exitCode = await reportError(argv, thrown, options);
  }
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}

/** Reports an error that no command has reported. @returns the exit status */
async function reportError(argv: readonly string[], thrown: unknown, options: string | Config): Promise<number> {
  if (thrown instanceof Errors.ExitError) return thrown.oclif.exit ?? 1;
  const missing = thrown instanceof Errors.CLIError && /^command (.+) not found\.?$/i.exec(thrown.message);
  const failure = missing
    ? await (await import('./unknown-command.ts')).unknownCommandError(missing[1]!.replaceAll(':', ' '), options)
    : toAppError(thrown);
  if (argv.includes('--json')) writeText(process.stdout, errorJson(failure));
  else writeText(process.stderr, errorText(failure));
  return failure.exit;
}
