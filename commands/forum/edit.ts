import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { integerArg } from '../../src/cli/flags.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class ForumEdit extends GoldctlCommand {
  static override description = 'edit your message, or any message as a moderator';
  static override examples = ['<%= config.bin %> <%= command.id %> 12 "Hello again"'];
  static override args = {
    n: integerArg({ description: 'message number', required: true, min: 1 }),
    text: Args.string({ description: 'new text', required: true }),
  };
  static override strict = false;

  async run(): Promise<MethodResult<'forum.edit'>> {
    const { args, argv, flags } = await this.parse(ForumEdit);
    const client = await this.connect(flags);
    const result = await client.call('forum.edit', { number: args.n, text: argv.slice(1).join(' ') });
    this.log(safeText`Edited #${result.post.number}.`);
    return result;
  }
}
