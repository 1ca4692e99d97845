import { randomUUID } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { formatSeedTime } from '../../src/domain/instant.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumPost extends GoldctlCommand {
  static override description = 'write a message';
  static override examples = [
    '<%= config.bin %> <%= command.id %> "Hello"',
    '<%= config.bin %> <%= command.id %> "I sell" --reply-to 12',
  ];
  static override args = {
    text: Args.string({ description: 'what to say', required: true }),
  };
  static override strict = false;
  static override flags = {
    topic: Flags.string({ description: 'topic; the lobby, where it is left out' }),
    'reply-to': Flags.integer({ description: 'number of the message that this one answers', min: 1, helpValue: 'N' }),
  };

  async run(): Promise<Result<'forum.post'>> {
    const { argv, flags } = await this.parse(ForumPost);
    const client = await this.connect(flags);
    const result = await client.call('forum.post', {
      text: argv.join(' '),
      clientId: randomUUID(),
      ...(flags.topic === undefined ? {} : { topic: flags.topic }),
      ...(flags['reply-to'] === undefined ? {} : { replyTo: flags['reply-to'] }),
    });
    this.log(safeText`Message #${result.post.number} posted at ${formatSeedTime(result.post.at)}.`);
    return result;
  }
}
