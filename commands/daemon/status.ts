import { GoldctlCommand } from '../../src/cli/command.ts';
import { statusLines } from '../../src/cli/daemon-status.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

type StatusOutput = MethodResult<'admin.status'> & MethodResult<'rates.providers'>;

export default class DaemonStatus extends GoldctlCommand {
  static override description = 'show daemon status: address, certificate, members, rate providers';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];

  async run(): Promise<StatusOutput> {
    const { flags } = await this.parse(DaemonStatus);
    const client = await this.connect(flags);
    const [status, { providers }] = await Promise.all([
      client.call('admin.status', {}),
      client.call('rates.providers', {}),
    ]);
    if (!this.jsonEnabled()) {
      const { providersTable } = await import('../../src/repl/rate-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(statusLines(status, Date.now()));
      this.logLines([
        safeText``,
        ...providersTable(providers, await terminalFormat(process.stdout, await this.home())),
      ]);
    }
    return { ...status, providers };
  }
}
