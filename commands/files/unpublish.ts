import { Args } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class FilesUnpublish extends FilesCommand {
  static override description = 'stop publishing a file; the file itself is not deleted';
  static override examples = ['<%= config.bin %> <%= command.id %> lecture1.mp4'];
  static override args = {
    name: Args.string({ description: 'published name', required: true }),
  };

  async run(): Promise<{ name: string }> {
    const { args, flags } = await this.parse(FilesUnpublish);
    const { peers } = await this.openPeers(flags, { reachable: false });
    await peers.unpublish(args.name);
    this.log(safeText`${sanitizeText(args.name)} is no longer published.`);
    return { name: args.name };
  }
}
