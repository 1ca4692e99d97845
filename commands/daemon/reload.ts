import { GoldctlCommand } from '../../src/cli/command.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class DaemonReload extends GoldctlCommand {
  static override description = `reload config.json and the certificate; nobody is disconnected (owner)

Limits, providers, log level and certificate change at once, some of them for new connections only. Reports what changed
and what needs a restart. If a setting is not valid, nothing changes. SIGHUP does the same.`;
  static override examples = [
    '<%= config.bin %> config check && <%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<MethodResult<'admin.reload'>> {
    const { flags } = await this.parse(DaemonReload);
    const client = await this.connect(flags);
    const result = await client.call('admin.reload', {});
    const list = (names: readonly string[]) => names.map(sanitizeText).join(', ');
    if (result.changed.length > 0) this.log(safeText`Changed: ${sanitizeText(list(result.changed))}.`);
    if (result.restart.length > 0) {
      this.log(
        safeText`Needs a restart: ${sanitizeText(list(result.restart))}. Run \`goldctl daemon restart\` to apply it.`,
      );
    }
    if (result.changed.length + result.restart.length === 0) this.log(safeText`Nothing changed.`);
    return result;
  }
}
