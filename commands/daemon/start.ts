import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { startFlags, startOptions, statusLines } from '../../src/cli/daemon.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

type Answer = Result<'admin.status'> & { already: boolean };

export default class DaemonStart extends GoldctlCommand {
  static override description = `start the daemon of this machine; returns when it answers

Settings are in config.json of GOLDCTL_HOME; flags go before them. One that runs already goes on as it is.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --host 0.0.0.0 --port 4100',
    '<%= config.bin %> <%= command.id %> --foreground',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's daemon
  static override flags = {
    foreground: Flags.boolean({ description: 'stay on this terminal, log lines on it as well, until Ctrl-C' }),
    ...startFlags,
  };

  async run(): Promise<Answer | undefined> {
    const { flags } = await this.parse(DaemonStart);
    const home = await this.home();
    const options = startOptions(flags);
    const { runDaemon, startDaemon } = await import('../../src/daemon/lifecycle.ts');
    const started = await (flags.foreground ? runDaemon(home, options) : startDaemon(home, options));
    if (typeof started === 'number') return this.exit(started);
    const { status, already } = started;
    this.log(already ? safeText`A daemon runs here already.` : safeText`The daemon runs.`);
    if (already && Object.keys(options).length > 0) {
      this.log(safeText`It keeps the settings that it was started with: stop it first to change them.`);
    }
    this.logLines(statusLines(status, Date.now()));
    if (!already) this.log(safeText`Log: ${plain(home.logFile)}`);
    return { ...status, already };
  }
}
