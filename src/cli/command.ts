import { Command, Errors, Flags, type Interfaces } from '@oclif/core';
import type { Client, ConnectOptions, ServerConfirmation } from '../client/client.ts';
import { chooseTarget, describeServer, type Target } from '../client/target.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import { type HomeDirectory, resolveHome } from '../home-directory.ts';
import { markDashText, unmarkDashText } from './dash-text.ts';
import { errorJson, errorText, toAppError } from './error.ts';
import { toTerminalJson } from './terminal-json.ts';

/** Base of all commands: choice of the daemon, JSON output and error reporting. */
export abstract class GoldctlCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    server: Flags.string({
      description: 'address of the daemon, or of several of one cluster [the local daemon]',
      env: 'GOLDCTL_SERVER',
      helpGroup: 'GLOBAL',
      helpValue: 'HOST:PORT[,…]',
    }),
  };

  readonly #clients = new Set<Client>();

  override async init(): Promise<void> {
    await super.init();
    process.umask(0o077); // LevelDB creates files itself if a command writes a data folder
  }

  /** Takes arguments that begin with a dash and cannot be flags as text, and reports errors in words. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv: string[] = this.argv): Promise<Interfaces.ParserOutput<F, B, A>> {
    const flags = { ...this.ctor.baseFlags, ...this.ctor.flags, ...(this.ctor.enableJsonFlag ? { json: {} } : {}) };
    try {
      const { args, argv: words, flags: values, ...rest } = await super.parse(options, markDashText(argv, flags));
      return {
        ...rest,
        args: unmarkDashText(args),
        argv: unmarkDashText(words),
        flags: unmarkDashText(values),
      };
    } catch (thrown) {
      const { toUsageError } = await import('./usage-error.ts');
      throw toUsageError(thrown, {
        command: `${this.config.bin} ${(this.id ?? '').replaceAll(':', ' ')}`,
        flags,
        args: this.ctor.args,
        takesText: this.ctor.strict === false,
        commands: this.config.commandIDs.map((id) => id.replaceAll(':', ' ')),
      });
    }
  }

  /**
   * The result of a command that lists or looks up. If it is empty and `--exit-status` is given, the command ends with
   * status 1 after its output.
   */
  protected withExitStatus<T>(result: T, isEmpty: boolean, flags: { 'exit-status'?: boolean }): T {
    if (!isEmpty || !flags['exit-status']) return result;
    if (this.jsonEnabled()) this.logJson(result);
    this.exit(1);
  }

  home(): Promise<HomeDirectory> {
    return resolveHome(process.env);
  }

  /**
   * Connects to the daemon that the flags select and signs in if there is a stored token. The connection is closed at the end
   * of the command.
   * @throws AppError NO_DAEMON, CERTIFICATE_CHANGED, CONNECTION_ENDED
   */
  async connect(
    flags: { server?: string | undefined },
    options: Omit<ConnectOptions, 'target' | 'home' | 'onFirstUse' | 'confirmServer'> = {},
  ): Promise<Client> {
    const home = await this.home();
    const target = chooseTarget(home, flags.server);
    const { Client } = await import('../client/client.ts');
    const client = await Client.connect({
      ...options,
      target,
      home,
      onFirstUse: (fingerprint, server) => this.announceFirstConnection(server, fingerprint),
      confirmServer: (confirmation) => this.#confirmServer(confirmation),
      onServerSkipped: ({ message }) => this.logToStderr(sanitizeText(message)),
    });
    this.#clients.add(client);
    return client;
  }

  /** Confirms the sign-in for the other servers of the cluster, so that the client can fail over to them. */
  protected async confirmOthers(client: Client): Promise<void> {
    const failures = await client.confirmFallbacks({
      onFirstUse: (fingerprint, server) => this.announceFirstConnection(server, fingerprint),
      confirmServer: (confirmation) => this.#confirmServer(confirmation),
    });
    for (const { message } of failures) this.logToStderr(sanitizeText(message));
  }

  async #confirmServer({ server, fingerprint, name }: ServerConfirmation): Promise<boolean> {
    if (!process.stdin.isTTY || !process.stderr.isTTY || this.jsonEnabled()) return false;
    const { confirm } = await import('./terminal-prompt.ts');
    const certificate =
      fingerprint === undefined
        ? safeText`It has no certificate`
        : safeText`Its certificate is sha256:${sanitizeText(fingerprint)}`;
    return await confirm(
      safeText`${sanitizeText(describeServer(server))} has not received the sign-in of ${sanitizeText(name)} before. ${certificate}. Is it a server of the same cluster? [y/N] `,
    );
  }

  /** Shows the certificate on the first connection to a daemon. */
  protected announceFirstConnection({ key }: Target, fingerprint: string): void {
    this.logToStderr(
      safeText`First connection to ${sanitizeText(key)}: its certificate is sha256:${sanitizeText(fingerprint)}. Compare it with \`goldctl daemon status\` on the server.`,
    );
  }

  /** Reports the error on stderr, or on stdout with --json. The exit status is that of the error. */
  override async catch(thrown: Error): Promise<never> {
    if (thrown instanceof Errors.ExitError) throw thrown;
    const failure = toAppError(thrown);
    if (this.jsonEnabled()) writeText(process.stdout, errorJson(failure));
    else writeText(process.stderr, errorText(failure));
    throw new Errors.ExitError(failure.exit);
  }

  /** Prints a line unless --json is given. Accepts only text that is safe for a terminal. */
  override log(text: SafeText): void {
    if (!this.jsonEnabled()) writeText(process.stdout, safeText`${text}\n`);
  }

  protected logLines(lines: readonly SafeText[]): void {
    this.log(joinSafe(lines, '\n'));
  }

  override logToStderr(text: SafeText): void {
    writeText(process.stderr, safeText`${text}\n`);
  }

  protected override logJson(json: unknown): void {
    writeText(process.stdout, safeText`${toTerminalJson(json, 2)}\n`);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    await super.finally(error);
  }
}
