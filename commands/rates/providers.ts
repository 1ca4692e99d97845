import { GoldctlCommand } from '../../src/cli/command.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class RatesProviders extends GoldctlCommand {
  static override description = 'list rate providers and their status';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<MethodResult<'rates.providers'>> {
    const { flags } = await this.parse(RatesProviders);
    const client = await this.connect(flags);
    const result = await client.call('rates.providers', {});
    if (!this.jsonEnabled()) {
      const { providersTable } = await import('../../src/repl/rate-format.ts');
      const { detectOutputFormat } = await import('../../src/repl/output-format.ts');
      this.logLines(providersTable(result.providers, detectOutputFormat(process.stdout)));
    }
    return result;
  }
}
