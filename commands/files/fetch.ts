import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { sizeFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import type { Transfer } from '../../src/domain/transfer.ts';

export default class FilesFetch extends FilesCommand {
  static override description =
    'download a published file from every member that has it; blocks are verified and interrupted downloads resume';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lecture1.mp4',
    '<%= config.bin %> <%= command.id %> lecture1.mp4 --from yoda,han --to ~/lectures',
    '<%= config.bin %> <%= command.id %> lecture1.mp4 --share --limit 2MB',
    '<%= config.bin %> <%= command.id %> lecture1.mp4 --from alice --allow-unencrypted',
  ];
  static override args = {
    name: Args.string({ description: 'published name', required: true }),
  };
  static override flags = {
    from: Flags.string({ description: 'members to download from [all who have it]', helpValue: 'A,B' }),
    to: Flags.string({ description: 'destination folder [your downloads folder]', helpValue: 'PATH' }),
    hash: Flags.string({ description: 'beginning of the hash, to choose among files of the same name' }),
    share: Flags.boolean({ description: 'publish the file after the download' }),
    'allow-unencrypted': Flags.boolean({
      description: 'also download from a legacy client if nobody else has the file: unencrypted and unverified',
    }),
    limit: sizeFlag({ description: 'maximum bytes per second', helpValue: 'SPEED' }),
  };

  async run(): Promise<{ transfer: Transfer }> {
    const { args, flags } = await this.parse(FilesFetch);
    const { from, to, hash, share, limit, 'allow-unencrypted': allowUnencrypted } = flags;
    const follower = this.createFollower();
    const { peers } = await this.openPeers(flags, { onTransfer: (transfer) => follower.onTransfer(transfer) });
    const id = await peers.fetch(args.name, {
      ...(from === undefined ? {} : { from: from.split(',').map((member) => member.trim().replace(/^@/, '')) }),
      ...defined({ to, hash }),
      ...(share ? { share } : {}),
      ...defined({ limit }),
      allowUnencrypted,
    });
    return { transfer: await this.followTransfer(peers, id, follower) };
  }
}
