import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '../../src/client/client.ts';
import { localTarget, parseTarget } from '../../src/client/target.ts';
import { parseDate } from '../../src/domain/time.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { loadIdentity } from '../../src/peer/identity.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { makeCredentials } from '../credentials.ts';
import { PROGRAM } from '../root.ts';
import { Robot, type RobotOptions } from './robot.ts';

const run = promisify(execFile);
const DAY = 24 * 3_600_000;

/** What a run of the program said. */
export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built daemon in a process and a home of its own, and people who come to it. */
export class Room {
  static async open(): Promise<Room> {
    const room = new Room(await mkdtemp(join(tmpdir(), 'goldctl-')));
    const off = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
    const config = { listen: { port: 0, plain: true }, rates: { providers: off } };
    await writeFile(join(room.folder, 'config.json'), JSON.stringify(config));
    await makeCredentials(await resolveHome(room.env));
    await room.start();
    return room;
  }

  readonly folder: string;
  readonly #robots: Robot[] = [];
  readonly #clients: Client[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  get env(): Record<string, string> {
    return { GOLDCTL_HOME: this.folder };
  }

  async start(): Promise<void> {
    const { exit, stderr } = await this.run(['daemon', 'start']);
    if (exit !== 0) throw new Error(stderr);
  }

  /** As a power cut ends it. */
  async kill(): Promise<void> {
    const client = await this.client();
    const { pid } = await client.call('admin.status', {});
    process.kill(pid, 'SIGKILL');
    await client.closed;
  }

  async stop(): Promise<void> {
    for (const robot of this.#robots) await robot.stop();
    for (const client of this.#clients) await client.close();
    await this.run(['daemon', 'stop']);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs the program without a terminal. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
    const all = { ...process.env, NO_COLOR: undefined, LC_ALL: 'C.UTF-8', ...this.env, ...env };
    try {
      return { exit: 0, ...(await run(process.execPath, [PROGRAM, ...args], { env: all })) };
    } catch (thrown) {
      const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string };
      return { exit: code, stdout, stderr };
    }
  }

  robot(options: Partial<RobotOptions> = {}): Robot {
    const robot = new Robot({ ...options, env: { ...this.env, ...options.env } });
    this.#robots.push(robot);
    return robot;
  }

  /** The owner's hand: the control socket, nobody signed in. */
  async client(): Promise<Client> {
    const home = await resolveHome(this.env);
    return this.#keep(await Client.connect({ target: localTarget(home), home, resume: false }));
  }

  /** Somebody else, from a home of his own. */
  async member(name: string, password = 'correct horse'): Promise<Client> {
    const home = await resolveHome({ GOLDCTL_HOME: join(this.folder, `of-${this.#clients.length}`) });
    await home.ensureFolders();
    await loadIdentity(home.peerIdentityFile);
    const client = this.#keep(await Client.connect({ target: localTarget(await resolveHome(this.env)), home }));
    await client.signUp({ name, password });
    return client;
  }

  /** A member in a home of their own, who is signed in there. */
  async memberAtHome(name: string): Promise<{ env: Record<string, string>; downloads: string }> {
    const home = await resolveHome({ GOLDCTL_HOME: join(this.folder, `home-of-${name}`) });
    await home.ensureFolders();
    const { listening } = await (await this.client()).call('admin.status', {});
    const server = `tcp://${listening[0]!.address}`;
    const client = await Client.connect({ target: parseTarget(server), home });
    await client.signUp({ name, password: 'correct horse' });
    await client.close();
    return { env: { GOLDCTL_HOME: home.root, GOLDCTL_SERVER: server }, downloads: home.downloadsFolder };
  }

  /** Waits until others can reach a member with files. */
  async untilReachable(name: string): Promise<void> {
    const client = await this.client();
    for (;;) {
      const { members } = await client.call('members.active', {});
      if (members.some((each) => each.name === name && each.peerPort !== null)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Prices of SJC: a line that rises and falls, up to yesterday, and the day that the first seed asks for. */
  async gold(): Promise<void> {
    const client = await this.client();
    const noted = parseDate('2021-12-27')!.start;
    const rows: [number, number, number][] = [[noted, 60_850_000, 61_550_000]];
    const today = Math.floor(Date.now() / DAY) * DAY;
    for (let day = 700; day >= 1; day--) {
      const sell = Math.round(120 + 15 * Math.sin(day / 40) - day / 50) * 1_000_000;
      rows.push([today - day * DAY, sell - 2_000_000, sell]);
    }
    const { refused } = await client.call('rates.import', { instrument: 'SJC', rows });
    if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
  }

  #keep(client: Client): Client {
    this.#clients.push(client);
    return client;
  }
}
