import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { silentLine } from '../src/cli/daemon.ts';
import { safeText } from '../src/domain/safe-text.ts';
import type { Result } from '../src/protocol/methods.ts';

export default class QuitAll extends GoldctlCommand {
  static override description = 'drop every client; the daemon goes on, and they can come back';
  static override examples = ['<%= config.bin %> <%= command.id %> --reason "closing for the night"'];
  static override flags = {
    reason: Flags.string({ description: 'what the clients are told', helpValue: 'TEXT' }),
  };

  async run(): Promise<Result<'admin.quitAll'>> {
    const { flags } = await this.parse(QuitAll);
    const client = await this.connect(flags);
    const result = await client.call('admin.quitAll', flags.reason === undefined ? {} : { reason: flags.reason });
    this.log(safeText`Connections dropped: ${result.dropped}. The daemon goes on.`);
    if (result.silent) this.logToStderr(silentLine(result.silent));
    return result;
  }
}
