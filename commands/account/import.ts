import { readFile } from 'node:fs/promises';
import { Args, Flags } from '@oclif/core';
import type { Imported } from '../../src/cli/account-import.ts';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { redrawLine } from '../../src/domain/text-output.ts';

/** Names that are printed; `--json` has all. */
const PRINTED_NAMES = 20;

export default class AccountImport extends GoldctlCommand {
  static override description =
    'make accounts from a file of "name password" or "name,password" lines (owner). Names that exist are left alone, except that accounts whose password an earlier import misread get the right one as long as nobody has signed in to them. Exit status 1 when a line was refused';
  static override examples = [
    '<%= config.bin %> <%= command.id %> credentials.txt',
    '<%= config.bin %> <%= command.id %> user_management.txt --format comma',
  ];
  static override args = {
    file: Args.string({ description: 'the file, UTF-8', required: true }),
  };
  static override flags = {
    format: Flags.option({
      options: ['auto', 'space', 'comma'] as const,
      default: 'auto' as const,
      description: 'what stands between name and password: any white space, or a comma',
    })(),
  };

  async run(): Promise<Imported> {
    const { args, flags } = await this.parse(AccountImport);
    const { readAccounts } = await import('../../src/cli/account-file.ts');
    const lines = readAccounts(await readText(args.file), flags.format === 'auto' ? undefined : flags.format);
    const client = await this.connect(flags);
    const { importAccounts } = await import('../../src/cli/account-import.ts');
    const shown = !this.jsonEnabled() && process.stderr.isTTY === true;
    const result = await importAccounts(client, lines, (done, all) => {
      if (shown) redrawLine(process.stderr, safeText`${done} of ${all} accounts${done === all ? '\n' : ''}`);
    });
    const { created, repaired, exists, refused } = result;
    for (const { line, reason } of refused) this.logToStderr(safeText`line ${line}: ${plain(reason)}`);
    const repairs = repaired.length > 0 ? safeText` Repaired: ${repaired.length}.` : '';
    this.log(safeText`Accounts made: ${created}.${repairs} There already: ${exists}. Refused: ${refused.length}.`);
    if (repaired.length > 0)
      this.log(safeText`An earlier import had misread the password of: ${plain(listed(repaired))}.`);
    if (refused.length > 0) {
      if (this.jsonEnabled()) this.logJson(result);
      this.exit(1);
    }
    return result;
  }
}

function listed(names: readonly string[]): string {
  const left = names.length - PRINTED_NAMES;
  return `${names.slice(0, PRINTED_NAMES).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('INVALID_REQUEST', `The file ${file} cannot be read (${code}).`, { cause, data: { file } });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure('INVALID_REQUEST', `The file ${file} is not UTF-8. Convert it first.`, { cause, data: { file } });
  }
}
