import { editArgs, reasonFlag, UndoCommand } from '../../../src/cli/undo-command.ts';
import type { Result } from '../../../src/protocol/methods.ts';

export default class RatesImportsUndo extends UndoCommand {
  static override description = 'undo an import, removal or correction, as if it had never been made (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> 1042'];
  static override args = editArgs;
  static override flags = reasonFlag;

  async run(): Promise<Result<'rates.undo'>> {
    const { args, flags } = await this.parse(RatesImportsUndo);
    return this.setUndone(args.id, true, flags);
  }
}
