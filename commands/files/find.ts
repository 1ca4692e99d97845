import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class FilesFind extends GoldctlCommand {
  static override description =
    'show who has a file of this name; members with the same content stand together and are fetched from at once';
  static override examples = ['<%= config.bin %> <%= command.id %> lecture1.mp4'];
  static override args = {
    name: Args.string({ description: 'of the file', required: true }),
  };

  async run(): Promise<Result<'files.find'>> {
    const { args, flags } = await this.parse(FilesFind);
    const client = await this.connect(flags);
    const result = await client.call('files.find', { name: args.name });
    if (!this.jsonEnabled()) {
      const { sourcesLines } = await import('../../src/repl/listings.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      this.logLines(sourcesLines(result.sources, paperOf(process.stdout)));
    }
    return result;
  }
}
