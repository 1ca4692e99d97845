import { join } from 'node:path';
import { GoldctlCommand } from '../src/cli/command.ts';
import { userName } from '../src/cli/user.ts';
import { plain } from '../src/domain/fold.ts';
import { safeText } from '../src/domain/safe-text.ts';

export default class Shell extends GoldctlCommand {
  static override description = 'the line REPL; reads a script from standard input when that is not a terminal';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'printf "MARKET ALL\\n2021-12-27 SJC\\n" | <%= config.bin %> <%= command.id %>',
  ];
  static override enableJsonFlag = false;

  async run(): Promise<void> {
    const { flags } = await this.parse(Shell);
    const client = await this.connect(flags);
    const { Repl } = await import('../src/repl/repl.ts');
    const home = await this.home();
    const repl = new Repl({
      client,
      input: process.stdin,
      output: process.stdout,
      historyFile: join(home.root, 'history'),
      user: userName(),
    });
    const { exit, lines, failed } = await repl.run();
    if (failed.length > 0 && !process.stdin.isTTY) {
      this.logToStderr(
        safeText`${failed.length} of ${lines} lines failed: ${plain(failed.slice(0, 20).join(', '))}${failed.length > 20 ? ', …' : ''}`,
      );
    }
    if (exit !== 0) this.exit(exit);
  }
}
