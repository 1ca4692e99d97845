import { chmod, lstat, rename } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from './domain/failure.ts';
import { makePrivateFolder } from './private-file.ts';

/** Unix socket paths hold 104 bytes on macOS and 108 on Linux, with the closing zero. */
const SOCKET_PATH_BYTES = 100;

interface Folders {
  readonly root: string;
  readonly setting?: string;
  readonly config: string;
  readonly data: string;
  readonly log: string;
}

/** Where one goldctl keeps its files. Folders are 0700 and files 0600: they hold tokens, keys and password hashes. */
export class Home {
  /** GOLDCTL_HOME, or the platform's data folder of goldctl: names this goldctl. */
  readonly root: string;
  /** GOLDCTL_HOME made absolute; undefined where it is not set. */
  readonly setting: string | undefined;
  readonly configFile: string;
  readonly dataFolder: string;
  /** A data folder that `goldctl repair` has finished, for the moment until it is in its place. */
  readonly repairedFolder: string;
  readonly logFile: string;
  readonly credentialsFile: string;
  readonly knownHostsFile: string;
  /** Unix socket, or on Windows a named pipe, on which the local daemon takes administration. */
  readonly controlSocket: string;
  readonly pidFile: string;
  readonly tlsFolder: string;
  /** Key and certificate by which other members know this one's files. */
  readonly peerFile: string;
  /** What is published from here. */
  readonly sharesFile: string;
  /** Keys of other members, and what is taken from them unasked. */
  readonly peersFile: string;
  /** Which series of an instrument members see in the dashboard. */
  readonly dashboardFile: string;
  /** Which blocks of files on their way are there; private, as what is in it is believed. */
  readonly partStatesFolder: string;
  /** Where files of others go when nobody says where. */
  readonly downloadsFolder: string;
  readonly #folders: Folders;
  /** The control socket's own folder where it had to leave `root`; others may write beside it. */
  readonly #socketFolder: string | undefined;

  constructor(folders: Folders, control: { readonly path: string; readonly folder?: string }) {
    this.root = folders.root;
    this.setting = folders.setting;
    this.configFile = join(folders.config, 'config.json');
    this.credentialsFile = join(folders.config, 'credentials.json');
    this.knownHostsFile = join(folders.config, 'known_hosts');
    this.dataFolder = join(folders.root, 'data');
    this.repairedFolder = join(folders.root, 'data.repaired');
    this.tlsFolder = join(folders.root, 'tls');
    this.peerFile = join(this.tlsFolder, 'peer.pem');
    this.sharesFile = join(folders.config, 'shares.json');
    this.peersFile = join(folders.config, 'peers.json');
    this.dashboardFile = join(folders.config, 'dashboard.json');
    this.downloadsFolder = join(folders.setting ?? homedir(), folders.setting ? 'downloads' : 'Downloads');
    this.partStatesFolder = join(folders.root, 'parts');
    this.pidFile = join(folders.root, 'daemon.pid');
    this.logFile = join(folders.log, 'goldctl.log');
    this.controlSocket = control.path;
    this.#folders = folders;
    this.#socketFolder = control.folder;
  }

  /**
   * Makes the folders that are missing, as a daemon needs them. A root that exists keeps its permissions: it may be
   * a folder that other things live in, and every file in it is 0600 by itself.
   * @throws Failure STORE_FAILED
   */
  async prepare(): Promise<void> {
    for (const folder of new Set([this.root, this.#folders.config, this.#folders.log])) await makePrivateFolder(folder);
    await this.#finishRepair();
    for (const folder of [this.dataFolder, this.tlsFolder]) {
      await makePrivateFolder(folder);
      await chmod(folder, 0o700);
    }
    if (this.#socketFolder !== undefined) {
      await makePrivateFolder(this.#socketFolder);
      await this.checkControl();
    }
  }

  /** A repair that was killed between its last two steps left no data folder, and the one that was to be it. */
  async #finishRepair(): Promise<void> {
    const exists = (folder: string) =>
      lstat(folder).then(
        () => true,
        () => false,
      );
    if ((await exists(this.dataFolder)) || !(await exists(this.repairedFolder))) return;
    await rename(this.repairedFolder, this.dataFolder);
  }

  /**
   * A control socket outside `root` lies where anybody may make folders: whoever made this one could pose as the
   * daemon and collect passwords. No folder at all is fine, nothing answers there.
   * @throws Failure NOT_ALLOWED when the folder is not this user's alone.
   */
  async checkControl(): Promise<void> {
    const folder = this.#socketFolder;
    if (folder === undefined) return;
    let stats: Awaited<ReturnType<typeof lstat>>;
    try {
      stats = await lstat(folder);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new Failure('STORE_FAILED', `The folder ${folder} of the control socket cannot be read.`, { cause });
    }
    if (stats.isDirectory() && stats.uid === process.getuid?.() && (Number(stats.mode) & 0o077) === 0) return;
    throw new Failure(
      'NOT_ALLOWED',
      `The folder ${folder} of the control socket is not yours alone, so what answers there may not be your daemon. Remove it, or set GOLDCTL_HOME to a shorter path.`,
      { data: { folder } },
    );
  }
}

/**
 * The home that the environment names. Touches no file.
 * @param env GOLDCTL_HOME moves everything under one folder; without it the platform's own folders stand.
 */
export async function openHome(env: NodeJS.ProcessEnv = process.env): Promise<Home> {
  const folders = env.GOLDCTL_HOME ? inOne(resolve(env.GOLDCTL_HOME)) : await platformFolders();
  return new Home(folders, await controlPath(folders.root));
}

function inOne(root: string): Folders {
  return { root, setting: root, config: root, data: root, log: root };
}

async function platformFolders(): Promise<Folders> {
  const { default: envPaths } = await import('env-paths');
  const { config, data, log } = envPaths('goldctl', { suffix: '' });
  return { root: data, config, data, log };
}

async function controlPath(root: string): Promise<{ path: string; folder?: string }> {
  const path = join(root, 'control.sock');
  if (process.platform !== 'win32' && Buffer.byteLength(path) <= SOCKET_PATH_BYTES) return { path };
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\goldctl-${hash}` };
  const name = `goldctl-${process.getuid?.() ?? 0}-${hash}`;
  for (const parent of [tmpdir(), '/tmp']) {
    const folder = join(parent, name);
    const short = join(folder, 'control.sock');
    if (Buffer.byteLength(short) <= SOCKET_PATH_BYTES) return { path: short, folder };
  }
  return { path };
}
