import { randomUUID } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { defined } from '../../src/domain/defined.ts';
import { parseTopic } from '../../src/domain/post.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { formatForumTime } from '../../src/domain/time.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumPost extends GoldctlCommand {
  static override description = 'post a message';
  static override examples = [
    '<%= config.bin %> <%= command.id %> "Hello"',
    '<%= config.bin %> <%= command.id %> "I sell" --reply-to 12',
    '<%= config.bin %> <%= command.id %> -- -5% since noon',
  ];
  static override args = {
    text: Args.string({ description: 'message text', required: true }),
  };
  static override strict = false;
  static override flags = {
    topic: Flags.string({ description: 'topic [lobby]' }),
    'reply-to': Flags.integer({ description: 'number of the message to reply to', min: 1, helpValue: 'N' }),
  };

  async run(): Promise<MethodResult<'forum.post'>> {
    const { argv, flags } = await this.parse(ForumPost);
    const topic = flags.topic === undefined ? undefined : parseTopic(flags.topic);
    const client = await this.connect(flags);
    const result = await client.call('forum.post', {
      text: argv.join(' '),
      clientId: randomUUID(),
      ...defined({ topic, replyTo: flags['reply-to'] }),
    });
    this.log(safeText`Message #${result.post.number} posted at ${formatForumTime(result.post.at)}.`);
    return result;
  }
}
