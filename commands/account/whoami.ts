import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class AccountWhoAmI extends GoldctlCommand {
  static override description = 'who is signed in, and where; exit status 1 when nobody is';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<{ name: string; role: string | null; server: string }> {
    const { flags } = await this.parse(AccountWhoAmI);
    const client = await this.connect(flags);
    const { name, role, target } = client;
    if (name === null) {
      throw (
        client.resumeFailure ??
        new Failure('NOT_SIGNED_IN', 'Nobody is signed in. Sign in with "goldctl account signin NAME".')
      );
    }
    this.log(safeText`${plain(name)}${role === null ? '' : `, ${role}`}, at ${plain(target.key)}`);
    return { name, role, server: target.key };
  }
}
