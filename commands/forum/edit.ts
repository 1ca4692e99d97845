import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { wholeNumber } from '../../src/cli/number.ts';
import { formatSeedTime } from '../../src/domain/instant.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class ForumEdit extends GoldctlCommand {
  static override description = 'change the text of a message: yours, or as moderator any';
  static override examples = ['<%= config.bin %> <%= command.id %> 12 "Hello again"'];
  static override args = {
    n: wholeNumber({ description: 'number of the message', required: true, min: 1 }),
    text: Args.string({ description: 'its text from now on', required: true }),
  };
  static override strict = false;

  async run(): Promise<Result<'forum.edit'>> {
    const { args, argv, flags } = await this.parse(ForumEdit);
    const client = await this.connect(flags);
    const result = await client.call('forum.edit', { number: args.n, text: argv.slice(1).join(' ') });
    const { number, at, editedAt } = result.post;
    this.log(safeText`Edit the message successfully. Message #${number} edited at ${formatSeedTime(editedAt ?? at)}.`);
    return result;
  }
}
