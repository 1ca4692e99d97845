import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { ROLES, type Role } from '../../src/domain/account.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountRole extends GoldctlCommand {
  static override description = 'set the role of an account: owner, moderator or member (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %> khtn moderator'];
  static override args = {
    name: Args.string({ description: 'account name', required: true }),
    role: Args.string({ description: 'new role', options: [...ROLES], required: true }),
  };

  async run(): Promise<MethodResult<'account.setRole'>> {
    const { args, flags } = await this.parse(AccountRole);
    const client = await this.connect(flags);
    const result = await client.call('account.setRole', { name: args.name, role: args.role as Role });
    this.log(safeText`${sanitizeText(result.name)} is now ${result.role}.`);
    return result;
  }
}
