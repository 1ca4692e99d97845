import { GoldctlCommand } from '../src/cli/command.ts';
import { wholeNumber } from '../src/cli/number.ts';
import { userName } from '../src/cli/user.ts';
import type { Result } from '../src/protocol/methods.ts';

export default class Sum extends GoldctlCommand {
  static override description =
    'send a number of 1-100; the daemon answers with another one and the sum, which is checked';
  static override examples = ['<%= config.bin %> <%= command.id %> 25'];
  static override args = {
    n: wholeNumber({ description: 'your number, 1-100', required: true }),
  };

  async run(): Promise<Result<'sum'>> {
    const { args, flags } = await this.parse(Sum);
    const { askSum, checkNumber } = await import('../src/repl/sum.ts');
    checkNumber(args.n);
    const client = await this.connect(flags);
    const user = userName();
    const result = await askSum(client, args.n, user);
    if (!this.jsonEnabled()) {
      const { sumLines } = await import('../src/repl/presenter.ts');
      for (const line of sumLines(result, client.name ?? user, args.n)) this.log(line);
    }
    return result;
  }
}
