import { DecideCommand, heldArgs } from '../../../src/cli/decide-command.ts';
import { reasonFlag } from '../../../src/cli/undo-command.ts';
import type { Result } from '../../../src/protocol/methods.ts';

export default class RatesHeldAccept extends DecideCommand {
  static override description = 'store a held price (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> 3'];
  static override args = heldArgs;
  static override flags = reasonFlag;

  async run(): Promise<Result<'rates.decide'>> {
    const { args, flags } = await this.parse(RatesHeldAccept);
    return this.decide(args.id, true, flags);
  }
}
