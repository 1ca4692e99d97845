import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountBans extends GoldctlCommand {
  static override description = 'who is kept out: accounts and addresses, until when, and why (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'admin.bans'>> {
    const { flags } = await this.parse(AccountBans);
    const client = await this.connect(flags);
    const result = await client.call('admin.bans', {});
    if (!this.jsonEnabled()) {
      const { bansTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(bansTable(result.bans, paperOf(process.stdout)));
    }
    return result;
  }
}
