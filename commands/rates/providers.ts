import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class RatesProviders extends GoldctlCommand {
  static override description = 'where the rates come from, and how each source does';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'rates.providers'>> {
    const { flags } = await this.parse(RatesProviders);
    const client = await this.connect(flags);
    const result = await client.call('rates.providers', {});
    if (!this.jsonEnabled()) {
      const { providersTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(providersTable(result.providers, paperOf(process.stdout)));
    }
    return result;
  }
}
