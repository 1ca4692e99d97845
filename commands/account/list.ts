import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountList extends GoldctlCommand {
  static override description = 'every account, its role and whether it is signed in (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'account.list'>> {
    const { flags } = await this.parse(AccountList);
    const client = await this.connect(flags);
    const result = await client.call('account.list', {});
    if (!this.jsonEnabled()) {
      const { accountsTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(accountsTable(result.accounts, paperOf(process.stdout)));
    }
    return result;
  }
}
