import { once } from 'node:events';
import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { escapeControlCharacters } from '../../src/cli/terminal-json.ts';
import { joinSafe, type SafeText, safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { writeText } from '../../src/domain/text-output.ts';

export default class DaemonLogs extends GoldctlCommand {
  static override description = `show the local daemon's log

Works without a running daemon. --json prints the lines as they are in the file, with every field.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -f',
    '<%= config.bin %> <%= command.id %> -n 1000 --json',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's log
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'print new lines as they are written, until Ctrl-C' }),
    lines: Flags.integer({
      char: 'n',
      description: 'number of earlier lines to print',
      default: 100,
      min: 0,
      helpValue: 'N',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(DaemonLogs);
    const { logFile } = await this.home();
    const { followLines, readLastLines } = await import('../../src/daemon/log-reader.ts');
    const { formatLogLine } = await import('../../src/daemon/log-format.ts');
    const show = this.jsonEnabled() ? escapeControlCharacters : formatLogLine;
    const print = async (text: SafeText) => {
      if (!writeText(process.stdout, text)) await once(process.stdout, 'drain');
    };

    if (!flags.follow) {
      const lines = await readLastLines(logFile, flags.lines);
      if (lines.length > 0) await print(safeText`${joinSafe(lines.map(show), '\n')}\n`);
      else if (flags.lines > 0) this.logToStderr(safeText`The log ${sanitizeText(logFile)} is empty.`);
      return;
    }
    const controller = new AbortController();
    const stop = () => controller.abort();
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      for await (const line of followLines(logFile, flags.lines, controller.signal))
        await print(safeText`${show(line)}\n`);
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    }
  }
}
