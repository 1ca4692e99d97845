import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumRead extends GoldctlCommand {
  static override description = 'read messages, oldest first: the newest ones, or all since a time';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --since 2021-02-23',
    '<%= config.bin %> <%= command.id %> --since 2h --topic gold --mark',
  ];
  static override flags = {
    since: Flags.string({ description: 'written or edited since then: a day, a moment, or a span back from now (2h)' }),
    topic: Flags.string({ description: 'of this topic only' }),
    thread: Flags.integer({ description: 'this message and the answers to it', min: 1, helpValue: 'N' }),
    mark: Flags.boolean({ description: 'mark as read what is shown, and what is older' }),
    limit: Flags.integer({ description: 'so many at most, the newest', min: 1, max: 1000, helpValue: 'N' }),
  };

  async run(): Promise<Result<'forum.read'>> {
    const { flags } = await this.parse(ForumRead);
    const { since, topic, thread, mark } = flags;
    const { parseWhen, WHEN } = await import('../../src/repl/when.ts');
    const sinceTime = since === undefined ? undefined : parseWhen(since, Date.now());
    if (since !== undefined && sinceTime === undefined) {
      throw new Failure('USAGE', `--since ${since} is no moment. Expected ${WHEN}.`);
    }
    const client = await this.connect(flags);
    const { POSTS, readPosts } = await import('../../src/repl/posts.ts');
    const result = await readPosts(
      client,
      {
        ...(sinceTime === undefined ? {} : { sinceTime }),
        ...(topic === undefined ? {} : { topic }),
        ...(thread === undefined ? {} : { thread }),
      },
      flags.limit ?? (since === undefined ? 50 : POSTS),
    );
    if (!this.jsonEnabled()) {
      const { postsRead } = await import('../../src/repl/presenter.ts');
      this.logLines(postsRead(result.posts));
      if (result.more && since !== undefined)
        this.logToStderr(safeText`There are older ones; --limit shows up to 1000.`);
    }
    if (mark && thread === undefined) {
      await client.call('forum.markRead', { seq: result.seq, ...(topic === undefined ? {} : { topic }) });
    }
    return result;
  }
}
