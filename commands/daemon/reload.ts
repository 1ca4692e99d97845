import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class DaemonReload extends GoldctlCommand {
  static override description =
    `have the daemon read config.json and its certificate once more; nobody is disconnected (owner)

Limits, providers, log level and certificate change at once, some of them for new connections only. It says what changed, and
what needs a restart. Of settings that are not valid nothing is taken. SIGHUP does the same.`;
  static override examples = [
    '<%= config.bin %> config check && <%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<Result<'admin.reload'>> {
    const { flags } = await this.parse(DaemonReload);
    const client = await this.connect(flags);
    const result = await client.call('admin.reload', {});
    const list = (names: readonly string[]) => names.map(plain).join(', ');
    if (result.changed.length > 0) this.log(safeText`Changed: ${plain(list(result.changed))}.`);
    if (result.restart.length > 0) {
      this.log(safeText`Needs a restart: ${plain(list(result.restart))}. \`goldctl daemon restart\` does it.`);
    }
    if (result.changed.length + result.restart.length === 0) this.log(safeText`Nothing changed.`);
    return result;
  }
}
