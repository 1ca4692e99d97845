import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountBan extends GoldctlCommand {
  static override description = 'end the connections of a member and let him in no more, until it is lifted (owner)';
  static override examples = [
    '<%= config.bin %> <%= command.id %> khtn --reason spam',
    '<%= config.bin %> <%= command.id %> khtn --lift',
  ];
  static override args = {
    name: Args.string({ description: 'name of the account', required: true }),
  };
  static override flags = {
    reason: Flags.string({ description: 'what the member is told', helpValue: 'TEXT', exclusive: ['lift'] }),
    lift: Flags.boolean({ description: 'let the member in again' }),
  };

  async run(): Promise<Result<'admin.ban'>> {
    const { args, flags } = await this.parse(AccountBan);
    const client = await this.connect(flags);
    const result = await client.call('admin.ban', {
      name: args.name,
      banned: !flags.lift,
      ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    });
    const name = plain(result.name);
    this.log(result.banned ? `${name} is banned. Connections ended: ${result.dropped}.` : `${name} may come in again.`);
    return result;
  }
}
