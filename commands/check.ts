import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { checkedLines } from '../src/cli/upkeep.ts';
import type { Checked } from '../src/daemon/check.ts';
import { plain } from '../src/domain/fold.ts';
import { safeText } from '../src/domain/safe-text.ts';

export default class Check extends GoldctlCommand {
  static override description = `read all that is stored and say what is wrong with it; the daemon must be stopped

Compares every file with its checksums, reads every record, makes the view anew from the journal and compares it with
what is stored. Changes nothing. The exit status is 1 where anything differs; \`goldctl repair\` goes on from there.`;
  static override examples = [
    '<%= config.bin %> daemon stop && <%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
    '<%= config.bin %> <%= command.id %> --scratch /mnt/roomy',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags;
  static override flags = {
    scratch: Flags.directory({
      description: 'folder to work in, which needs as much room as the data [the home]',
      exists: true,
      helpValue: 'FOLDER',
    }),
  };

  async run(): Promise<Checked> {
    const { flags } = await this.parse(Check);
    const home = await this.home();
    const { check } = await import('../src/daemon/check.ts');
    const tell = process.stderr.isTTY && !this.jsonEnabled();
    const checked = await check(home, {
      scratch: flags.scratch,
      onStep: (step) => tell && this.logToStderr(safeText`${plain(step)} ...`),
    });
    this.logLines(checkedLines(checked, home.dataFolder));
    if (!checked.sound) process.exitCode = 1;
    return checked;
  }
}
