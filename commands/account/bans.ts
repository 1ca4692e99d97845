import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountBans extends GoldctlCommand {
  static override description = 'list bans: account or address, expiry and reason (owner)';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'admin.bans'>> {
    const { flags } = await this.parse(AccountBans);
    const client = await this.connect(flags);
    const result = await client.call('admin.bans', {});
    if (!this.jsonEnabled()) {
      const { bansTable } = await import('../../src/repl/member-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(bansTable(result.bans, await terminalFormat(process.stdout, await this.home())));
    }
    return this.withExitStatus(result, result.bans.length === 0, flags);
  }
}
