import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

interface Exported {
  readonly posts: number;
  readonly messages: number;
  readonly listings: number;
}

export default class AccountExport extends GoldctlCommand {
  static override description =
    `write what the room keeps of an account as JSON: facts, posts, direct messages, listed files

Your own, where no name is given; the owner may name anybody, and gets no direct messages but his own. No password and
no token is in it.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> > mine.json',
    '<%= config.bin %> <%= command.id %> khtn --output khtn.json',
  ];
  static override args = {
    name: Args.string({ description: 'name of the account; your own, where it is left out' }),
  };
  static override flags = {
    output: Flags.string({
      char: 'o',
      description: 'a file; standard output, where it is left out',
      helpValue: 'FILE',
    }),
    force: Flags.boolean({ description: 'replace the file that is there', dependsOn: ['output'] }),
  };

  async run(): Promise<Exported> {
    const { args, flags } = await this.parse(AccountExport);
    if (this.jsonEnabled() && flags.output === undefined) {
      throw new Failure('USAGE', '--json prints a summary: name a file with --output. Without --json it is JSON, too.');
    }
    const client = await this.connect(flags);
    const { exportAccount } = await import('../../src/cli/account-export.ts');
    const { fileOutput, standardOutput } = await import('../../src/cli/output.ts');
    const output = flags.output === undefined ? standardOutput : await fileOutput(flags.output, { force: flags.force });
    const counts = { posts: 0, messages: 0, listings: 0 };
    try {
      for await (const text of exportAccount(client, args.name, counts)) await output.write(text);
      await output.end();
    } catch (thrown) {
      await output.abandon();
      throw thrown;
    }
    if (flags.output !== undefined) {
      const { posts, messages, listings } = counts;
      this.log(
        safeText`Written to ${plain(flags.output)}: ${posts} posts, ${messages} direct messages, ${listings} files.`,
      );
    }
    return counts;
  }
}
