import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumTopics extends GoldctlCommand {
  static override description = 'list the topics, and what you have not read in them';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'forum.topics'>> {
    const { flags } = await this.parse(ForumTopics);
    const client = await this.connect(flags);
    const result = await client.call('forum.topics', {});
    if (!this.jsonEnabled()) {
      const { topicsTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(topicsTable(result.topics, paperOf(process.stdout)));
    }
    return result;
  }
}
