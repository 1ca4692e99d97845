import { GoldctlCommand } from '../../src/cli/command.ts';
import { wholeNumber } from '../../src/cli/number.ts';
import { formatSeedTime } from '../../src/domain/instant.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumDelete extends GoldctlCommand {
  static override description = 'delete a message: yours, or as moderator any; its number is never used again';
  static override examples = ['<%= config.bin %> <%= command.id %> 12'];
  static override args = {
    n: wholeNumber({ description: 'number of the message', required: true, min: 1 }),
  };

  async run(): Promise<Result<'forum.delete'>> {
    const { args, flags } = await this.parse(ForumDelete);
    const client = await this.connect(flags);
    const result = await client.call('forum.delete', { number: args.n });
    const { number, at, deletedAt } = result.post;
    this.log(
      safeText`Delete the message successfully. Message #${number} deleted at ${formatSeedTime(deletedAt ?? at)}.`,
    );
    return result;
  }
}
