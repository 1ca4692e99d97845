import { GoldctlCommand } from '../../src/cli/command.ts';
import { statusLines } from '../../src/cli/daemon.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

type Answer = Result<'admin.status'> & Result<'rates.providers'>;

export default class DaemonStatus extends GoldctlCommand {
  static override description = 'how the daemon does: address, certificate, people, sources of rates';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];

  async run(): Promise<Answer> {
    const { flags } = await this.parse(DaemonStatus);
    const client = await this.connect(flags);
    const [status, { providers }] = await Promise.all([
      client.call('admin.status', {}),
      client.call('rates.providers', {}),
    ]);
    if (!this.jsonEnabled()) {
      const { providersTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(statusLines(status, Date.now()));
      this.logLines([safeText``, ...providersTable(providers, paperOf(process.stdout))]);
    }
    return { ...status, providers };
  }
}
