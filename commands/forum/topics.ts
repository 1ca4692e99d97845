import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumTopics extends GoldctlCommand {
  static override description = 'list topics and unread counts';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'forum.topics'>> {
    const { flags } = await this.parse(ForumTopics);
    const client = await this.connect(flags);
    const result = await client.call('forum.topics', {});
    if (!this.jsonEnabled()) {
      const { topicsTable } = await import('../../src/repl/forum-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(topicsTable(result.topics, await terminalFormat(process.stdout, await this.home())));
    }
    return this.withExitStatus(result, result.topics.length === 0, flags);
  }
}
