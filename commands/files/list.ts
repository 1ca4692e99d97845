import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class FilesList extends GoldctlCommand {
  static override description = 'list published files of all online members, or of one member';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> yoda',
    '<%= config.bin %> <%= command.id %> --search lecture',
  ];
  static override args = {
    name: Args.string({ description: 'member name, online or offline' }),
  };
  static override flags = {
    search: Flags.string({
      description: 'only files with this text in name or description; ignores case and accents',
      helpValue: 'TEXT',
    }),
    ...exitStatusFlag,
  };

  async run(): Promise<{ listings: MethodResult<'files.discover'>['listings']; more: boolean }> {
    const { args, flags } = await this.parse(FilesList);
    const client = await this.connect(flags);
    const { readListings, listingsTable } = await import('../../src/repl/file-listing-format.ts');
    const asked = defined({ member: args.name, text: flags.search });
    const { listings, more } = await readListings(client, asked);
    if (!this.jsonEnabled()) {
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(listingsTable(listings, await terminalFormat(process.stdout, await this.home()), asked));
      if (more) this.logToStderr(safeText`There are more files. Use --search TEXT to narrow the list.`);
    }
    return this.withExitStatus({ listings: [...listings], more }, listings.length === 0, flags);
  }
}
