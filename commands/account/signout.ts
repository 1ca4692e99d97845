import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class AccountSignOut extends GoldctlCommand {
  static override description = 'sign out: ends the session everywhere, and forgets it here';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Record<string, never>> {
    const { flags } = await this.parse(AccountSignOut);
    const client = await this.connect(flags);
    const { name } = client;
    await client.signOut();
    this.log(safeText`Successfully logout, seya ${plain(name ?? '')}!`);
    return {};
  }
}
