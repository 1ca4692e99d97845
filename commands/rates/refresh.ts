import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { defined } from '../../src/domain/defined.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class RatesRefresh extends GoldctlCommand {
  static override description = 'fetch prices now, from all providers or from one';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> sjc'];
  static override args = {
    provider: Args.string({ description: 'provider id [all]' }),
  };

  async run(): Promise<MethodResult<'admin.refresh'>> {
    const { args, flags } = await this.parse(RatesRefresh);
    const client = await this.connect(flags);
    const result = await client.call('admin.refresh', defined({ provider: args.provider }));
    this.log(
      safeText`Fetching from ${sanitizeText(args.provider ?? 'all providers')}. For the result: goldctl rates providers`,
    );
    return result;
  }
}
