import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { sizeFlag } from '../../src/cli/size.ts';
import type { Transfer } from '../../src/domain/transfer.ts';

export default class FilesFetch extends FilesCommand {
  static override description =
    'get a published file, from all who have the same content at once; every block is checked, and what was cut off goes on where it was';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lecture1.mp4',
    '<%= config.bin %> <%= command.id %> lecture1.mp4 --from yoda,han --to ~/lectures',
    '<%= config.bin %> <%= command.id %> lecture1.mp4 --share --limit 2MB',
    '<%= config.bin %> <%= command.id %> lecture1.mp4 --from alice --allow-unencrypted',
  ];
  static override args = {
    name: Args.string({ description: 'as it is listed', required: true }),
  };
  static override flags = {
    from: Flags.string({ description: 'members to take it from [all who have it]', helpValue: 'A,B' }),
    to: Flags.string({ description: 'folder that it goes to [your downloads]', helpValue: 'PATH' }),
    hash: Flags.string({ description: 'which one of several files of that name: how its hash begins' }),
    share: Flags.boolean({ description: 'publish it from here once it has arrived' }),
    'allow-unencrypted': Flags.boolean({
      description: 'also from an old client, if nobody else has it: in clear over TCP, and not verified',
    }),
    limit: sizeFlag({ description: 'bytes a second at most', helpValue: 'SPEED' }),
  };

  async run(): Promise<{ transfer: Transfer }> {
    const { args, flags } = await this.parse(FilesFetch);
    const { from, to, hash, share, limit, 'allow-unencrypted': allowUnencrypted } = flags;
    const told = this.told();
    const { peers } = await this.openPeers(flags, { onTransfer: (transfer) => told.take(transfer) });
    const id = await peers.fetch(args.name, {
      ...(from === undefined ? {} : { from: from.split(',').map((member) => member.trim().replace(/^@/, '')) }),
      ...(to === undefined ? {} : { to }),
      ...(hash === undefined ? {} : { hash }),
      ...(share ? { share } : {}),
      ...(limit === undefined ? {} : { limit }),
      allowUnencrypted,
    });
    return { transfer: await this.follow(peers, id, told) };
  }
}
