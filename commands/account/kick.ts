import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { silentLine } from '../../src/cli/daemon.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountKick extends GoldctlCommand {
  static override description = 'end the connections of a member, who can come back (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> khtn --reason "please rest"'];
  static override args = {
    name: Args.string({ description: 'name of the account', required: true }),
  };
  static override flags = {
    reason: Flags.string({ description: 'what the member is told', helpValue: 'TEXT' }),
  };

  async run(): Promise<Result<'admin.kick'>> {
    const { args, flags } = await this.parse(AccountKick);
    const client = await this.connect(flags);
    const { name } = args;
    const result = await client.call('admin.kick', {
      name,
      ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    });
    this.log(safeText`Connections of ${plain(name)} ended: ${result.dropped}.`);
    if (result.silent) this.logToStderr(silentLine(result.silent));
    return result;
  }
}
