import { randomUUID } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

type DmResult = MethodResult<'messages.send'> | MethodResult<'messages.read'> | MethodResult<'messages.conversations'>;

export default class ForumDm extends GoldctlCommand {
  static override description =
    'send a direct message; without text, show the conversation; without a name, list conversations';
  static override examples = [
    '<%= config.bin %> <%= command.id %> hans "Sell at 155?"',
    '<%= config.bin %> <%= command.id %> hans --mark',
    '<%= config.bin %> <%= command.id %>',
  ];
  static override args = {
    name: Args.string({ description: 'member name' }),
    text: Args.string({ description: 'message text' }),
  };
  static override strict = false;
  static override flags = {
    mark: Flags.boolean({ description: 'mark the shown messages as read' }),
    before: Flags.integer({ description: 'only messages older than this number', min: 1, helpValue: 'N' }),
    limit: Flags.integer({ description: 'show only the newest N', min: 1, max: 200, default: 50, helpValue: 'N' }),
    ...exitStatusFlag,
  };

  async run(): Promise<DmResult> {
    const { argv, flags } = await this.parse(ForumDm);
    const [to, ...words] = argv as string[];
    const client = await this.connect(flags);
    const { conversationLines, conversationsTable, directMessageLines } = await import(
      '../../src/repl/forum-format.ts'
    );
    const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
    const format = await terminalFormat(process.stdout, await this.home());
    if (to === undefined) {
      const result = await client.call('messages.conversations', {});
      this.logLines(conversationsTable(result.conversations, format));
      return this.withExitStatus(result, result.conversations.length === 0, flags);
    }
    if (words.length > 0) {
      const result = await client.call('messages.send', { to, text: words.join(' '), clientId: randomUUID() });
      this.logLines(directMessageLines(result.message, format));
      return result;
    }
    const { before, limit, mark } = flags;
    const result = await client.call('messages.read', {
      with: to,
      limit,
      ...defined({ before }),
    });
    this.logLines(conversationLines(result.messages, to, format));
    const last = result.messages.findLast(({ unread }) => unread);
    if (mark && last) await client.call('messages.markRead', { with: to, number: last.number });
    return this.withExitStatus(result, result.messages.length === 0, flags);
  }
}
