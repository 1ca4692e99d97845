import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { defined } from '../../src/domain/defined.ts';
import type { FileListingEntry } from '../../src/domain/file-listing.ts';

export default class FilesPublish extends FilesCommand {
  static override description =
    'publish a file for others to download; it stays in place and is served while your shell, your dashboard or `files share` runs';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lecture1.mp4',
    '<%= config.bin %> <%= command.id %> week7.mp4 --name lecture1.mp4 --description "The first lecture"',
  ];
  static override args = {
    file: Args.string({ description: 'path of the file', required: true }),
  };
  static override flags = {
    name: Flags.string({ description: 'published name [the file name]' }),
    description: Flags.string({ description: 'short description', helpValue: 'TEXT' }),
  };

  async run(): Promise<{ listing: FileListingEntry }> {
    const { args, flags } = await this.parse(FilesPublish);
    const { name, description } = flags;
    const { peers } = await this.openPeers(flags, { reachable: false });
    const progress = this.createProgress();
    const publishing = peers.publish(args.file, {
      ...defined({ name, description }),
      onProgress: (done, size) => progress.showHashing(basename(args.file), done, size),
    });
    const listing = await this.waitOrFail(publishing, () => 'Interrupted: nothing was published.').finally(() =>
      progress.end(),
    );
    if (!this.jsonEnabled()) {
      const { publishedSummary } = await import('../../src/repl/file-listing-format.ts');
      this.logLines(publishedSummary(listing));
    }
    return { listing };
  }
}
