import { GoldctlCommand } from '../src/cli/command.ts';
import { integerArg } from '../src/cli/flags.ts';
import { osUserName } from '../src/cli/os-user.ts';
import type { MethodResult } from '../src/protocol/methods.ts';

export default class Sum extends GoldctlCommand {
  static override description =
    'send a number from 1 to 100; the daemon replies with another number and the sum, which is verified';
  static override examples = ['<%= config.bin %> <%= command.id %> 25'];
  static override args = {
    n: integerArg({ description: 'your number, 1-100', required: true }),
  };

  async run(): Promise<MethodResult<'sum'>> {
    const { args, flags } = await this.parse(Sum);
    const { assertSumNumber, requestSum, sumLines } = await import('../src/repl/sum.ts');
    assertSumNumber(args.n);
    const client = await this.connect(flags);
    const user = osUserName();
    const result = await requestSum(client, args.n, user);
    if (!this.jsonEnabled()) this.logLines(sumLines(result, client.name ?? user, args.n));
    return result;
  }
}
