import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { parseRule } from '../../src/cli/accept-rule.ts';
import { FilesCommand } from '../../src/cli/files-command.ts';
import type { Peers } from '../../src/client/peers.ts';
import { deferred } from '../../src/domain/deferred.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Transfer } from '../../src/domain/transfer.ts';

export default class FilesReceive extends FilesCommand {
  static override description =
    'wait for files that members send, and ask about each; without a terminal only what --accept or --yes allows is taken';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --accept yoda:500MB --accept han --to ~/incoming',
    '<%= config.bin %> <%= command.id %> --once --yes --json',
  ];
  static override flags = {
    accept: Flags.string({
      description: 'take what this member sends without asking, up to a size; may be given several times',
      multiple: true,
      helpValue: 'MEMBER[:SIZE]',
    }),
    yes: Flags.boolean({ description: 'take everything without asking' }),
    once: Flags.boolean({ description: 'end after the first one; exit status 1 when it did not arrive' }),
    to: Flags.string({ description: 'folder that files go to [your downloads]', helpValue: 'PATH' }),
  };

  async run(): Promise<{ transfer: Transfer } | undefined> {
    const { flags } = await this.parse(FilesReceive);
    const rules = (flags.accept ?? []).map(parseRule);
    const to = flags.to === undefined ? (await this.home()).downloadsFolder : resolve(flags.to);
    const [{ Receiver }, { askYes }, { outcome }] = await Promise.all([
      import('../../src/cli/receiver.ts'),
      import('../../src/cli/question.ts'),
      import('../../src/cli/transfer-outcome.ts'),
    ]);
    const first = deferred<Transfer>();
    const opened: { peers?: Peers } = {};
    const hasTerminal = process.stdin.isTTY && process.stderr.isTTY && !this.jsonEnabled();
    const receiver = new Receiver({
      peers: () => opened.peers!, // nothing is offered before it has begun
      rules,
      yes: flags.yes,
      ask: hasTerminal ? askYes : undefined,
      progress: this.progress(),
      say: (text) => this.say(text),
      tell: (event) => this.tell(event),
      onOver: (transfer) => {
        if (flags.once) first.resolve(transfer);
      },
    });
    const { peers, member } = await this.openPeers(flags, {
      downloads: to,
      onOffer: (offer) => receiver.offered(offer),
      onTransfer: (transfer) => receiver.changed(transfer),
    });
    opened.peers = peers;
    for (const offer of peers.offers) receiver.offered(offer);
    this.say(safeText`Waiting for files as ${plain(member)}, into ${plain(to)}. Ctrl-C ends.`);
    this.tell({ waiting: { member, to, key: peers.key } });
    const transfer = await this.wait(first.promise);
    if (transfer) return { transfer: outcome(transfer) };
    this.say(safeText`Ended: nothing is received any more.`);
    return undefined;
  }
}
