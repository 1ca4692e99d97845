import { GoldctlCommand } from '../src/cli/command.ts';
import { repairedLines } from '../src/cli/upkeep.ts';
import type { Repaired } from '../src/daemon/repair.ts';
import { plain } from '../src/domain/fold.ts';
import { safeText } from '../src/domain/safe-text.ts';

export default class Repair extends GoldctlCommand {
  static override description = `make damaged data usable again with what is left of it; the daemon must be stopped

Writes a new data folder beside the old one, which is kept as it was: it needs as much room again. Every record that can
be read stays in its place, and everything else is made anew from them. Says which records are lost, and when that was.
Posts keep their numbers. Where nothing is wrong, nothing is changed.`;
  static override examples = [
    '<%= config.bin %> daemon stop && <%= config.bin %> check',
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags;

  async run(): Promise<Repaired> {
    await this.parse(Repair);
    const home = await this.home();
    const { repair } = await import('../src/daemon/repair.ts');
    const tell = process.stderr.isTTY && !this.jsonEnabled();
    const repaired = await repair(home, (step) => {
      if (tell) this.logToStderr(safeText`${plain(step)} ...`);
    });
    this.logLines(repairedLines(repaired, home.dataFolder));
    return repaired;
  }
}
