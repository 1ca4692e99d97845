import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { unresponsiveLine } from '../../src/cli/daemon-status.ts';
import { defined } from '../../src/domain/defined.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountKick extends GoldctlCommand {
  static override description = 'disconnect a member, who can reconnect (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> khtn --reason "please rest"'];
  static override args = {
    name: Args.string({ description: 'account name', required: true }),
  };
  static override flags = {
    reason: Flags.string({ description: 'reason shown to the member', helpValue: 'TEXT' }),
  };

  async run(): Promise<MethodResult<'admin.kick'>> {
    const { args, flags } = await this.parse(AccountKick);
    const client = await this.connect(flags);
    const { name } = args;
    const result = await client.call('admin.kick', {
      name,
      ...defined({ reason: flags.reason }),
    });
    this.log(safeText`Connections of ${sanitizeText(name)} closed: ${result.dropped}.`);
    if (result.silent) this.logToStderr(unresponsiveLine(result.silent));
    return result;
  }
}
