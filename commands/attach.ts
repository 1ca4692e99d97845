import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { userName } from '../src/cli/user.ts';
import type { LinkOptions } from '../src/client/link.ts';
import { chooseTarget } from '../src/client/target.ts';
import { Failure } from '../src/domain/failure.ts';
import { plain } from '../src/domain/fold.ts';
import { writeText } from '../src/domain/text-output.ts';

const THEMES = ['dark', 'light', 'contrast', 'plain'] as const;

export default class Attach extends GoldctlCommand {
  static override description =
    'the dashboard: rates, chart, forum, members and transfers on one screen; F1 in it lists its keys';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --once --columns 120 --rows 40',
  ];
  static override enableJsonFlag = false;
  static override flags = {
    once: Flags.boolean({ description: 'print one frame as text, and end' }),
    columns: Flags.integer({
      description: 'width of the frame [of the terminal, else 100]',
      min: 1,
      max: 1000,
      dependsOn: ['once'],
    }),
    rows: Flags.integer({
      description: 'height of the frame [of the terminal, else 30]',
      min: 1,
      max: 1000,
      dependsOn: ['once'],
    }),
    theme: Flags.string({ description: 'colours [dark]; plain where NO_COLOR is set', options: [...THEMES] }),
    ascii: Flags.boolean({ description: 'ASCII only; so by itself where the locale is not UTF-8' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Attach);
    const { env, stdin, stdout } = process;
    if (!flags.once) {
      checkTerminal();
      const { keepHeapSmall } = await import('../src/dashboard/heap.ts');
      keepHeapSmall(); // before what follows is loaded: what the heap has grown to, it keeps
    }
    const home = await this.home();
    const target = chooseTarget(home, flags.server);
    const [{ Link }, { describeTarget }, { speaksUtf8 }] = await Promise.all([
      import('../src/client/link.ts'),
      import('../src/client/target.ts'),
      import('../src/repl/paper.ts'),
    ]);
    const link = (told: Partial<LinkOptions>): InstanceType<typeof Link> =>
      new Link({
        target,
        home,
        watch: { rates: true, forum: true, members: true, files: true },
        onFirstUse: (fingerprint, server) => this.tellFirstUse(server, fingerprint),
        ...told,
      });
    const surroundings = {
      address: target.kind === 'local' ? 'this machine' : describeTarget(target),
      theme: THEMES.find((theme) => theme === flags.theme) ?? (env.NO_COLOR ? 'plain' : 'dark'),
      unicode: !flags.ascii && speaksUtf8(env),
    };
    if (flags.once) {
      const [columns, rows] = [flags.columns ?? (stdout.columns || 100), flags.rows ?? (stdout.rows || 30)];
      const { once } = await import('../src/dashboard/once.ts');
      const isColoured = stdout.isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
      const colours = isColoured ? (stdout.getColorDepth(env) >= 8 ? 256 : 8) : 0;
      const lines = await once({
        ...surroundings,
        link,
        choicesFile: home.dashboardFile,
        user: userName(),
        columns,
        rows,
        colours,
      });
      for (const line of lines) this.log(line);
      return;
    }
    const { Dashboard } = await import('../src/dashboard/dashboard.ts');
    const { errorText, toFailure } = await import('../src/cli/error.ts');
    const dashboard = new Dashboard({
      ...surroundings,
      link,
      home,
      user: userName(),
      input: stdin,
      output: stdout,
      env,
      onCrash: (thrown) => writeText(process.stderr, errorText(toFailure(thrown))),
    });
    const { exit, farewell } = await dashboard.run();
    if (farewell !== undefined) this.log(plain(farewell));
    this.exit(exit);
  }
}

/** @throws Failure USAGE */
function checkTerminal(): void {
  const { stdin, stdout, env } = process;
  if (stdin.isTTY && stdout.isTTY && env.TERM !== 'dumb') return;
  const why = stdin.isTTY && stdout.isTTY ? 'This terminal (TERM=dumb) has no full screen' : 'This is no terminal';
  throw new Failure(
    'USAGE',
    `${why}: use \`goldctl attach --once\`, which prints one frame as text, or \`goldctl shell\`.`,
  );
}
