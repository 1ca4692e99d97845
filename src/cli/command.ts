import { Command, Errors, Flags } from '@oclif/core';
import type { Client, Confirmation, ConnectOptions } from '../client/client.ts';
import { chooseTarget, describeServer, type Target } from '../client/target.ts';
import { plain } from '../domain/fold.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { type Home, openHome } from '../home.ts';
import { errorJson, errorText, toFailure } from './error.ts';
import { shownJson } from './shown-json.ts';

/** What every command shares: which daemon is meant, JSON, and how errors are said. */
export abstract class GoldctlCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    server: Flags.string({
      description: 'daemon to talk to, or several of one room; without it the one on this machine',
      env: 'GOLDCTL_SERVER',
      helpGroup: 'GLOBAL',
      helpValue: 'HOST:PORT[,…]',
    }),
  };

  readonly #clients = new Set<Client>();

  override async init(): Promise<void> {
    await super.init();
    process.umask(0o077); // LevelDB makes files of its own where a command writes a data folder
  }

  /** The files of the goldctl that GOLDCTL_HOME names. */
  home(): Promise<Home> {
    return openHome(process.env);
  }

  /**
   * A connection to the daemon that the flags mean, signed in where a token is kept. It is closed when the command
   * ends.
   * @throws Failure NO_DAEMON, CERTIFICATE_CHANGED, CONNECTION_ENDED
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
      onFirstUse: (fingerprint, server) => this.tellFirstUse(server, fingerprint),
      confirmServer: (confirmation) => this.#confirmServer(confirmation),
      onPassedOver: ({ message }) => this.logToStderr(plain(message)),
    });
    this.#clients.add(client);
    return client;
  }

  /** Has the sign-in of a connection given to the other servers of the room, for when this one is lost. */
  protected async confirmOthers(client: Client): Promise<void> {
    const failures = await client.confirmOthers({
      onFirstUse: (fingerprint, server) => this.tellFirstUse(server, fingerprint),
      confirmServer: (confirmation) => this.#confirmServer(confirmation),
    });
    for (const { message } of failures) this.logToStderr(plain(message));
  }

  async #confirmServer({ server, fingerprint, name }: Confirmation): Promise<boolean> {
    if (!process.stdin.isTTY || !process.stderr.isTTY || this.jsonEnabled()) return false;
    const { askYes } = await import('./question.ts');
    const certificate =
      fingerprint === undefined
        ? safeText`it has no certificate`
        : safeText`its certificate is sha256:${plain(fingerprint)}`;
    return await askYes(
      safeText`${plain(describeServer(server))} was never given the sign-in of ${plain(name)}; ${certificate}. Is it a server of the same room? [y/N] `,
    );
  }

  /** What somebody should know who connects to a daemon for the first time. */
  protected tellFirstUse({ key }: Target, fingerprint: string): void {
    this.logToStderr(
      safeText`First connection to ${plain(key)}: its certificate is sha256:${plain(fingerprint)}. Its owner can compare this with \`goldctl daemon status\`.`,
    );
  }

  /** Says the error once, on stderr or with --json on stdout; the exit status tells its kind (Failure.exit). */
  override async catch(thrown: Error): Promise<never> {
    if (thrown instanceof Errors.ExitError) throw thrown;
    const failure = toFailure(thrown);
    if (this.jsonEnabled()) writeText(process.stdout, errorJson(failure));
    else writeText(process.stderr, errorText(failure));
    throw new Errors.ExitError(failure.exit);
  }

  /** Prints a line for people. Only text that is safe for a terminal is taken. */
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
    writeText(process.stdout, safeText`${shownJson(json, 2)}\n`);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    await super.finally(error);
  }
}
