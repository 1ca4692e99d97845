import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { parseName, parsePassword } from '../../src/domain/name.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountSignUp extends GoldctlCommand {
  static override description =
    'make an account and sign in; the first one made on the machine of the daemon is its owner';
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

  async run(): Promise<Omit<Result<'account.signUp'>, 'token'>> {
    const { args, flags } = await this.parse(AccountSignUp);
    const name = parseName(args.name);
    const { readSecret, readSecretLine } = await import('../../src/repl/terminal.ts');
    let password: string;
    if (flags['password-stdin']) {
      password = parsePassword(await readSecretLine());
    } else {
      password = parsePassword(await readSecret(safeText`Password for ${plain(name)}: `));
      if (parsePassword(await readSecret(safeText`The same again: `)) !== password) {
        throw new Failure('INVALID_REQUEST', 'The two passwords differ: no account was made.');
      }
    }
    const client = await this.connect(flags, { resume: false });
    const { token: _, ...result } = await client.signUp({ name, password });
    this.log(safeText`A new account has been created. WELCOME "${plain(result.name)}"`);
    if (result.role === 'owner') this.log(safeText`It is the first account of this daemon and owns it.`);
    await this.confirmOthers(client);
    return result;
  }
}
