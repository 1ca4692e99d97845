import { GoldctlCommand } from '../../src/cli/command.ts';
import { statusLines } from '../../src/cli/daemon-status.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class DaemonRestart extends GoldctlCommand {
  static override description = `restart the local daemon with the same flags

The new process is ready before the old one stops: clients reconnect within two seconds and resume. If the settings are
not valid, the old process keeps running. After an upgrade of goldctl this starts the new version.

If no daemon is running, for example after a crash, this starts one with the flags of the last start.`;
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's daemon

  async run(): Promise<MethodResult<'admin.status'>> {
    await this.parse(DaemonRestart);
    const { restartDaemon } = await import('../../src/daemon/lifecycle.ts');
    const { stopped, status } = await restartDaemon(await this.home(), (signal) =>
      this.logToStderr(safeText`Warning: the daemon did not stop; sending ${sanitizeText(signal)}.`),
    );
    this.log(stopped ? safeText`The daemon was restarted.` : safeText`No daemon was running; started one.`);
    this.logLines(statusLines(status, Date.now()));
    return status;
  }
}
