import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { plain } from '../src/domain/fold.ts';
import { safeText } from '../src/domain/safe-text.ts';
import Attach from './attach.ts';

const { theme, ascii } = Attach.flags;
/** As shells have it: 128 and the number of the signal. */
const ENDS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;

export default class Demo extends GoldctlCommand {
  static override description = `a throw-away room to look at: simulated prices and two bots

It is a real daemon in a folder for temporary files, with one provider that makes its prices up: SIMULATED stands in every pane and beside every price. You are signed in and own the room. Nothing leaves this machine, and nothing stays when you quit.

Without a terminal it prints one frame and ends.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --seed 7 --once --columns 140 --rows 40',
  ];
  static override enableJsonFlag = false;
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always its own daemon
  static override flags = {
    seed: Flags.integer({ description: 'another number, other prices', default: 1, min: 0, max: 2 ** 32 - 1 }),
    once: Flags.boolean({ description: 'print one frame as text, and end; so by itself without a terminal' }),
    columns: Flags.integer({ description: 'width of that frame', min: 1, max: 1000 }),
    rows: Flags.integer({ description: 'height of that frame', min: 1, max: 1000 }),
    theme,
    ascii,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Demo);
    const { env, stdin, stdout } = process;
    const isOnce = flags.once || !stdin.isTTY || !stdout.isTTY || env.TERM === 'dumb';
    const { Demo: Room } = await import('../src/demo/demo.ts');
    this.logToStderr(
      safeText`A throw-away room with SIMULATED prices and two bots. Made here, and gone when you quit:`,
    );
    const room = new Room({ seed: flags.seed, onStep: (step) => this.logToStderr(safeText`  ${plain(step)}`) });

    let isDashboard = false;
    let ended: number | undefined;
    const listeners = Object.entries(ENDS).map(([signal, exit]) => {
      const listener = (): void => {
        ended ??= exit;
        if (!isDashboard) void room.stop(); // the dashboard gives the terminal back first
      };
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    try {
      await room.start();
      this.logToStderr(
        safeText`It is at ${plain(room.address)}, its files are in ${plain(room.home.root)}, its prices are those of seed ${flags.seed}.`,
      );
      // From here on this process is one of the room's visitors.
      env.GOLDCTL_HOME = room.home.root;
      env.GOLDCTL_SERVER = '';
      isDashboard = !isOnce;
      await Attach.run(attachArguments(flags, isOnce), this.config);
    } catch (thrown) {
      if (ended === undefined) throw thrown;
    } finally {
      isDashboard = false;
      await room.stop();
      this.logToStderr(safeText`The demo is over, and nothing of it is left.`);
      for (const forget of listeners) forget();
    }
    if (ended !== undefined) this.exit(ended);
  }
}

function attachArguments(
  {
    columns,
    rows,
    theme,
    ascii,
  }: { columns?: number | undefined; rows?: number | undefined; theme?: string | undefined; ascii: boolean },
  isOnce: boolean,
): string[] {
  return [
    ...(isOnce ? ['--once'] : []),
    ...(isOnce && columns !== undefined ? ['--columns', String(columns)] : []),
    ...(isOnce && rows !== undefined ? ['--rows', String(rows)] : []),
    ...(theme === undefined ? [] : ['--theme', theme]),
    ...(ascii ? ['--ascii'] : []),
  ];
}
