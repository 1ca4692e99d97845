import { GoldctlCommand } from '../../../src/cli/command.ts';
import type { MethodResult } from '../../../src/protocol/methods.ts';

export default class RatesImports extends GoldctlCommand {
  static override description = 'list imports, removals and corrections of prices, newest first';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<MethodResult<'rates.imports'>> {
    const { flags } = await this.parse(RatesImports);
    const client = await this.connect(flags);
    const result = await client.call('rates.imports', {});
    if (!this.jsonEnabled()) {
      const { importsTable } = await import('../../../src/repl/rate-edit-format.ts');
      const { detectOutputFormat } = await import('../../../src/repl/output-format.ts');
      this.logLines(importsTable(result.imports, detectOutputFormat(process.stdout)));
    }
    return result;
  }
}
