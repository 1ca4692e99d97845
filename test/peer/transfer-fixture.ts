import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectSecure, TLSSocket } from 'node:tls';
import { AppError } from '../../src/domain/app-error.ts';
import { createFileSource } from '../../src/peer/file-source.ts';
import { FrameDecoder } from '../../src/peer/frame.ts';
import { hashFile } from '../../src/peer/hash-tree.ts';
import { loadIdentity } from '../../src/peer/identity.ts';
import type { PeerChannel } from '../../src/peer/peer-channel.ts';
import type { FileSpec } from '../../src/peer/peer-message.ts';
import type { FileSourceProvider } from '../../src/peer/upload.ts';

/** A channel for transfers over a TCP connection on loopback. */
export interface TestChannel extends PeerChannel {
  readonly duplex: Duplex;
  /** Cuts it like a cable. */
  cut(): void;
}

/** The two ends of one channel. */
export async function channelPair(
  names: readonly [string, string] = ['ann', 'ben'],
): Promise<[TestChannel, TestChannel]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const made = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => made.once('connect', resolve));
  const other = await accepted;
  server.close();
  return [channelOf(made, names[1]), channelOf(other, names[0])];
}

/** The same over TLS 1.3, with a fresh key. */
export async function secureChannelPair(): Promise<[TestChannel, TestChannel]> {
  const folder = await temporary();
  const { key, cert } = await loadIdentity(join(folder, 'peer.pem'));
  const [made, other] = await channelPair();
  const server = new TLSSocket(other.duplex as Socket, { isServer: true, key, cert, minVersion: 'TLSv1.3' });
  const client = connectSecure({ socket: made.duplex, rejectUnauthorized: false });
  await new Promise((resolve) => client.once('secureConnect', resolve));
  return [channelOf(client, 'ben'), channelOf(server, 'ann')];
}

export function channelOf(socket: Socket, member: string): TestChannel {
  socket.setNoDelay(true);
  socket.on('error', () => undefined); // the channel reports it
  return {
    duplex: socket,
    path: 'lan',
    member,
    key: 'ab'.repeat(32),
    close() {
      socket.end();
      socket.resume();
      setTimeout(() => socket.destroy(), 2000).unref();
    },
    cut() {
      socket.destroy();
    },
  };
}

export interface Counted {
  /** Block frames that arrived, as `file/block`, with repetitions. */
  readonly blocks: string[];
}

/** Counts the blocks that arrive on a channel. */
export function count(channel: PeerChannel, into: Counted = { blocks: [] }): Counted {
  const reader = new FrameDecoder();
  channel.duplex.on('data', (chunk: Buffer) => {
    reader.push(chunk, (frame) => {
      if (frame.type === 'block') into.blocks.push(`${frame.file}/${frame.block}`);
    });
  });
  return into;
}

/** A folder that is removed after the test. */
export async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-peer-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

/** The folder with the state of transfers into a temporary folder. */
export function statesOf(into: string): string {
  return `${into}-states`;
}

export async function removeTemporary(): Promise<void> {
  for (const folder of folders.splice(0)) {
    for (const each of [folder, statesOf(folder)]) await rm(each, { recursive: true, force: true });
  }
}

export async function fileOf(folder: string, name: string, size: number): Promise<{ file: string; content: Buffer }> {
  const content = randomBytes(size);
  const file = join(folder, name);
  await writeFile(file, content);
  return { file, content };
}

/** A library with one file, under any name. */
export async function libraryOf(file: string): Promise<{ library: FileSourceProvider; spec: FileSpec }> {
  const { root, leaves, size, modified } = await hashFile(file);
  const library: FileSourceProvider = {
    async open({ hash }) {
      if (hash !== root) throw new AppError('NO_SUCH_FILE', 'There is no such file here.');
      return createFileSource(file, { root, leaves });
    },
  };
  return { library, spec: { path: 'file.bin', size, modified, root } };
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
