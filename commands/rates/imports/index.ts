import { GoldctlCommand } from '../../../src/cli/command.ts';
import { exitStatusFlag } from '../../../src/cli/flags.ts';
import type { MethodResult } from '../../../src/protocol/methods.ts';

export default class RatesImports extends GoldctlCommand {
  static override description = 'list imports, removals and corrections of prices, newest first';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'rates.imports'>> {
    const { flags } = await this.parse(RatesImports);
    const client = await this.connect(flags);
    const result = await client.call('rates.imports', {});
    if (!this.jsonEnabled()) {
      const { importsTable } = await import('../../../src/repl/rate-edit-format.ts');
      const { terminalFormat } = await import('../../../src/dashboard/terminal-output.ts');
      this.logLines(importsTable(result.imports, await terminalFormat(process.stdout, await this.home())));
    }
    return this.withExitStatus(result, result.imports.length === 0, flags);
  }
}
