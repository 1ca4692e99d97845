import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountList extends GoldctlCommand {
  static override description = 'list accounts with role and sign-in status (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'account.list'>> {
    const { flags } = await this.parse(AccountList);
    const client = await this.connect(flags);
    const result = await client.call('account.list', {});
    if (!this.jsonEnabled()) {
      const { accountsTable } = await import('../../src/repl/member-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(accountsTable(result.accounts, await terminalFormat(process.stdout, await this.home())));
    }
    return this.withExitStatus(result, result.accounts.length === 0, flags);
  }
}
