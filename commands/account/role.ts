import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import { ROLES, type Role } from '../../src/domain/name.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountRole extends GoldctlCommand {
  static override description = 'make somebody owner, moderator or member (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> khtn moderator'];
  static override args = {
    name: Args.string({ description: 'name of the account', required: true }),
    role: Args.string({ description: 'what the account becomes', options: [...ROLES], required: true }),
  };

  async run(): Promise<Result<'account.setRole'>> {
    const { args, flags } = await this.parse(AccountRole);
    const client = await this.connect(flags);
    const result = await client.call('account.setRole', { name: args.name, role: args.role as Role });
    this.log(safeText`${plain(result.name)} is ${result.role} now.`);
    return result;
  }
}
