import { GoldctlCommand } from '../src/cli/command.ts';

interface Repaired {
  readonly holes: { readonly from: number; readonly to: number }[];
}

export default class Repair extends GoldctlCommand {
  static override description =
    'make a damaged journal usable again with what is left of it; the daemon must be stopped, and a copy of the data folder is wise';
  static override examples = ['<%= config.bin %> daemon stop && <%= config.bin %> <%= command.id %>'];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags;

  async run(): Promise<Repaired> {
    await this.parse(Repair);
    const home = await this.home();
    const { repair } = await import('../src/daemon/repair.ts');
    const holes = await repair(home);
    if (holes.length === 0) this.log(`The journal in ${home.dataFolder} has no hole: nothing was changed.`);
    for (const { from, to } of holes) {
      this.log(from === to ? `Record ${from} is lost.` : `Records ${from}-${to} are lost (${to - from + 1}).`);
    }
    if (holes.length > 0) this.log('Everything else is there. Start the daemon again with `goldctl daemon start`.');
    return { holes };
  }
}
