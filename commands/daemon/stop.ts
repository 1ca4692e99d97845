import { GoldctlCommand } from '../../src/cli/command.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class DaemonStop extends GoldctlCommand {
  static override description = 'stop the local daemon; clients are notified and acknowledged writes are flushed';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's daemon

  async run(): Promise<{ pid: number; forced: string | null }> {
    await this.parse(DaemonStop);
    const { stopDaemon } = await import('../../src/daemon/lifecycle.ts');
    const { pid, forcedBy } = await stopDaemon(await this.home(), (signal) =>
      this.logToStderr(safeText`Warning: the daemon did not stop; sending ${sanitizeText(signal)}.`),
    );
    this.log(safeText`The daemon has stopped (process ${pid}).`);
    return { pid, forced: forcedBy ?? null };
  }
}
