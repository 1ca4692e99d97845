import { Args } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class FilesTrust extends FilesCommand {
  static override description =
    "accept that a member's key is another one than before: after he has told you so himself, on another way than this";
  static override examples = ['<%= config.bin %> <%= command.id %> yoda SHA256'];
  static override args = {
    name: Args.string({ description: 'of the member', required: true }),
    key: Args.string({ description: 'fingerprint of the new key: 64 hexadecimal digits', required: true }),
  };

  async run(): Promise<{ member: string; key: string }> {
    const { args, flags } = await this.parse(FilesTrust);
    const key = args.key
      .replace(/^sha256:/i, '')
      .replaceAll(':', '')
      .toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(key)) {
      throw new Failure(
        'USAGE',
        `KEY is "${args.key.slice(0, 100)}". Expected 64 hexadecimal digits, as goldctl tells them.`,
      );
    }
    const { peers } = await this.openPeers(flags, { reachable: false });
    await peers.trust(args.name, key);
    this.log(safeText`The key ${plain(key.slice(0, 16))}… is that of ${plain(args.name)} from now on.`);
    return { member: args.name, key };
  }
}
