import { GoldctlCommand } from '../../../src/cli/command.ts';
import type { Result } from '../../../src/protocol/methods.ts';

export default class RatesImports extends GoldctlCommand {
  static override description = 'list imports, removals and corrections of prices, newest first';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'rates.imports'>> {
    const { flags } = await this.parse(RatesImports);
    const client = await this.connect(flags);
    const result = await client.call('rates.imports', {});
    if (!this.jsonEnabled()) {
      const { importsTable } = await import('../../../src/repl/rate-edits.ts');
      const { paperOf } = await import('../../../src/repl/paper.ts');
      this.logLines(importsTable(result.imports, paperOf(process.stdout)));
    }
    return result;
  }
}
