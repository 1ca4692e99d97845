import { Args } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class FilesUnpublish extends FilesCommand {
  static override description = 'take a file of yours off the list; the file itself stays as it is';
  static override examples = ['<%= config.bin %> <%= command.id %> lecture1.mp4'];
  static override args = {
    name: Args.string({ description: 'as it is listed', required: true }),
  };

  async run(): Promise<{ name: string }> {
    const { args, flags } = await this.parse(FilesUnpublish);
    const { peers } = await this.openPeers(flags, { reachable: false });
    await peers.unpublish(args.name);
    this.log(safeText`${plain(args.name)} is published no more.`);
    return { name: args.name };
  }
}
