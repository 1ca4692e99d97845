import { GoldctlCommand } from '../../../src/cli/command.ts';
import { exitStatusFlag } from '../../../src/cli/flags.ts';
import type { MethodResult } from '../../../src/protocol/methods.ts';

export default class RatesHeld extends GoldctlCommand {
  static override description = 'list held prices with the reason and the prices they were compared with';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'rates.held'>> {
    const { flags } = await this.parse(RatesHeld);
    const client = await this.connect(flags);
    const result = await client.call('rates.held', {});
    if (!this.jsonEnabled()) {
      const { heldQuoteLines } = await import('../../../src/repl/rate-edit-format.ts');
      this.logLines(heldQuoteLines(result.held));
    }
    return this.withExitStatus(result, result.held.length === 0, flags);
  }
}
