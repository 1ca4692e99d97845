import { Args } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class FilesFind extends GoldctlCommand {
  static override description =
    'list the members who have a file; members with identical content are grouped and downloaded from in parallel';
  static override examples = ['<%= config.bin %> <%= command.id %> lecture1.mp4'];
  static override args = {
    name: Args.string({ description: 'file name', required: true }),
  };

  async run(): Promise<MethodResult<'files.find'>> {
    const { args, flags } = await this.parse(FilesFind);
    const client = await this.connect(flags);
    const result = await client.call('files.find', { name: args.name });
    if (!this.jsonEnabled()) {
      const { fileSourcesLines } = await import('../../src/repl/file-listing-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      this.logLines(fileSourcesLines(result.sources, await terminalFormat(process.stdout, await this.home())));
    }
    return result;
  }
}
