import { GoldctlCommand } from '../../src/cli/command.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class AccountSignOut extends GoldctlCommand {
  static override description = 'sign out: end the session and delete its token from this machine';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Record<string, never>> {
    const { flags } = await this.parse(AccountSignOut);
    const client = await this.connect(flags);
    const { name } = client;
    await client.signOut();
    this.log(safeText`Signed out. Goodbye, ${sanitizeText(name ?? '')}!`);
    return {};
  }
}
