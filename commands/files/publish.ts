import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import type { Listing } from '../../src/domain/listing.ts';

export default class FilesPublish extends FilesCommand {
  static override description =
    'list a file for others to fetch; it stays where it is, and is served while your shell, your dashboard or `files share` runs';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lecture1.mp4',
    '<%= config.bin %> <%= command.id %> week7.mp4 --name lecture1.mp4 --description "The first lecture"',
  ];
  static override args = {
    file: Args.string({ description: 'path of the file', required: true }),
  };
  static override flags = {
    name: Flags.string({ description: 'name that others see [its own]' }),
    description: Flags.string({ description: 'what it is, in a sentence', helpValue: 'TEXT' }),
  };

  async run(): Promise<{ listing: Listing }> {
    const { args, flags } = await this.parse(FilesPublish);
    const { name, description } = flags;
    const { peers } = await this.openPeers(flags, { reachable: false });
    const progress = this.progress();
    const reading = peers.publish(args.file, {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      onProgress: (done, size) => progress.reading(basename(args.file), done, size),
    });
    const listing = await this.until(reading, () => 'Interrupted: nothing was published.').finally(() =>
      progress.end(),
    );
    if (!this.jsonEnabled()) {
      const { publishedLines } = await import('../../src/repl/listings.ts');
      this.logLines(publishedLines(listing));
    }
    return { listing };
  }
}
