import { readFile } from 'node:fs/promises';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';

interface Refused {
  readonly line: number;
  readonly reason: string;
}

interface Imported {
  readonly created: number;
  readonly exists: number;
  readonly refused: readonly Refused[];
}

export default class AccountImport extends GoldctlCommand {
  static override description =
    'make accounts from a file of "name password" or "name,password" lines (owner); names that exist are left alone. Exit status 1 when a line was refused';
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
      description: 'what stands between name and password',
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
      if (shown) process.stderr.write(`\r${done} of ${all} accounts${done === all ? '\n' : ''}`);
    });
    for (const { line, reason } of result.refused) this.logToStderr(`line ${line}: ${reason}`);
    this.log(`Accounts made: ${result.created}. There already: ${result.exists}. Refused: ${result.refused.length}.`);
    if (result.refused.length > 0) {
      if (this.jsonEnabled()) this.logJson(result);
      this.exit(1);
    }
    return result;
  }
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
