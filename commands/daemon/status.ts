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
      const { detectOutputFormat } = await import('../../src/repl/output-format.ts');
      this.logLines(statusLines(status, Date.now()));
      this.logLines([safeText``, ...providersTable(providers, detectOutputFormat(process.stdout))]);
    }
    return { ...status, providers };
  }
}
