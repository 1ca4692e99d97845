import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class RatesRefresh extends GoldctlCommand {
  static override description = 'ask the providers now, all or one';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> sjc'];
  static override args = {
    provider: Args.string({ description: 'id of a provider; all, where it is left out' }),
  };

  async run(): Promise<Result<'admin.refresh'>> {
    const { args, flags } = await this.parse(RatesRefresh);
    const client = await this.connect(flags);
    const result = await client.call('admin.refresh', args.provider === undefined ? {} : { provider: args.provider });
    this.log(safeText`${plain(args.provider ?? 'Every provider')} is asked. What came of it: goldctl rates providers`);
    return result;
  }
}
