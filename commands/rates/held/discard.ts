import { HeldPriceCommand, heldPriceArgs } from '../../../src/cli/held-price-command.ts';
import { reasonFlag } from '../../../src/cli/undo-command.ts';
import type { MethodResult } from '../../../src/protocol/methods.ts';

export default class RatesHeldDiscard extends HeldPriceCommand {
  static override description = 'discard a held price (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> 3'];
  static override args = heldPriceArgs;
  static override flags = reasonFlag;

  async run(): Promise<MethodResult<'rates.decide'>> {
    const { args, flags } = await this.parse(RatesHeldDiscard);
    return this.decide(args.id, false, flags);
  }
}
