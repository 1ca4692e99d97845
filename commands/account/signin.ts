import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { parseMemberName, parsePassword } from '../../src/domain/account.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountSignIn extends GoldctlCommand {
  static override description = 'sign in; later commands run as this account until "account signout"';
  static override examples = [
    '<%= config.bin %> <%= command.id %> khtn',
    '<%= config.bin %> <%= command.id %> khtn --password-stdin < password.txt',
  ];
  static override args = {
    name: Args.string({ description: 'account name', required: true }),
  };
  static override flags = {
    'password-stdin': Flags.boolean({ description: 'read the password from the first line of standard input' }),
    'take-over': Flags.boolean({ description: 'end the existing session of the account' }),
  };

  async run(): Promise<Omit<MethodResult<'account.signIn'>, 'token'>> {
    const { args, flags } = await this.parse(AccountSignIn);
    const name = parseMemberName(args.name);
    const { promptForPassword, readPasswordLine } = await import('../../src/repl/password-prompt.ts');
    const password = parsePassword(
      flags['password-stdin']
        ? await readPasswordLine()
        : await promptForPassword(safeText`Password for ${sanitizeText(name)}: `),
    );
    const client = await this.connect(flags, { resume: false });
    const { token: _, ...result } = await client.signIn({
      name,
      password,
      ...(flags['take-over'] ? { takeOver: true } : {}),
    });
    this.log(safeText`Signed in as ${sanitizeText(result.name)}.`);
    await this.confirmOthers(client);
    return result;
  }
}
