import { GoldctlCommand } from '../../src/cli/command.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumTopics extends GoldctlCommand {
  static override description = 'list topics and unread counts';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<MethodResult<'forum.topics'>> {
    const { flags } = await this.parse(ForumTopics);
    const client = await this.connect(flags);
    const result = await client.call('forum.topics', {});
    if (!this.jsonEnabled()) {
      const { topicsTable } = await import('../../src/repl/forum-format.ts');
      const { detectOutputFormat } = await import('../../src/repl/output-format.ts');
      this.logLines(topicsTable(result.topics, detectOutputFormat(process.stdout)));
    }
    return result;
  }
}
