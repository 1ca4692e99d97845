import { readFile } from 'node:fs/promises';
import { Args, Flags } from '@oclif/core';
import type { AccountImportResult } from '../../src/cli/account-import.ts';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { redrawLine } from '../../src/domain/text-output.ts';

/** Names that are printed; `--json` has all of them. */
const MAX_PRINTED_NAMES = 20;

export default class AccountImport extends GoldctlCommand {
  static override description = `create accounts from a file of "name password" or "name,password" lines (owner)

Existing accounts are left unchanged, except those whose password an earlier import misread and that have never been signed in to: they get the right password. Exits with status 1 if a line is rejected.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> credentials.txt',
    '<%= config.bin %> <%= command.id %> user_management.txt --format comma',
  ];
  static override args = {
    file: Args.string({ description: 'input file, UTF-8', required: true }),
  };
  static override flags = {
    format: Flags.option({
      options: ['auto', 'space', 'comma'] as const,
      default: 'auto' as const,
      description: 'separator between name and password: white space or a comma',
    })(),
  };

  async run(): Promise<AccountImportResult> {
    const { args, flags } = await this.parse(AccountImport);
    const { readAccounts } = await import('../../src/cli/account-file.ts');
    const lines = readAccounts(await readTextFile(args.file), flags.format === 'auto' ? undefined : flags.format);
    const client = await this.connect(flags);
    const { importAccounts } = await import('../../src/cli/account-import.ts');
    const shown = !this.jsonEnabled() && process.stderr.isTTY === true;
    const result = await importAccounts(client, lines, (done, all) => {
      if (shown) redrawLine(process.stderr, safeText`${done} of ${all} accounts${done === all ? '\n' : ''}`);
    });
    const { created, repaired, exists, refused } = result;
    for (const { line, reason } of refused) this.logToStderr(safeText`line ${line}: ${sanitizeText(reason)}`);
    const repairs = repaired.length > 0 ? safeText` Repaired: ${repaired.length}.` : '';
    this.log(
      safeText`Accounts created: ${created}.${repairs} Already existing: ${exists}. Rejected: ${refused.length}.`,
    );
    if (repaired.length > 0)
      this.log(safeText`Corrected passwords that an earlier import misread: ${sanitizeText(joinNames(repaired))}.`);
    if (refused.length > 0) {
      if (this.jsonEnabled()) this.logJson(result);
      this.exit(1);
    }
    return result;
  }
}

function joinNames(names: readonly string[]): string {
  const left = names.length - MAX_PRINTED_NAMES;
  return `${names.slice(0, MAX_PRINTED_NAMES).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

async function readTextFile(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('INVALID_REQUEST', `The file ${file} cannot be read (${code}).`, { cause, data: { file } });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('INVALID_REQUEST', `The file ${file} is not UTF-8. Convert it first.`, {
      cause,
      data: { file },
    });
  }
}
