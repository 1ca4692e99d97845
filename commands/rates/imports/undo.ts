import { rateEditArgs, reasonFlag, UndoCommand } from '../../../src/cli/undo-command.ts';
import type { MethodResult } from '../../../src/protocol/methods.ts';

export default class RatesImportsUndo extends UndoCommand {
  static override description = 'undo an import, removal or correction (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> 1042'];
  static override args = rateEditArgs;
  static override flags = reasonFlag;

  async run(): Promise<MethodResult<'rates.undo'>> {
    const { args, flags } = await this.parse(RatesImportsUndo);
    return this.setUndone(args.id, true, flags);
  }
}
