import { GoldctlCommand } from '../../src/cli/command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class AccountWhoAmI extends GoldctlCommand {
  static override description = 'show the current account and server; exits with status 1 if not signed in';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<{ name: string; role: string | null; server: string }> {
    const { flags } = await this.parse(AccountWhoAmI);
    const client = await this.connect(flags);
    const { name, role, target } = client;
    if (name === null) {
      throw client.resumeFailure ?? new AppError('NOT_SIGNED_IN', 'Not signed in. Run "goldctl account signin NAME".');
    }
    this.log(safeText`${sanitizeText(name)}${role === null ? '' : `, ${role}`}, at ${sanitizeText(target.key)}`);
    return { name, role, server: target.key };
  }
}
