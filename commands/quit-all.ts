import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { unresponsiveLine } from '../src/cli/daemon-status.ts';
import { defined } from '../src/domain/defined.ts';
import { safeText } from '../src/domain/safe-text.ts';
import type { MethodResult } from '../src/protocol/methods.ts';

export default class QuitAll extends GoldctlCommand {
  static override description = 'disconnect all clients; they can reconnect';
  static override examples = ['<%= config.bin %> <%= command.id %> --reason "closing for the night"'];
  static override flags = {
    reason: Flags.string({ description: 'reason shown to the clients', helpValue: 'TEXT' }),
  };

  async run(): Promise<MethodResult<'admin.quitAll'>> {
    const { flags } = await this.parse(QuitAll);
    const client = await this.connect(flags);
    const result = await client.call('admin.quitAll', defined({ reason: flags.reason }));
    this.log(safeText`Connections closed: ${result.dropped}. The daemon keeps running.`);
    if (result.silent) this.logToStderr(unresponsiveLine(result.silent));
    return result;
  }
}
