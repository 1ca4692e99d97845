import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumSearch extends GoldctlCommand {
  static override description =
    'find messages by their words, writers and mentions; case and accents do not matter, the last word may be the beginning of one';
  static override examples = [
    '<%= config.bin %> <%= command.id %> vang',
    '<%= config.bin %> <%= command.id %> @hans price --topic gold',
  ];
  static override args = {
    text: Args.string({ description: 'words; all of them must be in a message', required: true }),
  };
  static override strict = false;
  static override flags = {
    topic: Flags.string({ description: 'in this topic only' }),
    before: Flags.integer({ description: 'older than the message of this number', min: 1, helpValue: 'N' }),
    limit: Flags.integer({ description: 'so many at most, the newest', min: 1, max: 200, default: 50, helpValue: 'N' }),
  };

  async run(): Promise<Result<'forum.search'>> {
    const { argv, flags } = await this.parse(ForumSearch);
    const { topic, before, limit } = flags;
    const client = await this.connect(flags);
    const result = await client.call('forum.search', {
      text: argv.join(' '),
      limit,
      ...(topic === undefined ? {} : { topic }),
      ...(before === undefined ? {} : { before }),
    });
    if (!this.jsonEnabled()) {
      const { postsFound } = await import('../../src/repl/presenter.ts');
      this.logLines(postsFound(result.posts, result.more));
      if (result.more) this.logToStderr(safeText`For older ones: --before ${result.posts.at(-1)!.number}`);
    }
    return result;
  }
}
