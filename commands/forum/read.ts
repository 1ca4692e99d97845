import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { defined } from '../../src/domain/defined.ts';
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
    since: Flags.string({ description: 'only messages written or edited since this date, time or duration ago (2h)' }),
    topic: Flags.string({ description: 'only this topic' }),
    thread: Flags.integer({ description: 'only this message and its replies', min: 1, helpValue: 'N' }),
    mark: Flags.boolean({ description: 'mark the shown and all older messages as read' }),
    limit: Flags.integer({ description: 'show only the newest N', min: 1, max: 1000, helpValue: 'N' }),
  };

  async run(): Promise<MethodResult<'forum.read'>> {
    const { flags } = await this.parse(ForumRead);
    const { since, topic, thread, mark } = flags;
    const sinceTime = since === undefined ? undefined : parseTimeFlag('since', since);
    const client = await this.connect(flags);
    const { MAX_POSTS, readPosts } = await import('../../src/repl/posts.ts');
    const limit = flags.limit ?? (since === undefined ? 50 : MAX_POSTS);
    const result = await readPosts(client, defined({ sinceTime, topic, thread }), limit);
    if (!this.jsonEnabled()) {
      const { postLines } = await import('../../src/repl/forum-format.ts');
      this.logLines(postLines(result.posts));
      if (result.more && since !== undefined)
        this.logToStderr(safeText`There are older messages. --limit shows up to 1000.`);
    }
    if (mark && thread === undefined) {
      await client.call('forum.markRead', { seq: result.seq, ...defined({ topic }) });
    }
    return result;
  }
}
