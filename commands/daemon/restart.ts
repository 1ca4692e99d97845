import { GoldctlCommand } from '../../src/cli/command.ts';
import { statusLines } from '../../src/cli/daemon.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class DaemonRestart extends GoldctlCommand {
  static override description = `end the daemon of this machine and start it with the same flags

The next one is ready before the last one ends: clients are back within two seconds and go on where they were. Settings
that would keep it from starting are refused, and the daemon goes on as it is. After an upgrade of goldctl it is the new one.

One that does not run, also after a crash, is started with the flags of the last time.`;
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's daemon

  async run(): Promise<Result<'admin.status'>> {
    await this.parse(DaemonRestart);
    const { restartDaemon } = await import('../../src/daemon/lifecycle.ts');
    const { stopped, status } = await restartDaemon(await this.home(), (signal) =>
      this.logToStderr(safeText`Warning: the daemon did not end by itself, sending it ${plain(signal)}.`),
    );
    this.log(stopped ? safeText`The daemon runs again.` : safeText`No daemon ran; one runs now.`);
    this.logLines(statusLines(status, Date.now()));
    return status;
  }
}
