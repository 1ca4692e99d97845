import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import { parseTopic } from '../../src/domain/post.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumSearch extends GoldctlCommand {
  static override description =
    'search messages by words, author or mention; ignores case and accents, and the last word may be a prefix';
  static override examples = [
    '<%= config.bin %> <%= command.id %> vang',
    '<%= config.bin %> <%= command.id %> @hans price --topic gold',
  ];
  static override args = {
    text: Args.string({ description: 'words that a message must all contain', required: true }),
  };
  static override strict = false;
  static override flags = {
    topic: Flags.string({ description: 'only this topic' }),
    before: Flags.integer({ description: 'only messages older than this number', min: 1, helpValue: 'N' }),
    limit: Flags.integer({ description: 'show only the newest N', min: 1, max: 200, default: 50, helpValue: 'N' }),
    ...exitStatusFlag,
  };

  async run(): Promise<MethodResult<'forum.search'>> {
    const { argv, flags } = await this.parse(ForumSearch);
    const { before, limit } = flags;
    const topic = flags.topic === undefined ? undefined : parseTopic(flags.topic);
    const text = argv.join(' ');
    const client = await this.connect(flags);
    const result = await client.call('forum.search', {
      text,
      limit,
      ...defined({ topic, before }),
    });
    if (!this.jsonEnabled()) {
      const { noPostsLines, searchResultLines } = await import('../../src/repl/forum-format.ts');
      const { readNewestPost } = await import('../../src/repl/posts.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      const format = await terminalFormat(process.stdout, await this.home());
      this.logLines(
        result.posts.length > 0
          ? searchResultLines(result.posts, result.more, format)
          : noPostsLines({ text, topic, before }, await readNewestPost(client, topic), format),
      );
      if (result.more) this.logToStderr(safeText`For older results: --before ${result.posts.at(-1)!.number}`);
    }
    return this.withExitStatus(result, result.posts.length === 0, flags);
  }
}
