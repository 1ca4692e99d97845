import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child.ts';
import type { Usage } from '../daemon.ts';
import type { Carried, Ended } from './pipe.ts';

const HOST = '127.0.0.1';

interface Ready {
  readonly port: number;
  readonly key: string;
}

/** Sends bytes from memory to memory over a channel between two endpoints of goldctl. */
export async function carryByChannel(bytes: number): Promise<Carried> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
  const children = (['a', 'b'] as const).map(
    (side) => new Child('channel', { side, bytes, file: join(folder, `${side}.pem`) }),
  );
  const [sender, receiver] = children as [Child, Child];
  try {
    const [a, b] = (await Promise.all(children.map((child) => child.next<Ready>()))) as [Ready, Ready];
    const common = { id: randomBytes(16).toString('hex'), secret: randomBytes(32).toString('hex'), relay: false };
    const introduction = (side: 'a' | 'b', { port, key }: Ready) => ({
      ask: 'open',
      introduction: { ...common, side, member: 'bench', key, address: HOST, port, local: [{ address: HOST, port }] },
    });
    await Promise.all([sender.ask(introduction('a', b)), receiver.ask(introduction('b', a))]);
    const [, received] = await Promise.all([sender.ask<Ended>('run'), receiver.ask<Ended>('run')]);
    const sent = await sender.ask<Usage>('used');
    return { bytesPerSecond: received.bytes / received.seconds, sender: sent, receiver: received };
  } finally {
    for (const child of children) await child.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
