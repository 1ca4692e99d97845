import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../child.ts';
import type { Daemon } from '../daemon.ts';
import { POST_TEXT } from '../raw.ts';
import { request, Wire } from '../wire.ts';

/** A byte that every event contains once, and nothing else contains. */
export const MARK = '~';

const TEXT = `${POST_TEXT} ${MARK}`;
/** Connections per session: the allowed number, minus those that are just closing. */
const EACH = 14;
const START_MS = 10_000;

/** The protocol between load and server. */
export interface Speech {
  /** One post; its event contains the mark once. */
  readonly post: string;
  /** Watchers use theirs in turn, and all send `watch` afterwards. */
  readonly entrances: { readonly watchers: readonly string[]; readonly watch?: string; readonly publisher: string };
  /** The end of the server's reply to a sign-in. */
  readonly ready: { readonly watcher: string; readonly publisher: string };
  /** A call with a large result: a client that sends many and reads none has a full queue. */
  readonly large?: string;
  /** The server speaks first, in clear text even if TLS follows. */
  readonly greeting?: true;
}

/** A server that delivers each post to many watchers. */
export interface Broadcaster {
  readonly name: string;
  readonly port: number;
  readonly speech: Speech;
  /** The measured process, if it can be queried. */
  readonly child?: Child;
  stop(): Promise<void>;
}

export interface Doors {
  readonly tls: boolean;
  readonly key: string;
  readonly cert: string;
}

/** The daemon's sign-ins: those of 5,000 watchers take hundreds of sign-ups, so they are prepared once. */
export async function daemonSpeech(daemon: Daemon, watchers: number): Promise<Speech> {
  const [publisher, ...others] = await daemon.entrances(watchers + EACH, EACH);
  return {
    post: request(7, 'forum.post', { text: TEXT }),
    entrances: {
      watchers: [...new Set(others.slice(EACH - 1))],
      watch: request(3, 'watch', { forum: true }),
      publisher: publisher!,
    },
    ready: { watcher: '"id":3,', publisher: '"id":2,' },
    large: request(9, 'forum.read', { limit: 20 }),
  };
}

export function ofDaemon(daemon: Daemon, speech: Speech): Broadcaster {
  return {
    name: 'goldctl',
    port: daemon.ready.port,
    speech,
    child: daemon.child,
    stop: async () => {},
  };
}

/** A line as long as the daemon's event of the same post. */
export async function eventLine(daemon: Daemon): Promise<string> {
  const [entrance] = await daemon.entrances(1);
  const wire = await Wire.to(daemon.ready.port);
  for (const line of entrance!.trimEnd().split('\n')) {
    const { method, params } = JSON.parse(line) as { method: string; params: object };
    await wire.call(method, params);
  }
  const { post } = await wire.call<{ post: { seq: number } }>('forum.post', { text: TEXT });
  wire.end();
  return `${JSON.stringify({ jsonrpc: '2.0', method: 'post', params: { seq: post.seq, post } })}\n`;
}

/** Plain Node: the events of a turn in one write to each watcher. */
export async function startBare(line: string, doors: Doors): Promise<Broadcaster> {
  const child = new Child('broadcaster', doors);
  const { port } = await child.next<{ port: number }>();
  return {
    name: 'bare Node',
    port,
    speech: {
      post: line,
      entrances: { watchers: ['watch\n'], publisher: 'watch\n' },
      ready: { watcher: 'watching', publisher: 'watching' },
    },
    child,
    stop: () => child.stop(),
  };
}

/** undefined if it is not installed. */
export function startNats(line: string, doors: Doors): Promise<Broadcaster | undefined> {
  const connectLine = 'CONNECT {"verbose":false,"pedantic":false}\r\n';
  return startProgram('nats-server', {
    speech: {
      post: `PUB room ${line.length}\r\n${line}\r\n`,
      entrances: { watchers: [`${connectLine}SUB room 1\r\nPING\r\n`], publisher: `${connectLine}PING\r\n` },
      ready: { watcher: 'PONG', publisher: 'PONG' },
      greeting: true,
    },
    doors,
    config: ({ port, folder }) =>
      [
        `listen: 127.0.0.1:${port}`,
        'ping_interval: "1h"',
        'write_deadline: "60s"',
        ...(doors.tls
          ? [`tls { cert_file: "${join(folder, 'cert.pem')}", key_file: "${join(folder, 'key.pem')}", timeout: 30 }`]
          : []),
      ].join('\n'),
    options: (file) => ['-c', file],
  });
}

/** undefined if it is not installed. */
export function startRedis(line: string, doors: Doors): Promise<Broadcaster | undefined> {
  return startProgram('redis-server', {
    speech: {
      post: `*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n$${line.length}\r\n${line}\r\n`,
      entrances: { watchers: ['SUBSCRIBE room\r\n'], publisher: 'PING\r\n' },
      ready: { watcher: ':1\r\n', publisher: 'PONG' },
    },
    doors,
    config: ({ port, folder }) =>
      [
        'bind 127.0.0.1',
        `dir ${folder}`,
        'save ""',
        'maxclients 12000',
        'client-output-buffer-limit pubsub 0 0 0',
        ...(doors.tls
          ? [
              'port 0',
              `tls-port ${port}`,
              `tls-cert-file ${join(folder, 'cert.pem')}`,
              `tls-key-file ${join(folder, 'key.pem')}`,
              'tls-auth-clients no',
            ]
          : [`port ${port}`]),
      ].join('\n'),
    options: (file) => [file],
  });
}

async function startProgram(
  name: string,
  program: {
    speech: Speech;
    doors: Doors;
    config: (at: { port: number; folder: string }) => string;
    options: (file: string) => string[];
  },
): Promise<Broadcaster | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
  await writeFile(join(folder, 'key.pem'), program.doors.key, { mode: 0o600 });
  await writeFile(join(folder, 'cert.pem'), program.doors.cert);
  const port = await freePort();
  const file = join(folder, 'config');
  await writeFile(file, program.config({ port, folder }));
  const child = spawn(name, program.options(file), { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve()); // not installed
    child.once('exit', () => resolve());
  });
  const stop = async () => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  if (!(await answers(child, port))) {
    await stop();
    return undefined;
  }
  return { name, port, speech: program.speech, stop };
}

async function answers(child: ChildProcess, port: number): Promise<boolean> {
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(20)) {
    if (child.pid === undefined || child.exitCode !== null) return false;
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (open) return true;
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
