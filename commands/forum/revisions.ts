import { GoldctlCommand } from '../../src/cli/command.ts';
import { integerArg } from '../../src/cli/flags.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumRevisions extends GoldctlCommand {
  static override description =
    'show earlier versions of a message; those of a deleted message only to its author and moderators';
  static override examples = ['<%= config.bin %> <%= command.id %> 12'];
  static override args = {
    n: integerArg({ description: 'message number', required: true, min: 1 }),
  };

  async run(): Promise<MethodResult<'forum.revisions'>> {
    const { args, flags } = await this.parse(ForumRevisions);
    const client = await this.connect(flags);
    const result = await client.call('forum.revisions', { number: args.n });
    if (!this.jsonEnabled()) {
      const { revisionLines } = await import('../../src/repl/forum-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(revisionLines(result, await terminalFormat(process.stdout, await this.home())));
    }
    return result;
  }
}
