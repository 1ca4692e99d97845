import { Args } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { sizeFlag } from '../../src/cli/size.ts';
import type { Transfer } from '../../src/domain/transfer.ts';

export default class FilesSend extends FilesCommand {
  static override description =
    'hand a file or folder to one member, who is asked first; exit status 1 with the reason when he declines';
  static override examples = [
    '<%= config.bin %> <%= command.id %> yoda lecture1.mp4',
    '<%= config.bin %> <%= command.id %> yoda ~/photos --limit 500kB',
  ];
  static override args = {
    name: Args.string({ description: 'of a member who is here', required: true }),
    file: Args.string({ description: 'path of the file or folder', required: true }),
  };
  static override flags = {
    limit: sizeFlag({ description: 'bytes a second at most', helpValue: 'SPEED' }),
  };

  async run(): Promise<{ transfer: Transfer }> {
    const { args, flags } = await this.parse(FilesSend);
    const { limit } = flags;
    const told = this.told();
    const { peers } = await this.openPeers(flags, { onTransfer: (transfer) => told.take(transfer) });
    const id = await peers.send(args.name.replace(/^@/, ''), args.file, limit === undefined ? {} : { limit });
    return { transfer: await this.follow(peers, id, told) };
  }
}
