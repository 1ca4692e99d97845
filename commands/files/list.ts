import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class FilesList extends GoldctlCommand {
  static override description = 'list the files that can be fetched: of all who are here, or of one member';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> yoda',
    '<%= config.bin %> <%= command.id %> --search lecture',
  ];
  static override args = {
    name: Args.string({ description: 'of a member, here or away' }),
  };
  static override flags = {
    search: Flags.string({
      description: 'with this in name or description; case and accents do not matter',
      helpValue: 'TEXT',
    }),
  };

  async run(): Promise<{ listings: Result<'files.discover'>['listings']; more: boolean }> {
    const { args, flags } = await this.parse(FilesList);
    const client = await this.connect(flags);
    const { readListings, listingsTable, repositoryLines } = await import('../../src/repl/listings.ts');
    const asked = {
      ...(args.name === undefined ? {} : { member: args.name }),
      ...(flags.search === undefined ? {} : { text: flags.search }),
    };
    const { listings, more } = await readListings(client, asked);
    if (!this.jsonEnabled()) {
      const { paperOf } = await import('../../src/repl/paper.ts');
      const isRepository = args.name !== undefined && flags.search === undefined;
      const lines = isRepository ? repositoryLines(listings) : listingsTable(listings, paperOf(process.stdout), asked);
      this.logLines(lines);
      if (more) this.logToStderr(safeText`There are more: --search TEXT finds those that it fits.`);
    }
    return { listings: [...listings], more };
  }
}
