import { GoldctlCommand } from '../../src/cli/command.ts';
import { wholeNumber } from '../../src/cli/number.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumRevisions extends GoldctlCommand {
  static override description =
    'show what a message said before it was changed; of a deleted one to its writer and moderators';
  static override examples = ['<%= config.bin %> <%= command.id %> 12'];
  static override args = {
    n: wholeNumber({ description: 'number of the message', required: true, min: 1 }),
  };

  async run(): Promise<Result<'forum.revisions'>> {
    const { args, flags } = await this.parse(ForumRevisions);
    const client = await this.connect(flags);
    const result = await client.call('forum.revisions', { number: args.n });
    if (!this.jsonEnabled()) {
      const { postRevisions } = await import('../../src/repl/presenter.ts');
      this.logLines(postRevisions(result));
    }
    return result;
  }
}
