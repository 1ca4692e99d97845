import { chmod, lstat, rename } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from './domain/app-error.ts';
import { createPrivateFolder } from './private-file.ts';

/** The limit is 104 bytes on macOS and 108 on Linux, including the terminating zero. */
const MAX_SOCKET_PATH_BYTES = 100;

interface HomeFolders {
  readonly root: string;
  readonly explicitRoot?: string;
  readonly config: string;
  readonly log: string;
}

/** Paths of an installation. Folders are 0700 and files 0600: they contain tokens, keys and password hashes. */
export class HomeDirectory {
  /** GOLDCTL_HOME, or the platform's data folder for goldctl. Identifies this installation. */
  readonly root: string;
  /** GOLDCTL_HOME as an absolute path; undefined if it is not set. */
  readonly explicitRoot: string | undefined;
  readonly configFile: string;
  readonly dataFolder: string;
  /** The result of `goldctl repair` until it replaces the data folder. */
  readonly repairedFolder: string;
  readonly logFile: string;
  readonly credentialsFile: string;
  readonly knownHostsFile: string;
  /** Unix socket, or named pipe on Windows, for administration of the local daemon. */
  readonly controlSocket: string;
  readonly pidFile: string;
  readonly tlsFolder: string;
  /** Key and certificate that identify this member to other peers. */
  readonly peerIdentityFile: string;
  /** Files published from this machine. */
  readonly sharesFile: string;
  /** Keys of other members, and rules for automatic acceptance of their files. */
  readonly peersFile: string;
  /** Posts and direct messages that no daemon has acknowledged yet. */
  readonly outboxFolder: string;
  /** Keys, colours and other settings of the dashboard. Users write it; goldctl only reads it. */
  readonly dashboardFile: string;
  /** What the dashboard remembers between runs: theme, range, and the series shown per instrument. */
  readonly dashboardStateFile: string;
  /** Lines that were typed into the dashboard. */
  readonly dashboardHistoryFile: string;
  /** Which blocks of partial files are complete. Private, because its content is trusted. */
  readonly partialFileStatesFolder: string;
  /** Default target of downloads. */
  readonly downloadsFolder: string;
  readonly #folders: HomeFolders;
  /** Folder of a control socket outside `root`; other users can write to its parent. */
  readonly #socketFolder: string | undefined;

  constructor(folders: HomeFolders, control: { readonly path: string; readonly folder?: string }) {
    this.root = folders.root;
    this.explicitRoot = folders.explicitRoot;
    this.configFile = join(folders.config, 'config.json');
    this.credentialsFile = join(folders.config, 'credentials.json');
    this.knownHostsFile = join(folders.config, 'known_hosts');
    this.dataFolder = join(folders.root, 'data');
    this.repairedFolder = join(folders.root, 'data.repaired');
    this.tlsFolder = join(folders.root, 'tls');
    this.peerIdentityFile = join(this.tlsFolder, 'peer.pem');
    this.sharesFile = join(folders.config, 'shares.json');
    this.peersFile = join(folders.config, 'peers.json');
    this.outboxFolder = join(folders.root, 'outbox');
    this.dashboardFile = join(folders.config, 'dashboard.json');
    this.dashboardStateFile = join(folders.root, 'dashboard-state.json');
    this.dashboardHistoryFile = join(folders.root, 'dashboard-history.json');
    this.downloadsFolder = join(folders.explicitRoot ?? homedir(), folders.explicitRoot ? 'downloads' : 'Downloads');
    this.partialFileStatesFolder = join(folders.root, 'parts');
    this.pidFile = join(folders.root, 'daemon.pid');
    this.logFile = join(folders.log, 'goldctl.log');
    this.controlSocket = control.path;
    this.#folders = folders;
    this.#socketFolder = control.folder;
  }

  /**
   * Creates the folders that a daemon needs. Keeps the permissions of an existing root, because it can contain other
   * things, and every file in it is 0600 anyway.
   * @throws AppError STORE_FAILED
   */
  async ensureFolders(): Promise<void> {
    for (const folder of new Set([this.root, this.#folders.config, this.#folders.log]))
      await createPrivateFolder(folder);
    await this.#finishRepair();
    for (const folder of [this.dataFolder, this.tlsFolder]) {
      await createPrivateFolder(folder);
      await chmod(folder, 0o700);
    }
    if (this.#socketFolder !== undefined) {
      await createPrivateFolder(this.#socketFolder);
      await this.assertControlSocketOwned();
    }
  }

  /** Completes a repair that was killed after it removed the data folder and before it moved the repaired one there. */
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
   * A control socket outside `root` is in a folder where every user can create folders, so another user could
   * impersonate the daemon and collect passwords. A missing folder is fine: nothing listens there.
   * @throws AppError NOT_ALLOWED if other users can access the folder
   */
  async assertControlSocketOwned(): Promise<void> {
    const folder = this.#socketFolder;
    if (folder === undefined) return;
    let stats: Awaited<ReturnType<typeof lstat>>;
    try {
      stats = await lstat(folder);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new AppError('STORE_FAILED', `The folder ${folder} of the control socket cannot be read.`, { cause });
    }
    if (stats.isDirectory() && stats.uid === process.getuid?.() && (Number(stats.mode) & 0o077) === 0) return;
    throw new AppError(
      'NOT_ALLOWED',
      `Other users can access the folder ${folder} of the control socket, so what listens there may not be your daemon. Remove it, or set GOLDCTL_HOME to a shorter path.`,
      { data: { folder } },
    );
  }
}

/**
 * Determines the paths. Accesses no file.
 * @param env GOLDCTL_HOME puts everything in one folder; default: the platform's folders
 */
export async function resolveHome(env: NodeJS.ProcessEnv = process.env): Promise<HomeDirectory> {
  const folders = env.GOLDCTL_HOME ? foldersUnder(resolve(env.GOLDCTL_HOME)) : await platformFolders();
  return new HomeDirectory(folders, await controlSocketPath(folders.root));
}

function foldersUnder(root: string): HomeFolders {
  return { root, explicitRoot: root, config: root, log: root };
}

async function platformFolders(): Promise<HomeFolders> {
  const { default: envPaths } = await import('env-paths');
  const { config, data, log } = envPaths('goldctl', { suffix: '' });
  return { root: data, config, log };
}

async function controlSocketPath(root: string): Promise<{ path: string; folder?: string }> {
  const path = join(root, 'control.sock');
  if (process.platform !== 'win32' && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return { path };
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\goldctl-${hash}` };
  const name = `goldctl-${process.getuid?.() ?? 0}-${hash}`;
  for (const parent of [tmpdir(), '/tmp']) {
    const folder = join(parent, name);
    const shortPath = join(folder, 'control.sock');
    if (Buffer.byteLength(shortPath) <= MAX_SOCKET_PATH_BYTES) return { path: shortPath, folder };
  }
  return { path };
}
