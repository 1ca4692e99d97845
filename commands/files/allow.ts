import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { sizeFlag } from '../../src/cli/size.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { formatBytes } from '../../src/repl/bytes.ts';

export default class FilesAllow extends FilesCommand {
  static override description = 'take files of a member without asking from now on, or ask again';
  static override examples = [
    '<%= config.bin %> <%= command.id %> yoda --size 500MB',
    '<%= config.bin %> <%= command.id %> yoda --off',
  ];
  static override args = {
    name: Args.string({ description: 'of the member', required: true }),
  };
  static override flags = {
    size: sizeFlag({ description: 'up to so many bytes each', helpValue: 'SIZE', exclusive: ['off'] }),
    off: Flags.boolean({ description: 'ask again' }),
  };

  async run(): Promise<{ member: string; bytes: number | null }> {
    const { args, flags } = await this.parse(FilesAllow);
    const bytes = flags.off ? null : (flags.size ?? Number.MAX_SAFE_INTEGER);
    const { peers } = await this.openPeers(flags, { reachable: false });
    await peers.allow(args.name, bytes);
    const size = flags.size === undefined ? safeText`` : safeText` up to ${formatBytes(flags.size)}`;
    this.log(
      bytes === null
        ? safeText`Files of ${plain(args.name)} are asked about again.`
        : safeText`Files of ${plain(args.name)}${size} are taken without a question from now on.`,
    );
    return { member: args.name, bytes };
  }
}
