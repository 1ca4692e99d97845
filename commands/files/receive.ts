import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { parseAcceptRule } from '../../src/cli/accept-rule.ts';
import { FilesCommand } from '../../src/cli/files-command.ts';
import type { PeerFileClient } from '../../src/client/peer-file-client.ts';
import { deferred } from '../../src/domain/deferred.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { Transfer } from '../../src/domain/transfer.ts';

export default class FilesReceive extends FilesCommand {
  static override description =
    'receive files from members and ask about each; without a terminal only what --accept or --yes allows is accepted';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --accept yoda:500MB --accept han --to ~/incoming',
    '<%= config.bin %> <%= command.id %> --once --yes --json',
  ];
  static override flags = {
    accept: Flags.string({
      description: 'accept files from this member without asking, up to a size; may be repeated',
      multiple: true,
      helpValue: 'MEMBER[:SIZE]',
    }),
    yes: Flags.boolean({ description: 'accept every file without asking' }),
    once: Flags.boolean({ description: 'exit after the first file, with status 1 if it was not received' }),
    to: Flags.string({ description: 'destination folder [your downloads folder]', helpValue: 'PATH' }),
  };

  async run(): Promise<{ transfer: Transfer } | undefined> {
    const { flags } = await this.parse(FilesReceive);
    const rules = (flags.accept ?? []).map(parseAcceptRule);
    const to = flags.to === undefined ? (await this.home()).downloadsFolder : resolve(flags.to);
    const [{ OfferHandler }, { confirm }, { assertTransferDone }] = await Promise.all([
      import('../../src/cli/offer-handler.ts'),
      import('../../src/cli/terminal-prompt.ts'),
      import('../../src/cli/transfer-follower.ts'),
    ]);
    const first = deferred<Transfer>();
    const opened: { peers?: PeerFileClient } = {};
    const hasTerminal = process.stdin.isTTY && process.stderr.isTTY && !this.jsonEnabled();
    const receiver = new OfferHandler({
      peers: () => opened.peers!, // there are no offers before it has started
      rules,
      acceptsAll: flags.yes,
      ask: hasTerminal ? confirm : undefined,
      progress: this.createProgress(),
      printNotice: (text) => this.printNotice(text),
      printEvent: (event) => this.printEvent(event),
      onFinished: (transfer) => {
        if (flags.once) first.resolve(transfer);
      },
    });
    const { peers, member } = await this.openPeers(flags, {
      downloads: to,
      onOffer: (offer) => receiver.onOffer(offer),
      onTransfer: (transfer) => receiver.onTransfer(transfer),
    });
    opened.peers = peers;
    for (const offer of peers.offers) receiver.onOffer(offer);
    this.printNotice(
      safeText`Waiting for files as ${sanitizeText(member)}, saving to ${sanitizeText(to)}. Press Ctrl-C to stop.`,
    );
    this.printEvent({ waiting: { member, to, key: peers.key } });
    const transfer = await this.waitForSignal(first.promise);
    if (transfer) return { transfer: assertTransferDone(transfer) };
    this.printNotice(safeText`Stopped receiving.`);
    return undefined;
  }
}
