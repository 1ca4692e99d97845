import { GoldctlCommand } from '../../src/cli/command.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountList extends GoldctlCommand {
  static override description = 'list accounts with role and sign-in status (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<MethodResult<'account.list'>> {
    const { flags } = await this.parse(AccountList);
    const client = await this.connect(flags);
    const result = await client.call('account.list', {});
    if (!this.jsonEnabled()) {
      const { accountsTable } = await import('../../src/repl/member-format.ts');
      const { detectOutputFormat } = await import('../../src/repl/output-format.ts');
      this.logLines(accountsTable(result.accounts, detectOutputFormat(process.stdout)));
    }
    return result;
  }
}
