import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, run } from '@oclif/core';
import { captureOutput } from '@oclif/test';
import { Client, type ConnectOptions } from '../src/client/client.ts';
import { localTarget, parseTarget } from '../src/client/target.ts';
import { parseConfig } from '../src/daemon/config.ts';
import { type Daemon, startDaemon } from '../src/daemon/daemon.ts';
import type { Logger } from '../src/domain/logger.ts';
import { type HomeDirectory, resolveHome } from '../src/home-directory.ts';
import { loadIdentity } from '../src/peer/identity.ts';
import { PROVIDERS } from '../src/rates/providers/index.ts';
import type { ScryptParams } from '../src/room/password-hasher.ts';
import { cliConfig } from './cli-config.ts';
import { CHEAP } from './credentials.ts';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** High limits: tests write in seconds what members write in weeks, and some use a small disk. */
const UNLIMITED_WRITES = {
  postsPerDay: 1e9,
  bytesPerDay: 1e12,
  postsPerDayPerSource: 1e9,
  bytesPerDayPerSource: 1e12,
  freeBytes: 0,
};

export interface FixtureOptions {
  /** Settings of config.json; every provider that they do not name is off. */
  readonly config?: { readonly rates?: { readonly providers?: Record<string, object> } } & Record<string, unknown>;
  readonly log?: Logger;
  /** Parent folder of the home. Default: the folder for temporary files. */
  readonly parent?: string;
  /** Default: a minimal cost. */
  readonly passwordCost?: ScryptParams;
}

/** Output and exit status of a command. */
export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real daemon in this process: a temporary home, a free port of loopback, clear text and TLS. */
export class DaemonFixture {
  static async start({
    config = {},
    log = SILENT,
    parent = tmpdir(),
    passwordCost = CHEAP,
  }: FixtureOptions = {}): Promise<DaemonFixture> {
    const home = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(parent, 'goldctl-')) });
    await home.ensureFolders();
    const off = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
    const settings = {
      listen: { port: 0, plain: true },
      ...config,
      // Tests create many members from one address.
      limits: { passwordQueue: 1600, ...UNLIMITED_WRITES, ...(config.limits as object | undefined) },
      rates: { providers: { ...off, ...config.rates?.providers } },
    };
    const begin = (listen: object = settings.listen) =>
      startDaemon({
        home,
        config: parseConfig(JSON.stringify({ ...settings, listen }), 'config.json'),
        version: '0.0.0',
        log,
        passwordCost,
        onStopRequest: () => {},
      });
    return new DaemonFixture(home, await begin(), begin);
  }

  readonly home: HomeDirectory;
  daemon: Daemon;
  readonly #begin: (listen?: object) => Promise<Daemon>;
  readonly #clients: Client[] = [];
  readonly #folders: string[];
  #cli: Config | undefined;

  private constructor(home: HomeDirectory, daemon: Daemon, begin: (listen?: object) => Promise<Daemon>) {
    this.home = home;
    this.daemon = daemon;
    this.#begin = begin;
    this.#folders = [home.root];
  }

  /** `host:port`. */
  get address(): string {
    return this.daemon.status().listening[0]!.address;
  }

  /** A connection over the control socket. */
  async connect(options: Partial<ConnectOptions> = {}): Promise<Client> {
    return this.#keep(await Client.connect({ target: localTarget(this.home), home: this.home, ...options }));
  }

  /** A connection over TCP, with its own home. */
  async connectAfar(options: Partial<ConnectOptions> = {}): Promise<Client> {
    const target = parseTarget(`tcp://${this.address}`);
    return this.#keep(await Client.connect({ target, home: await this.anotherHome(), ...options }));
  }

  async anotherHome(): Promise<HomeDirectory> {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    this.#folders.push(folder);
    const home = await resolveHome({ GOLDCTL_HOME: folder });
    await loadIdentity(home.peerIdentityFile);
    return home;
  }

  /** Runs a command line in this process, in the fixture's home. */
  async run(argv: readonly string[], env: Record<string, string> = {}): Promise<Said> {
    this.#cli ??= await cliConfig();
    const cli = this.#cli;
    const names = { GOLDCTL_HOME: this.home.root, GOLDCTL_SERVER: '', ...env };
    const before = Object.fromEntries(Object.keys(names).map((name) => [name, process.env[name]]));
    Object.assign(process.env, names);
    try {
      const { error, stdout, stderr } = await captureOutput(() => run([...argv], cli), { testNodeEnv: 'production' });
      return { exit: error === undefined ? 0 : (error.oclif?.exit ?? 1), stdout, stderr };
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  }

  /** Stops the daemon and starts it on the same port and data. `between` runs in between. */
  async restart(between: () => void | Promise<void> = () => {}): Promise<void> {
    const port = Number(this.address.split(':').at(-1));
    await this.daemon.stop('Back in a moment.');
    await between();
    this.daemon = await this.#begin({ port, plain: true });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.daemon.stop('The test is over.');
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  #keep(client: Client): Client {
    this.#clients.push(client);
    return client;
  }
}
