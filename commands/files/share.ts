import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { FilesCommand } from '../../src/cli/files-command.ts';
import { deferred } from '../../src/domain/deferred.ts';
import { defined } from '../../src/domain/defined.ts';
import type { FileListingEntry } from '../../src/domain/file-listing.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class FilesShare extends FilesCommand {
  static override description = 'publish files, serve all your published files and show downloads, until Ctrl-C';
  static override examples = [
    '<%= config.bin %> <%= command.id %> lecture1.mp4 lecture2.mp4',
    '<%= config.bin %> <%= command.id %> notes.pdf --description "Notes of week 7"',
  ];
  static override args = {
    file: Args.string({ description: 'paths of files', required: true }),
  };
  static override strict = false;
  static override flags = {
    description: Flags.string({ description: 'short description', helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(FilesShare);
    const { TransferReporter } = await import('../../src/repl/transfer-reporter.ts');
    const { publishedSummary } = await import('../../src/repl/file-listing-format.ts');
    const progress = this.createProgress();
    const reporter = new TransferReporter();
    const { peers } = await this.openPeers(flags, {
      onTransfer: (transfer) => {
        const notice = reporter.report(transfer, false);
        this.printEvent({ progress: transfer });
        progress.clear();
        if (notice) for (const line of notice.lines) this.log(line);
        else if (transfer.endedAt === null && process.stderr.isTTY) progress.show(transfer);
      },
    });
    const published: FileListingEntry[] = [];
    for (const file of argv as string[]) {
      const publishing = peers.publish(file, {
        ...defined({ description: flags.description }),
        onProgress: (done, size) => progress.showHashing(basename(file), done, size),
      });
      const listing = await this.waitOrFail(publishing, () => `Interrupted: ${basename(file)} was not published.`);
      progress.clear();
      published.push(listing);
      this.printEvent({ listing });
      this.log(publishedSummary(listing)[0]!);
    }
    this.printNotice(safeText`Serving files. Press Ctrl-C to stop.`);
    this.printEvent({ serving: { files: published.map(({ name }) => name), key: peers.key } });
    await this.waitForSignal(deferred<void>().promise);
    this.printNotice(safeText`Stopped serving. To unpublish a file: goldctl files unpublish NAME`);
  }
}
