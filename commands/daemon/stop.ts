import { GoldctlCommand } from '../../src/cli/command.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class DaemonStop extends GoldctlCommand {
  static override description = 'end the daemon of this machine; clients are told, what is acknowledged is on disk';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's daemon

  async run(): Promise<{ pid: number; forced: string | null }> {
    await this.parse(DaemonStop);
    const { stopDaemon } = await import('../../src/daemon/lifecycle.ts');
    const { pid, forced } = await stopDaemon(await this.home(), (signal) =>
      this.logToStderr(safeText`Warning: the daemon did not end by itself, sending it ${plain(signal)}.`),
    );
    this.log(safeText`The daemon has ended (process ${pid}).`);
    return { pid, forced: forced ?? null };
  }
}
