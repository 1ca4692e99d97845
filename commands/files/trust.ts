import { Args } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class FilesTrust extends FilesCommand {
  static override description = "trust a member's new key; confirm it with them over another channel first";
  static override examples = ['<%= config.bin %> <%= command.id %> yoda SHA256'];
  static override args = {
    name: Args.string({ description: 'member name', required: true }),
    key: Args.string({ description: 'fingerprint of the new key: 64 hexadecimal digits', required: true }),
  };

  async run(): Promise<{ member: string; key: string }> {
    const { args, flags } = await this.parse(FilesTrust);
    const key = args.key
      .replace(/^sha256:/i, '')
      .replaceAll(':', '')
      .toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(key)) {
      throw new AppError(
        'USAGE',
        `"${args.key.slice(0, 100)}" is not a valid fingerprint. Use the 64 hexadecimal digits that goldctl shows.`,
      );
    }
    const { peers } = await this.openPeers(flags, { reachable: false });
    await peers.trust(args.name, key);
    this.log(safeText`Trusted the key ${sanitizeText(key.slice(0, 16))}… of ${sanitizeText(args.name)}.`);
    return { member: args.name, key };
  }
}
