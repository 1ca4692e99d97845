import { Args } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { sizeFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import type { Transfer } from '../../src/domain/transfer.ts';

export default class FilesSend extends FilesCommand {
  static override description =
    'send a file or folder to a member, who is asked first; exits with status 1 and the reason if they decline';
  static override examples = [
    '<%= config.bin %> <%= command.id %> yoda lecture1.mp4',
    '<%= config.bin %> <%= command.id %> yoda ~/photos --limit 500kB',
  ];
  static override args = {
    name: Args.string({ description: 'name of an online member', required: true }),
    file: Args.string({ description: 'path of the file or folder', required: true }),
  };
  static override flags = {
    limit: sizeFlag({ description: 'maximum bytes per second', helpValue: 'SPEED' }),
  };

  async run(): Promise<{ transfer: Transfer }> {
    const { args, flags } = await this.parse(FilesSend);
    const { limit } = flags;
    const follower = this.createFollower();
    const { peers } = await this.openPeers(flags, { onTransfer: (transfer) => follower.onTransfer(transfer) });
    const id = await peers.send(args.name.replace(/^@/, ''), args.file, defined({ limit }));
    return { transfer: await this.followTransfer(peers, id, follower) };
  }
}
