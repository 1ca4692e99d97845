import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { parseMemberName, parsePassword } from '../../src/domain/account.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountSignUp extends GoldctlCommand {
  static override description =
    'create an account and sign in; the first account created on the machine of the daemon becomes its owner';
  static override examples = [
    '<%= config.bin %> <%= command.id %> khtn',
    '<%= config.bin %> <%= command.id %> khtn --password-stdin < password.txt',
  ];
  static override args = {
    name: Args.string({ description: '1-32 letters, digits, - _ .', required: true }),
  };
  static override flags = {
    'password-stdin': Flags.boolean({ description: 'read the password from the first line of standard input' }),
  };

  async run(): Promise<Omit<MethodResult<'account.signUp'>, 'token'>> {
    const { args, flags } = await this.parse(AccountSignUp);
    const name = parseMemberName(args.name);
    const { promptForPassword, readPasswordLine } = await import('../../src/repl/password-prompt.ts');
    let password: string;
    if (flags['password-stdin']) {
      password = parsePassword(await readPasswordLine());
    } else {
      password = parsePassword(await promptForPassword(safeText`Password for ${sanitizeText(name)}: `));
      if (parsePassword(await promptForPassword(safeText`Repeat the password: `)) !== password) {
        throw new AppError('INVALID_REQUEST', 'The passwords do not match. No account was created.');
      }
    }
    const client = await this.connect(flags, { resume: false });
    const { token: _, ...result } = await client.signUp({ name, password });
    this.log(safeText`Created the account ${sanitizeText(result.name)} and signed in.`);
    if (result.role === 'owner') this.log(safeText`This is the first account, so it is the owner of this daemon.`);
    await this.confirmOthers(client);
    return result;
  }
}
