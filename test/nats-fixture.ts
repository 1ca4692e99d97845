import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterInfo, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isFree } from './ports.ts';
import { skip } from './skip.ts';

const LEAST = [2, 10, 27];
/** Time for an election in a cluster, with a margin for a busy machine. */
const READY_MS = 25_000;
const TRIES = 2;
/** Time for a restarted node to catch up with a stream. */
const SYNC_MS = 12_000;
/** The log line of a node that accepts connections. */
const LISTENS = 'Server is ready';

export interface NatsOptions {
  /** 1, or 3 for a cluster. Default 3. */
  readonly nodes?: 1 | 3;
  /** Further settings of nats-server, for every node: accounts, TLS. */
  readonly settings?: string;
  /** Machines of the nodes, one each: an address, and a prefix that starts a program there. Default: loopback. */
  readonly machines?: readonly { readonly address: string; readonly command: readonly string[] }[];
  /** Options of the connection with which the fixture checks whether the nodes are ready. */
  readonly connection?: object;
}

/** Real nats-server nodes with JetStream on loopback, in folders for temporary files; every write is synced. */
export class NatsFixture {
  /**
   * Starts them, or skips the test (from a `before` hook: the suite) if there is no suitable nats-server, or if this
   * machine is too busy for its nodes to connect to each other.
   */
  static async start(context: Mocha.Context, options: NatsOptions = {}): Promise<NatsFixture> {
    const found = findNatsServer();
    if ('missing' in found) return skip(context, found.missing);
    context.timeout(TRIES * 2 * READY_MS + 10_000);
    try {
      return await NatsFixture.run(found.binary, options);
    } catch (failure) {
      return skip(context, `nats-server does not get ready here: ${(failure as Error).message}`);
    }
  }

  /** Like `start`, without skipping. */
  static async run(binary: string, options: NatsOptions): Promise<NatsFixture> {
    for (let left = TRIES; ; left--) {
      try {
        return await NatsFixture.#run(binary, options);
      } catch (failure) {
        // A port may be taken between check and start, and nodes may fail to connect.
        if (left === 1) throw failure;
      }
    }
  }

  static async #run(
    binary: string,
    { nodes: count = 3, settings = '', machines, connection = {} }: NatsOptions,
  ): Promise<NatsFixture> {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-nats-'));
    const ports = await freePorts(2 * count);
    const address = (i: number) => machines?.[i]?.address ?? '127.0.0.1';
    const routes = ports.slice(count).map((port, i) => `nats://${address(i)}:${port}`);
    const nodes: NatsNode[] = [];
    for (let i = 0; i < count; i++) {
      const file = join(folder, `node-${i + 1}.conf`);
      const cluster =
        count === 1
          ? ''
          : `cluster { name: goldctl-test, listen: "${address(i)}:${ports[count + i]}", routes: [${routes.join(', ')}] }`;
      await writeFile(
        file,
        `server_name: node-${i + 1}
listen: "${address(i)}:${ports[i]}"
max_payload: 8388608
jetstream { store_dir: "${folder}/data-${i + 1}", sync_interval: always, max_mem: 64MB, max_file: 2GB }
${cluster}
${settings}
`,
      );
      const command = [...(machines?.[i]?.command ?? []), binary, '-c', file];
      nodes.push(new NatsNode(command, `node-${i + 1}`, `${address(i)}:${ports[i]!}`));
    }
    const fixture = new NatsFixture(folder, nodes, connection);
    try {
      for (const node of nodes) await node.start();
      await fixture.ready();
      await fixture.#joined();
    } catch (failure) {
      await fixture.stop();
      throw failure;
    }
    return fixture;
  }

  readonly nodes: readonly NatsNode[];
  readonly #folder: string;
  readonly #connection: object;

  private constructor(folder: string, nodes: readonly NatsNode[], connection: object) {
    this.#folder = folder;
    this.nodes = nodes;
    this.#connection = connection;
  }

  /** `nats://127.0.0.1:4222,127.0.0.1:4223`, as accepted by `--engine`. */
  get engine(): string {
    return `nats://${this.servers.join(',')}`;
  }

  /** `host:port` of every node. */
  get servers(): string[] {
    return this.nodes.map(({ server }) => server);
  }

  /** Resolves once the nodes are connected: a stream with a replica on each can be created. */
  async #joined(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    const connection = await connect({ servers: this.servers, ...this.#connection });
    try {
      const { streams } = await jetstreamManager(connection);
      for (;;) {
        try {
          await streams.add({
            name: 'ready',
            subjects: ['ready'],
            num_replicas: this.nodes.length,
            storage: StorageType.Memory,
          });
          await streams.delete('ready');
          return;
        } catch (failure) {
          if (Date.now() > deadline || this.nodes.some(({ runs }) => !runs)) {
            const said = this.nodes.map(({ name, said }) => `${name}: ${said.slice(-500)}`);
            throw new Error([(failure as Error).message, ...said].join('\n'), { cause: failure });
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    } finally {
      await connection.close();
    }
  }

  /** Resolves once JetStream answers on every running node. */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (const node of this.nodes.filter(({ runs }) => runs)) {
      for (;;) {
        try {
          const connection = await connect({ servers: node.server, reconnect: false, ...this.#connection });
          try {
            await jetstreamManager(connection); // queries the account
            break;
          } finally {
            await connection.close();
          }
        } catch (cause) {
          if (Date.now() > deadline || !node.runs) {
            throw new Error(`${node.name} is not ready: ${node.said}`, { cause });
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    }
  }

  /** The current leader of a stream. */
  leaderOf(stream: string): Promise<NatsNode> {
    return this.#lookedAt(stream, (cluster) =>
      this.nodes.find(({ name }) => name === (cluster ? cluster.leader : this.nodes[0]!.name)),
    );
  }

  /**
   * Resolves once every node has the whole stream: before that, a further failure loses the majority. A node that does
   * not connect to the others (see `NatsNode.start`) is restarted, as docs/scaling.md describes.
   */
  async inSync(stream: string): Promise<void> {
    for (let left = TRIES; ; left--) {
      let late: string | undefined;
      const together = (cluster: ClusterInfo | undefined) => {
        const { leader, replicas = [] } = cluster ?? {};
        late = replicas.find(({ current, offline }) => !current || offline)?.name;
        return (leader && late === undefined) || undefined;
      };
      try {
        await this.#lookedAt(stream, together, SYNC_MS);
        return;
      } catch (failure) {
        const node = this.nodes.find(({ name }) => name === late);
        if (left === 0 || !node) throw failure;
        await node.kill();
        await node.start();
        await this.ready();
      }
    }
  }

  /** The result of `read` on the state of a stream's cluster, once it is defined. */
  async #lookedAt<T>(
    stream: string,
    read: (cluster: ClusterInfo | undefined) => T | undefined,
    withinMs = READY_MS,
  ): Promise<T> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const connection = await connect({
        servers: this.nodes.filter(({ runs }) => runs).map(({ server }) => server),
        ...this.#connection,
      });
      let failure: unknown;
      try {
        const { cluster } = await (await jetstreamManager(connection)).streams.info(stream);
        const found = read(cluster);
        if (found !== undefined) return found;
        failure = new Error(`${stream} does not settle: ${JSON.stringify(cluster)}`);
      } catch (thrown) {
        failure = thrown;
      } finally {
        await connection.close();
      }
      if (Date.now() > deadline) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One nats-server. */
export class NatsNode {
  readonly name: string;
  readonly server: string;
  readonly #command: readonly string[];
  #process: ChildProcess | undefined;
  #said = '';
  readonly #end = () => this.#process?.kill('SIGKILL');

  constructor(command: readonly string[], name: string, server: string) {
    this.#command = command;
    this.name = name;
    this.server = server;
  }

  get runs(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The end of its log. */
  get said(): string {
    return this.#said;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Starts in its folder; resolves once it listens or has exited. Nodes start one after the other: if two connect to
   * each other at the same moment, each may take its own connection for a duplicate and close it, endlessly.
   */
  async start(): Promise<void> {
    this.#said = '';
    const [program, ...args] = this.#command;
    const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4000);
    });
    child.on('error', (error) => {
      this.#said += error.message;
    });
    process.once('exit', this.#end);
    this.#process = child;
    await new Promise<void>((resolve) => {
      child.stderr.on('data', () => {
        if (this.#said.includes(LISTENS)) resolve();
      });
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    child.unref();
    (child.stderr as unknown as { unref(): void }).unref();
  }

  /** `kill -9`; resolves once it has exited. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || !this.runs) return;
    await new Promise<void>((resolve) => {
      child.ref();
      child.once('exit', () => resolve());
      child.kill('SIGCONT'); // in case it is paused
      child.kill('SIGKILL');
    });
    process.off('exit', this.#end);
  }

  /** Makes it hang: connections stay open, and it does not answer. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }
}

/** The nats-server for tests, or why there is none: see .ci/nats-server. */
export function findNatsServer(): { readonly binary: string } | { readonly missing: string } {
  const named = process.env.GOLDCTL_NATS_SERVER;
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const places = named ? [named] : ['nats-server', join(cache, 'goldctl', 'nats-server')];
  const old: string[] = [];
  for (const binary of places) {
    let said: string;
    try {
      said = execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      continue;
    }
    const version = /v(\d+)\.(\d+)\.(\d+)/.exec(said)?.slice(1).map(Number) ?? [];
    if (isAtLeast(version)) return { binary };
    old.push(version.join('.'));
  }
  const least = LEAST.join('.');
  return {
    missing:
      old.length > 0
        ? `nats-server ${old[0]} is too old: ${least} or newer is needed (.ci/nats-server)`
        : `nats-server ${least} or newer is not here (.ci/nats-server)`,
  };
}

function isAtLeast(version: readonly number[]): boolean {
  for (const [i, least] of LEAST.entries()) {
    const part = version[i] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** Below the ephemeral ports of the system: a killed node can use its ports again. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 30_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}
