import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { osUserName } from '../src/cli/os-user.ts';
import type { ReconnectingClientOptions } from '../src/client/reconnecting-client.ts';
import { chooseTarget } from '../src/client/target.ts';
import { AppError } from '../src/domain/app-error.ts';
import { sanitizeText } from '../src/domain/text.ts';
import { writeText } from '../src/domain/text-output.ts';

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
      min: 1,
      max: 1000,
      dependsOn: ['once'],
    }),
    rows: Flags.integer({
      description: 'frame height in rows [terminal height, or 30]',
      min: 1,
      max: 1000,
      dependsOn: ['once'],
    }),
    theme: Flags.string({ description: 'colour theme [dark; plain if NO_COLOR is set]', options: [...THEMES] }),
    ascii: Flags.boolean({ description: 'use ASCII only [if the locale is not UTF-8]' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Attach);
    const { env, stdin, stdout } = process;
    if (!flags.once) {
      assertFullScreenTerminal();
      const { limitHeapGrowth } = await import('../src/dashboard/heap-limit.ts');
      limitHeapGrowth(); // before other modules are loaded, because the heap never shrinks
    }
    const home = await this.home();
    const target = chooseTarget(home, flags.server);
    const [{ ReconnectingClient }, { describeTarget }, { isUtf8Locale }] = await Promise.all([
      import('../src/client/reconnecting-client.ts'),
      import('../src/client/target.ts'),
      import('../src/repl/output-format.ts'),
    ]);
    const createClient = (listeners: Partial<ReconnectingClientOptions>): InstanceType<typeof ReconnectingClient> =>
      new ReconnectingClient({
        target,
        home,
        subscription: { rates: true, forum: true, members: true, files: true },
        onFirstUse: (fingerprint, server) => this.announceFirstConnection(server, fingerprint),
        ...listeners,
      });
    const environment = {
      address: target.kind === 'local' ? 'this machine' : describeTarget(target),
      theme: THEMES.find((theme) => theme === flags.theme) ?? (env.NO_COLOR ? 'plain' : 'dark'),
      unicode: !flags.ascii && isUtf8Locale(env),
    };
    if (flags.once) {
      const [columns, rows] = [flags.columns ?? (stdout.columns || 100), flags.rows ?? (stdout.rows || 30)];
      const { renderSnapshot } = await import('../src/dashboard/snapshot.ts');
      const isColoured = stdout.isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
      const colours = isColoured ? (stdout.getColorDepth(env) >= 8 ? 256 : 8) : 0;
      const lines = await renderSnapshot({
        ...environment,
        createClient,
        choicesFile: home.dashboardFile,
        user: osUserName(),
        columns,
        rows,
        colours,
      });
      for (const line of lines) this.log(line);
      return;
    }
    const { Dashboard } = await import('../src/dashboard/dashboard.ts');
    const { errorText, toAppError } = await import('../src/cli/error.ts');
    const dashboard = new Dashboard({
      ...environment,
      createClient,
      home,
      user: osUserName(),
      input: stdin,
      output: stdout,
      env,
      onCrash: (thrown) => writeText(process.stderr, errorText(toAppError(thrown))),
    });
    const { exitStatus, closingMessage } = await dashboard.run();
    if (closingMessage !== undefined) this.log(sanitizeText(closingMessage));
    this.exit(exitStatus);
  }
}

/** @throws Failure USAGE */
function assertFullScreenTerminal(): void {
  const { stdin, stdout, env } = process;
  if (stdin.isTTY && stdout.isTTY && env.TERM !== 'dumb') return;
  const why =
    stdin.isTTY && stdout.isTTY
      ? 'This terminal (TERM=dumb) does not support full-screen mode'
      : 'This is not a terminal';
  throw new AppError(
    'USAGE',
    `${why}. Use \`goldctl attach --once\` to print one frame as text, or \`goldctl shell\`.`,
  );
}
