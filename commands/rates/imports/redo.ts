import { editArgs, reasonFlag, UndoCommand } from '../../../src/cli/undo-command.ts';
import type { Result } from '../../../src/protocol/methods.ts';

export default class RatesImportsRedo extends UndoCommand {
  static override description = 'make an undone import, removal or correction count again (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> 1042'];
  static override args = editArgs;
  static override flags = reasonFlag;

  async run(): Promise<Result<'rates.undo'>> {
    const { args, flags } = await this.parse(RatesImportsRedo);
    return this.setUndone(args.id, false, flags);
  }
}
