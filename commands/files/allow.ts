import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { sizeFlag } from '../../src/cli/flags.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { formatBytes } from '../../src/repl/byte-format.ts';

export default class FilesAllow extends FilesCommand {
  static override description = 'auto-accept files from a member, or ask again';
  static override examples = [
    '<%= config.bin %> <%= command.id %> yoda --size 500MB',
    '<%= config.bin %> <%= command.id %> yoda --off',
  ];
  static override args = {
    name: Args.string({ description: 'member name', required: true }),
  };
  static override flags = {
    size: sizeFlag({ description: 'maximum size of each file', helpValue: 'SIZE', exclusive: ['off'] }),
    off: Flags.boolean({ description: 'stop auto-accepting' }),
  };

  async run(): Promise<{ member: string; bytes: number | null }> {
    const { args, flags } = await this.parse(FilesAllow);
    const bytes = flags.off ? null : (flags.size ?? Number.MAX_SAFE_INTEGER);
    const { peers } = await this.openPeers(flags, { reachable: false });
    await peers.allow(args.name, bytes);
    const size = flags.size === undefined ? safeText`` : safeText` up to ${formatBytes(flags.size)}`;
    this.log(
      bytes === null
        ? safeText`Files from ${sanitizeText(args.name)} will no longer be accepted automatically.`
        : safeText`Files from ${sanitizeText(args.name)}${size} will be accepted automatically.`,
    );
    return { member: args.name, bytes };
  }
}
