import { GoldctlCommand } from '../../src/cli/command.ts';
import { integerArg } from '../../src/cli/flags.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumDelete extends GoldctlCommand {
  static override description = 'delete your message, or any message as a moderator; its number is not reused';
  static override examples = ['<%= config.bin %> <%= command.id %> 12'];
  static override args = {
    n: integerArg({ description: 'message number', required: true, min: 1 }),
  };

  async run(): Promise<MethodResult<'forum.delete'>> {
    const { args, flags } = await this.parse(ForumDelete);
    const client = await this.connect(flags);
    const result = await client.call('forum.delete', { number: args.n });
    this.log(safeText`Deleted #${result.post.number}.`);
    return result;
  }
}
