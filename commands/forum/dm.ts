import { randomUUID } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Result } from '../../src/protocol/methods.ts';

type Answer = Result<'messages.send'> | Result<'messages.read'> | Result<'messages.conversations'>;

export default class ForumDm extends GoldctlCommand {
  static override description =
    'write to one member alone, who may be away; without text, read what you wrote one another; without a name, list with whom';
  static override examples = [
    '<%= config.bin %> <%= command.id %> hans "Sell at 155?"',
    '<%= config.bin %> <%= command.id %> hans --mark',
    '<%= config.bin %> <%= command.id %>',
  ];
  static override args = {
    name: Args.string({ description: 'the other member' }),
    text: Args.string({ description: 'what to say' }),
  };
  static override strict = false;
  static override flags = {
    mark: Flags.boolean({ description: 'mark as read what is shown' }),
    before: Flags.integer({ description: 'older than the message of this number', min: 1, helpValue: 'N' }),
    limit: Flags.integer({ description: 'so many at most, the newest', min: 1, max: 200, default: 50, helpValue: 'N' }),
  };

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(ForumDm);
    const [to, ...words] = argv as string[];
    const client = await this.connect(flags);
    const { conversationsTable, messageLine, messagesRead } = await import('../../src/repl/presenter.ts');
    if (to === undefined) {
      const result = await client.call('messages.conversations', {});
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(conversationsTable(result.conversations, paperOf(process.stdout)));
      return result;
    }
    if (words.length > 0) {
      const result = await client.call('messages.send', { to, text: words.join(' '), clientId: randomUUID() });
      this.log(messageLine(result.message));
      return result;
    }
    const { before, limit, mark } = flags;
    const result = await client.call('messages.read', {
      with: to,
      limit,
      ...(before === undefined ? {} : { before }),
    });
    this.logLines(messagesRead(result.messages));
    const last = result.messages.findLast(({ unread }) => unread);
    if (mark && last) await client.call('messages.markRead', { with: to, number: last.number });
    return result;
  }
}
