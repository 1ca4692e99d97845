import { GoldctlCommand } from '../src/cli/command.ts';
import type { Result } from '../src/protocol/methods.ts';

export default class Users extends GoldctlCommand {
  static override description = 'who is here: from where, since when, and how long idle';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Result<'members.active'>> {
    const { flags } = await this.parse(Users);
    const client = await this.connect(flags);
    const result = await client.call('members.active', {});
    if (!this.jsonEnabled()) {
      const { membersTable } = await import('../src/repl/presenter.ts');
      const { paperOf } = await import('../src/repl/paper.ts');
      this.logLines(membersTable(result.members, paperOf(process.stdout)));
    }
    return result;
  }
}
