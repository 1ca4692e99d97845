import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { osUserName } from '../src/cli/os-user.ts';
import type { ReconnectingClientOptions } from '../src/client/reconnecting-client.ts';
import { chooseTarget } from '../src/client/target.ts';
import { AppError } from '../src/domain/app-error.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';
import { writeText } from '../src/domain/text-output.ts';
import type { HomeDirectory } from '../src/home-directory.ts';

/** In the state file, as `src/dashboard/preferences-saver.ts` writes it. */
const PREFERENCES_KEY = 'view';
const THEMES = ['dark', 'light', 'contrast', 'plain'] as const;

export default class Attach extends GoldctlCommand {
  static override description =
    'open the dashboard: rates, chart, forum, members and transfers on one screen; press F1 for its keys';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --once --columns 120 --rows 40',
  ];
  static override enableJsonFlag = false;
  static override flags = {
    once: Flags.boolean({ description: 'print one frame as text and exit' }),
    columns: Flags.integer({
      description: 'frame width in columns [terminal width, or 100]',
      helpValue: 'N',
      min: 1,
      max: 1000,
      dependsOn: ['once'],
    }),
    rows: Flags.integer({
      description: 'frame height in rows [terminal height, or 30]',
      helpValue: 'N',
      min: 1,
      max: 1000,
      dependsOn: ['once'],
    }),
    theme: Flags.string({ description: 'colour theme [dark; plain if NO_COLOR is set]', options: [...THEMES] }),
    ascii: Flags.boolean({ description: 'use ASCII only [if the locale is not UTF-8]' }),
    'no-mouse': Flags.boolean({ description: 'leave the mouse to the terminal, so that it selects text' }),
    accessible: Flags.boolean({
      description: 'print lines for a screen reader in place of the full screen [if ACCESSIBLE=1 is set]',
      exclusive: ['once'],
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Attach);
    const { env, stdin, stdout } = process;
    const home = await this.home();
    const [{ loadSettings }, { DashboardStateFile }, { terminalType }] = await Promise.all([
      import('../src/dashboard/settings.ts'),
      import('../src/dashboard/state-file.ts'),
      import('../src/dashboard/terminal-type.ts'),
    ]);
    const settings = await loadSettings(home.dashboardFile);
    const terminal = terminalType(env);
    const stateFile = new DashboardStateFile(home.dashboardStateFile, home.dashboardFile);
    // A corrupt file is reported on the screen, when the controller reads it.
    const { [PREFERENCES_KEY]: preferences } = await stateFile.read().catch((): Record<string, unknown> => ({}));
    if (!flags.once) {
      if (flags.accessible || settings.accessible || (env.ACCESSIBLE ?? '0') !== '0') {
        return await this.#runAccessible(flags, preferences);
      }
      assertFullScreenTerminal(terminal.isAnsi);
      const { limitHeapGrowth } = await import('../src/dashboard/heap-limit.ts');
      limitHeapGrowth(); // before other modules are loaded, because the heap never shrinks
    }
    const target = chooseTarget(home, flags.server);
    const [{ ReconnectingClient }, { OutboxFolder }, { clusterKey, describeTarget }, { isUtf8Locale }] =
      await Promise.all([
        import('../src/client/reconnecting-client.ts'),
        import('../src/client/outbox-folder.ts'),
        import('../src/client/target.ts'),
        import('../src/repl/output-format.ts'),
      ]);
    const createClient = (listeners: Partial<ReconnectingClientOptions>): InstanceType<typeof ReconnectingClient> =>
      new ReconnectingClient({
        target,
        home,
        subscription: { rates: true, forum: true, members: true, files: true },
        outbox: flags.once ? undefined : new OutboxFolder(home.outboxFolder, clusterKey(target)),
        onFirstUse: (fingerprint, server) => this.announceFirstConnection(server, fingerprint),
        ...listeners,
      });
    const environment = {
      address: target.kind === 'local' ? 'this machine' : describeTarget(target),
      theme: THEMES.find((theme) => theme === flags.theme) ?? settings.theme,
      unicode: !flags.ascii && isUtf8Locale(env),
      settings: flags['no-mouse'] ? { ...settings, mouse: false } : settings,
      stateFile,
      preferences,
      user: osUserName(),
    };
    if (flags.once) {
      const [columns, rows] = [flags.columns ?? (stdout.columns || 100), flags.rows ?? (stdout.rows || 30)];
      const { renderSnapshot } = await import('../src/dashboard/snapshot.ts');
      const colours = stdout.isTTY && terminal.isAnsi ? terminal.colours : 0;
      const lines = await renderSnapshot({ ...environment, createClient, columns, rows, colours });
      for (const line of lines) this.log(line);
      return;
    }
    const { Dashboard } = await import('../src/dashboard/dashboard.ts');
    const { errorText, toAppError } = await import('../src/cli/error.ts');
    const run = () =>
      new Dashboard({
        ...environment,
        createClient,
        home,
        input: stdin,
        output: stdout,
        env,
        onCrash: (thrown) => writeText(process.stderr, errorText(toAppError(thrown))),
      }).run();
    const { exitStatus, closingMessage } = await run().catch(async (thrown) => {
      if (target.kind !== 'local' || !(await this.#offerDaemon(home, thrown))) throw thrown;
      return await run();
    });
    if (closingMessage !== undefined) this.log(sanitizeText(closingMessage));
    this.exit(exitStatus);
  }

  /** Offers to start the daemon that is missing. @returns whether it runs now */
  async #offerDaemon(home: HomeDirectory, thrown: unknown): Promise<boolean> {
    const { code, data } = AppError.from(thrown);
    const isMissing = code === 'NO_DAEMON' && ['ENOENT', 'ECONNREFUSED'].includes(String(data?.cause));
    if (!isMissing) return false;
    const { confirm } = await import('../src/cli/terminal-prompt.ts');
    const question = safeText`No daemon is running on this machine. Start one? It keeps running when you quit. [y/N] `;
    if (!(await confirm(question))) return false;
    const { spawnDaemon } = await import('../src/daemon/lifecycle.ts');
    await spawnDaemon(home, {});
    return true;
  }

  /** The shell, which prints lines and moves nothing. It also prints the prices of the instrument shown last. */
  async #runAccessible(flags: { server?: string | undefined }, preferences: unknown): Promise<void> {
    const client = await this.connect(flags);
    const { Repl } = await import('../src/repl/repl.ts');
    const home = await this.home();
    const { instrument } = (preferences ?? {}) as { instrument?: unknown };
    const { exit } = await new Repl({
      client,
      input: process.stdin,
      output: process.stdout,
      historyFile: join(home.root, 'history'),
      user: osUserName(),
      watched: typeof instrument === 'string' ? [instrument] : [],
    }).run();
    if (exit !== 0) this.exit(exit);
  }
}

/** @throws AppError USAGE */
function assertFullScreenTerminal(isAnsi: boolean): void {
  const { stdin, stdout, env } = process;
  if (stdin.isTTY && stdout.isTTY && isAnsi) return;
  const why =
    stdin.isTTY && stdout.isTTY
      ? `This terminal (TERM=${env.TERM}) does not support full-screen mode`
      : 'This is not a terminal';
  throw new AppError(
    'USAGE',
    `${why}. Use \`goldctl attach --once\` to print one frame as text, or \`goldctl shell\`.`,
  );
}
