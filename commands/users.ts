import { GoldctlCommand } from '../src/cli/command.ts';
import { exitStatusFlag } from '../src/cli/flags.ts';
import type { MethodResult } from '../src/protocol/methods.ts';

export default class Users extends GoldctlCommand {
  static override description = 'list online members with address, sign-in time and idle time';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = exitStatusFlag;

  async run(): Promise<MethodResult<'members.active'>> {
    const { flags } = await this.parse(Users);
    const client = await this.connect(flags);
    const result = await client.call('members.active', {});
    if (!this.jsonEnabled()) {
      const { membersTable } = await import('../src/repl/member-format.ts');
      const { terminalFormat } = await import('../src/dashboard/terminal-output.ts');
      this.logLines(membersTable(result.members, await terminalFormat(process.stdout, await this.home())));
    }
    return this.withExitStatus(result, result.members.length === 0, flags);
  }
}
