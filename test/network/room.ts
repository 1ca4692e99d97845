import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Deferred, deferred } from '../../src/domain/deferred.ts';
import type { FileListingEntry } from '../../src/domain/file-listing.ts';
import type { ConnectionPath, Transfer } from '../../src/domain/transfer.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { loadIdentity } from '../../src/peer/identity.ts';
import { IpcConnection } from '../../src/peer/ipc.ts';
import type { MethodName, MethodParams, MethodResult } from '../../src/protocol/methods.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import type { Machine } from './network.ts';

const OFF = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
const LIMITS = { callsPerSecond: 100_000, callsBurst: 100_000, signUpsPerHour: 1000, connectionsPerAddress: 1000 };

type FetchOptions = { readonly from?: readonly string[]; readonly to?: string; readonly limit?: number };

interface DaemonCalls {
  stop: { params: null; result: null };
  usage: { params: null; result: { readonly rss: number; readonly peak: number } };
}

interface MemberCalls {
  publish: { params: { readonly path: string }; result: FileListingEntry };
  fetch: { params: { readonly name: string } & FetchOptions; result: number };
  send: { params: { readonly member: string; readonly path: string; readonly limit?: number }; result: number };
  allow: { params: { readonly member: string; readonly bytes: number | null }; result: null };
  cancel: { params: { readonly id: number }; result: null };
  finished: { params: { readonly id: number }; result: Transfer };
  transfers: { params: null; result: readonly Transfer[] };
  pid: { params: null; result: number | null };
  call: { params: { readonly method: string; readonly params: unknown }; result: unknown };
  stop: { params: null; result: null };
}

interface Told {
  ready: { readonly address: string };
  transfer: Transfer;
  notice: string;
}

/** A process of a room: on this machine, or on one of a test network. */
class Program<Calls extends object> {
  readonly process: ChildProcess;
  readonly ready: Promise<Told['ready']>;
  readonly #ipc: IpcConnection<Calls, object, Told>;
  #ended = false;

  constructor(
    file: string,
    options: object,
    {
      machine,
      env = {},
      onTransfer,
      onNotice,
    }: {
      machine?: Machine | undefined;
      env?: NodeJS.ProcessEnv | undefined;
      onTransfer?: (transfer: Transfer) => void;
      onNotice?: (text: string) => void;
    },
  ) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const args = [JSON.stringify(options)];
    const settings = {
      serialization: 'advanced' as const,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'] as ('ignore' | 'pipe' | 'ipc')[],
      env: { ...process.env, ...env },
    };
    this.process = machine ? machine.fork(path, args, settings) : fork(path, args, settings);
    let words = '';
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      words = `${words}${text}`.slice(-4096);
    });
    const ready: Deferred<Told['ready']> = deferred();
    ready.promise.catch(() => {});
    this.ready = ready.promise;
    this.process.on('exit', (code, signal) => {
      this.#ended = true;
      ready.reject(new Error(`${file} ended (${signal ?? code}): ${words}`));
    });
    this.#ipc = new IpcConnection<Calls, object, Told>(this.process, {}, (event, params) => {
      if (event === 'ready') ready.resolve(params as Told['ready']);
      else if (event === 'transfer') onTransfer?.(params as Transfer);
      else onNotice?.(params as string);
    });
  }

  ask: IpcConnection<Calls, object, Told>['call'] = (name, params) => this.#ipc.call(name, params);

  /** `SIGKILL`, and waits for the exit. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    const ended = once(this.process, 'exit'); // `close` is never emitted after disconnect
    this.process.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const ended = once(this.process, 'exit'); // `close` is never emitted after disconnect
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 5000);
    await this.ask('stop' as never, null as never).catch(() => {}); // it may have exited already
    if (this.process.connected) this.process.disconnect();
    await ended;
    clearTimeout(timer);
  }
}

/** A member of a room, with files. */
export class Member {
  readonly name: string;
  readonly home: string;
  readonly notices: string[] = [];
  /** The paths by which others were reached. */
  readonly paths = new Set<ConnectionPath>();
  readonly #begin: () => Program<MemberCalls>;
  readonly #transfers = new Map<number, Transfer>();
  #program: Program<MemberCalls>;
  #wake: Deferred<void> = deferred();

  constructor(name: string, home: string, start: (told: object) => Program<MemberCalls>) {
    this.name = name;
    this.home = home;
    this.#begin = () =>
      start({
        onTransfer: (transfer: Transfer) => {
          this.#transfers.set(transfer.id, transfer);
          for (const { path } of transfer.peers) if (path !== null) this.paths.add(path);
          this.#wake.resolve();
          this.#wake = deferred();
        },
        onNotice: (text: string) => this.notices.push(text),
      });
    this.#program = this.#begin();
  }

  get pid(): number {
    return this.#program.process.pid!;
  }

  async ready(): Promise<this> {
    await this.#program.ready;
    return this;
  }

  publish(path: string): Promise<FileListingEntry> {
    return this.#program.ask('publish', { path });
  }

  fetch(name: string, options: FetchOptions = {}): Promise<number> {
    return this.#program.ask('fetch', { name, ...options });
  }

  send(member: string, path: string, options: { limit?: number } = {}): Promise<number> {
    return this.#program.ask('send', { member, path, ...options });
  }

  /** A standing rule for files of that member. */
  async allow(member: string, bytes: number): Promise<void> {
    await this.#program.ask('allow', { member, bytes });
  }

  finished(id: number): Promise<Transfer> {
    return this.#program.ask('finished', { id });
  }

  /** Resolves once there is a connection to the daemon. */
  async online(): Promise<void> {
    for (;;) {
      try {
        await this.call('members.active', {});
        return;
      } catch {
        await sleep(20);
      }
    }
  }

  /** @throws AppError as in the reply of the daemon */
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    return this.#program.ask('call', { method, params }) as Promise<MethodResult<M>>;
  }

  /** The last known state. */
  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()];
  }

  /** The last known state of a transfer. */
  transfer(id: number): Transfer | undefined {
    return this.#transfers.get(id);
  }

  /** The first transfer that satisfies the condition; waits for it. */
  async sees(wanted: (transfer: Transfer) => boolean): Promise<Transfer> {
    for (;;) {
      const found = [...this.#transfers.values()].find(wanted);
      if (found) return found;
      await this.#wake.promise;
    }
  }

  /** Of the process that transfers files; null if there is none. */
  peerPid(): Promise<number | null> {
    return this.#program.ask('pid', null);
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }

  /** Another process in the same home. */
  async again(): Promise<void> {
    this.#transfers.clear();
    this.#program = this.#begin();
    await this.#program.ready;
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/** A daemon and members, each in its own process, on this machine or on those of a test network. */
export class Room {
  readonly folder: string;
  readonly #machine: Machine | undefined;
  readonly #limits: object;
  readonly #members: Member[] = [];
  #daemon: Program<DaemonCalls>;
  /** `host:port`, over TLS; both for TCP and UDP. */
  address = '';

  private constructor(folder: string, machine: Machine | undefined, limits: object) {
    this.folder = folder;
    this.#machine = machine;
    this.#limits = limits;
    this.#daemon = this.#begin(0);
  }

  /** @param machine of the daemon; default: loopback */
  static async open({ machine, limits = {} }: { machine?: Machine; limits?: object } = {}): Promise<Room> {
    const room = new Room(await mkdtemp(join(tmpdir(), 'goldctl-room-')), machine, limits);
    room.address = (await room.#daemon.ready).address;
    return room;
  }

  /** @param env in addition to that of this process */
  async join(name: string, { machine, env }: { machine?: Machine; env?: NodeJS.ProcessEnv } = {}): Promise<Member> {
    const home = join(this.folder, name);
    await loadIdentity((await resolveHome({ GOLDCTL_HOME: home })).peerIdentityFile);
    const member = new Member(
      name,
      home,
      (told) => new Program('member-process.js', { home, server: this.address, name }, { machine, env, ...told }),
    );
    this.#members.push(member);
    return member.ready();
  }

  get daemonPid(): number {
    return this.#daemon.process.pid!;
  }

  /** Kills the daemon and starts another one on the same port. */
  async breakDaemon(): Promise<void> {
    await this.#daemon.kill();
    this.#daemon = this.#begin(Number(this.address.split(':').at(-1)));
    await this.#daemon.ready;
  }

  daemonUsage(): Promise<DaemonCalls['usage']['result']> {
    return this.#daemon.ask('usage', null);
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
    await this.#daemon.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #begin(port: number): Program<DaemonCalls> {
    const host = this.#machine?.address ?? '127.0.0.1';
    const config = { listen: { host, port }, limits: { ...LIMITS, ...this.#limits }, rates: { providers: OFF } };
    const home = join(this.folder, 'daemon');
    return new Program('daemon-process.js', { home, config }, { machine: this.#machine });
  }
}
