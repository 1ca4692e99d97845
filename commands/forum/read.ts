import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import { parseTopic } from '../../src/domain/post.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';
import { parseTimeFlag } from '../../src/repl/parse-time.ts';

export default class ForumRead extends GoldctlCommand {
  static override description = 'show messages, oldest first: the newest, or all since a time';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --since 2021-02-23',
    '<%= config.bin %> <%= command.id %> --since 2h --topic gold --mark',
  ];
  static override flags = {
    since: Flags.string({
      description: 'only messages written or edited since this date, time or duration ago (2h)',
      helpValue: 'TIME',
    }),
    topic: Flags.string({ description: 'only this topic' }),
    thread: Flags.integer({ description: 'only this message and its replies', min: 1, helpValue: 'N' }),
    mark: Flags.boolean({ description: 'mark the shown and all older messages as read' }),
    limit: Flags.integer({ description: 'show only the newest N', min: 1, max: 100_000, helpValue: 'N' }),
    ...exitStatusFlag,
  };

  async run(): Promise<MethodResult<'forum.read'>> {
    const { flags } = await this.parse(ForumRead);
    const { since, thread, mark } = flags;
    const topic = flags.topic === undefined ? undefined : parseTopic(flags.topic);
    const sinceTime = since === undefined ? undefined : parseTimeFlag('since', since);
    const client = await this.connect(flags);
    const { MAX_POSTS, readNewestPost, readPosts } = await import('../../src/repl/posts.ts');
    const limit = flags.limit ?? (since === undefined ? 50 : MAX_POSTS);
    const result = await readPosts(client, defined({ sinceTime, topic, thread }), limit);
    if (!this.jsonEnabled()) {
      const { noPostsLines, postListLines } = await import('../../src/repl/forum-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      const format = await terminalFormat(process.stdout, await this.home());
      this.logLines(
        result.posts.length > 0
          ? postListLines(result.posts, format)
          : noPostsLines({ topic, since: sinceTime, thread }, await readNewestPost(client, topic), format),
      );
      if (result.more && since !== undefined)
        this.logToStderr(safeText`Older messages are left out. --limit shows up to 100000 of the newest.`);
    }
    if (mark && thread === undefined) {
      await client.call('forum.markRead', { seq: result.seq, ...defined({ topic }) });
    }
    return this.withExitStatus(result, result.posts.length === 0, flags);
  }
}
