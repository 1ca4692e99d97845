import { Command, Errors, Flags } from '@oclif/core';
import type { Client, ConnectOptions } from '../client/client.ts';
import { chooseTarget, type Target } from '../client/target.ts';
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
    options: Omit<ConnectOptions, 'target' | 'home' | 'onFirstUse'> = {},
  ): Promise<Client> {
    const home = await this.home();
    const target = chooseTarget(home, flags.server);
    const { Client } = await import('../client/client.ts');
    const client = await Client.connect({
      ...options,
      target,
      home,
      onFirstUse: (fingerprint, server) => this.tellFirstUse(server, fingerprint),
      onPassedOver: ({ message }) => process.stderr.write(`${message}\n`),
    });
    this.#clients.add(client);
    return client;
  }

  /** What somebody should know who connects to a daemon for the first time. */
  protected tellFirstUse({ key }: Target, fingerprint: string): void {
    process.stderr.write(
      `First connection to ${key}: its certificate is sha256:${fingerprint}. Its owner can compare this with \`goldctl daemon status\`.\n`,
    );
  }

  /** Says the error once, on stderr or with --json on stdout; the exit status tells its kind (Failure.exit). */
  override async catch(thrown: Error): Promise<never> {
    if (thrown instanceof Errors.ExitError) throw thrown;
    const failure = toFailure(thrown);
    if (this.jsonEnabled()) process.stdout.write(errorJson(failure));
    else process.stderr.write(errorText(failure));
    throw new Errors.ExitError(failure.exit);
  }

  protected override logJson(json: unknown): void {
    process.stdout.write(`${shownJson(json, 2)}\n`);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    await super.finally(error);
  }
}
