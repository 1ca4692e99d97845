import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';
import Attach from './attach.ts';

const { theme, ascii, accessible, 'no-mouse': noMouse } = Attach.flags;
/** As in shells: 128 plus the number of the signal. */
const SIGNAL_EXIT_STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;

export default class Demo extends GoldctlCommand {
  static override description = `try goldctl in a temporary demo with simulated prices and two bots

Starts a real daemon in a temporary folder, with one provider of simulated prices: every pane and every price is marked SIMULATED. You are signed in as the owner. Nothing leaves this machine, and everything is deleted when you quit.

Without a terminal it prints one frame and exits.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --seed 7 --once --columns 140 --rows 40',
  ];
  static override enableJsonFlag = false;
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always its own daemon
  static override flags = {
    seed: Flags.integer({
      description: 'seed of the simulated prices',
      default: 1,
      min: 0,
      max: 2 ** 32 - 1,
      helpValue: 'N',
    }),
    once: Flags.boolean({ description: 'print one frame as text and exit [without a terminal]' }),
    columns: Flags.integer({ description: 'frame width in columns', min: 1, max: 1000, helpValue: 'N' }),
    rows: Flags.integer({ description: 'frame height in rows', min: 1, max: 1000, helpValue: 'N' }),
    theme,
    ascii,
    accessible,
    'no-mouse': noMouse,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Demo);
    const { env, stdin, stdout } = process;
    const isOnce = flags.once || !stdin.isTTY || !stdout.isTTY || env.TERM === 'dumb';
    const { Demo: Room } = await import('../src/demo/demo.ts');
    this.logToStderr(
      safeText`Starting a temporary demo with SIMULATED prices and two bots; it is deleted when you quit:`,
    );
    const room = new Room({ seed: flags.seed, onStep: (step) => this.logToStderr(safeText`  ${sanitizeText(step)}`) });

    let isDashboard = false;
    let ended: number | undefined;
    const listeners = Object.entries(SIGNAL_EXIT_STATUSES).map(([signal, exit]) => {
      const listener = (): void => {
        ended ??= exit;
        if (!isDashboard) void room.stop(); // the dashboard restores the terminal first
      };
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    try {
      await room.start();
      this.logToStderr(
        safeText`Address: ${sanitizeText(room.address)}. Files: ${sanitizeText(room.home.root)}. Seed of the prices: ${flags.seed}.`,
      );
      // From here on this process is a client of the demo daemon.
      env.GOLDCTL_HOME = room.home.root;
      env.GOLDCTL_SERVER = '';
      isDashboard = !isOnce;
      await Attach.run(attachArguments(flags, isOnce), this.config);
    } catch (thrown) {
      if (ended === undefined) throw thrown;
    } finally {
      isDashboard = false;
      await room.stop();
      this.logToStderr(safeText`The demo has ended and its files are deleted.`);
      for (const removeListener of listeners) removeListener();
    }
    if (ended !== undefined) this.exit(ended);
  }
}

interface AttachFlags {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly theme?: string | undefined;
  readonly ascii: boolean;
  readonly accessible: boolean;
  readonly 'no-mouse': boolean;
}

function attachArguments(
  { columns, rows, theme, ascii, accessible, 'no-mouse': hasNoMouse }: AttachFlags,
  isOnce: boolean,
): string[] {
  return [
    ...(isOnce ? ['--once'] : []),
    ...(isOnce && columns !== undefined ? ['--columns', String(columns)] : []),
    ...(isOnce && rows !== undefined ? ['--rows', String(rows)] : []),
    ...(theme === undefined ? [] : ['--theme', theme]),
    ...(ascii ? ['--ascii'] : []),
    ...(accessible && !isOnce ? ['--accessible'] : []),
    ...(hasNoMouse ? ['--no-mouse'] : []),
  ];
}
