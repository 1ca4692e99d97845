import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class RatesProviders extends GoldctlCommand {
  static override description = 'list rate providers and their status';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'rates.providers'>> {
    const { flags } = await this.parse(RatesProviders);
    const client = await this.connect(flags);
    const result = await client.call('rates.providers', {});
    if (!this.jsonEnabled()) {
      const { providersTable } = await import('../../src/repl/rate-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(providersTable(result.providers, await terminalFormat(process.stdout, await this.home())));
    }
    return this.withExitStatus(result, result.providers.length === 0, flags);
  }
}
