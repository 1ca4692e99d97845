import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { deferred } from '../../src/domain/deferred.ts';
import type { Listing } from '../../src/domain/listing.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class FilesShare extends FilesCommand {
  static override description = 'publish files, serve all that you have published, and show who fetches, until Ctrl-C';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lecture1.mp4 lecture2.mp4',
    '<%= config.bin %> <%= command.id %> notes.pdf --description "Notes of week 7"',
  ];
  static override args = {
    file: Args.string({ description: 'paths of files', required: true }),
  };
  static override strict = false;
  static override flags = {
    description: Flags.string({ description: 'what they are, in a sentence', helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(FilesShare);
    const { TransferTeller } = await import('../../src/repl/transfer-teller.ts');
    const { publishedLines } = await import('../../src/repl/listings.ts');
    const progress = this.progress();
    const teller = new TransferTeller();
    const { peers } = await this.openPeers(flags, {
      onTransfer: (transfer) => {
        const news = teller.tell(transfer, false);
        this.tell({ progress: transfer });
        progress.clear();
        if (news) for (const line of news.lines) this.log(line);
        else if (transfer.endedAt === null && process.stderr.isTTY) progress.show(transfer);
      },
    });
    const listed: Listing[] = [];
    for (const file of argv as string[]) {
      const reading = peers.publish(file, {
        ...(flags.description === undefined ? {} : { description: flags.description }),
        onProgress: (done, size) => progress.reading(basename(file), done, size),
      });
      const listing = await this.until(reading, () => `Interrupted: ${basename(file)} was not published.`);
      progress.clear();
      listed.push(listing);
      this.tell({ listing });
      this.log(publishedLines(listing)[0]!);
    }
    this.say(safeText`Serving until Ctrl-C.`);
    this.tell({ serving: { files: listed.map(({ name }) => name), key: peers.key } });
    await this.wait(deferred<void>().promise);
    this.say(safeText`Ended: nothing is served any more. To take a file off the list: goldctl files unpublish NAME`);
  }
}
