import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import { parseName, parsePassword } from '../../src/domain/name.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountSignIn extends GoldctlCommand {
  static override description = 'sign in; later commands are this member until "account signout"';
  static override examples = [
    '<%= config.bin %> <%= command.id %> khtn',
    '<%= config.bin %> <%= command.id %> khtn --password-stdin < password.txt',
  ];
  static override args = {
    name: Args.string({ description: 'name of the account', required: true }),
  };
  static override flags = {
    'password-stdin': Flags.boolean({ description: 'read the password from the first line of standard input' }),
    'take-over': Flags.boolean({ description: 'end the session that the account has elsewhere' }),
  };

  async run(): Promise<Omit<Result<'account.signIn'>, 'token'>> {
    const { args, flags } = await this.parse(AccountSignIn);
    const name = parseName(args.name);
    const { readSecret, readSecretLine } = await import('../../src/repl/terminal.ts');
    const password = parsePassword(
      flags['password-stdin'] ? await readSecretLine() : await readSecret(safeText`Password for ${plain(name)}: `),
    );
    const client = await this.connect(flags, { resume: false });
    const { token: _, ...result } = await client.signIn({
      name,
      password,
      ...(flags['take-over'] ? { takeOver: true } : {}),
    });
    this.log(safeText`Log in successfully! WELCOME "${plain(result.name)}"`);
    await this.confirmOthers(client);
    return result;
  }
}
