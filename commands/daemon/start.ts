import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { statusLines } from '../../src/cli/daemon-status.ts';
import { startFlags, startOptions } from '../../src/cli/flags.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

type StartOutput = MethodResult<'admin.status'> & { already: boolean };

export default class DaemonStart extends GoldctlCommand {
  static override description = `start the local daemon; returns once it is ready

Settings are read from config.json in GOLDCTL_HOME; flags override the file. If a daemon is already running, it is left unchanged.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --host 0.0.0.0 --port 4100',
    '<%= config.bin %> <%= command.id %> --foreground',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's daemon
  static override flags = {
    foreground: Flags.boolean({ description: 'run in the foreground and also print the log, until Ctrl-C' }),
    ...startFlags,
  };

  async run(): Promise<StartOutput | undefined> {
    const { flags } = await this.parse(DaemonStart);
    const home = await this.home();
    const options = startOptions(flags);
    const { runInForeground, spawnDaemon } = await import('../../src/daemon/lifecycle.ts');
    const started = await (flags.foreground ? runInForeground(home, options) : spawnDaemon(home, options));
    if (typeof started === 'number') return this.exit(started);
    const { status, isAlreadyRunning } = started;
    this.log(isAlreadyRunning ? safeText`A daemon is already running.` : safeText`The daemon is running.`);
    if (isAlreadyRunning && Object.keys(options).length > 0) {
      this.log(safeText`It keeps its current settings: stop it first to change them.`);
    }
    this.logLines(statusLines(status, Date.now()));
    if (!isAlreadyRunning) this.log(safeText`Log: ${sanitizeText(home.logFile)}`);
    return { ...status, already: isAlreadyRunning };
  }
}
