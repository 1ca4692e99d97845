import { GoldctlCommand } from '../../../src/cli/command.ts';
import type { Result } from '../../../src/protocol/methods.ts';

export default class RatesHeld extends GoldctlCommand {
  static override description = 'list prices that do not fit what is known, with the reason and the prices compared';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'rates.held'>> {
    const { flags } = await this.parse(RatesHeld);
    const client = await this.connect(flags);
    const result = await client.call('rates.held', {});
    if (!this.jsonEnabled()) {
      const { heldQuotes } = await import('../../../src/repl/rate-edits.ts');
      this.logLines(heldQuotes(result.held));
    }
    return result;
  }
}
