import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

interface ExportCounts {
  readonly posts: number;
  readonly messages: number;
  readonly listings: number;
}

export default class AccountExport extends GoldctlCommand {
  static override description =
    `export the stored data of an account as JSON: profile, posts, direct messages, published files

Exports your own account unless NAME is given. The owner may export any account, but only their own direct messages are
included. Passwords and tokens are never included.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> > mine.json',
    '<%= config.bin %> <%= command.id %> khtn --output khtn.json',
  ];
  static override args = {
    name: Args.string({ description: 'account name [your own]' }),
  };
  static override flags = {
    output: Flags.string({
      char: 'o',
      description: 'output file [standard output]',
      helpValue: 'FILE',
    }),
    force: Flags.boolean({ description: 'overwrite an existing file', dependsOn: ['output'] }),
  };

  async run(): Promise<ExportCounts> {
    const { args, flags } = await this.parse(AccountExport);
    if (this.jsonEnabled() && flags.output === undefined) {
      throw new AppError(
        'USAGE',
        '--json prints a summary, so it needs --output FILE. Without --json the export itself is JSON.',
      );
    }
    const client = await this.connect(flags);
    const { exportAccount } = await import('../../src/cli/account-export.ts');
    const { openFileOutput, standardOutput } = await import('../../src/cli/export-output.ts');
    const output =
      flags.output === undefined ? standardOutput : await openFileOutput(flags.output, { force: flags.force });
    const counts = { posts: 0, messages: 0, listings: 0 };
    try {
      for await (const text of exportAccount(client, args.name, counts)) await output.write(text);
      await output.commit();
    } catch (thrown) {
      await output.abandon();
      throw thrown;
    }
    if (flags.output !== undefined) {
      const { posts, messages, listings } = counts;
      this.log(
        safeText`Written to ${sanitizeText(flags.output)}: ${posts} posts, ${messages} direct messages, ${listings} files.`,
      );
    }
    return counts;
  }
}
