import { join } from 'node:path';
import { GoldctlCommand } from '../src/cli/command.ts';
import { osUserName } from '../src/cli/os-user.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';

export default class Shell extends GoldctlCommand {
  static override description = 'start the interactive shell, or run a script from standard input';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'printf "MARKET ALL\\n2021-12-27 SJC\\n" | <%= config.bin %> <%= command.id %>',
  ];
  static override enableJsonFlag = false;

  async run(): Promise<void> {
    const { flags } = await this.parse(Shell);
    const client = await this.connect(flags);
    const [{ Repl }, { terminalStyle }] = await Promise.all([
      import('../src/repl/repl.ts'),
      import('../src/dashboard/terminal-output.ts'),
    ]);
    const home = await this.home();
    const repl = new Repl({
      client,
      input: process.stdin,
      output: process.stdout,
      historyFile: join(home.root, 'history'),
      user: osUserName(),
      colourStyle: await terminalStyle(process.stdout, await this.home()),
    });
    const { exit, lineCount, failedLines } = await repl.run();
    if (failedLines.length > 0 && !process.stdin.isTTY) {
      this.logToStderr(
        safeText`${failedLines.length} of ${lineCount} lines failed: ${sanitizeText(failedLines.slice(0, 20).join(', '))}${failedLines.length > 20 ? ', …' : ''}`,
      );
    }
    if (exit !== 0) this.exit(exit);
  }
}
