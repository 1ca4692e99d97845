import { rm } from 'node:fs/promises';
import { isFinished, type Transfer } from '../../src/domain/transfer.ts';
import { type Member, Room } from '../../test/network/room.ts';
import { usageOf } from '../process.ts';
import type { Carried } from './pipe.ts';

/** A room during `use`. */
export async function inRoom<T>(options: Parameters<typeof Room.open>[0], use: (room: Room) => Promise<T>): Promise<T> {
  const room = await Room.open(options);
  try {
    return await use(room);
  } finally {
    await room.close();
  }
}

/** CPU time and memory of the process that transfers a member's files. */
export async function usageOfPeer(member: Member): Promise<Awaited<ReturnType<typeof usageOf>>> {
  const pid = await member.peerPid();
  if (pid === null) throw new Error(`${member.name} has no process that carries files.`);
  return usageOf(pid);
}

/** @throws Error if it ended in another state */
export function mustBeDone(transfer: Transfer): Transfer {
  if (transfer.state === 'done') return transfer;
  throw new Error(`The transfer of ${transfer.name} is ${transfer.state}: ${transfer.reason}`);
}

/** From file to file, from the command until all is verified and synced; the received file is removed again. */
export async function carryFile(
  { sender, receiver, path, bytes }: { sender: Member; receiver: Member; path: string; bytes: number },
  how: 'send' | 'fetch' = 'send',
): Promise<Carried> {
  const listing = how === 'fetch' ? await sender.publish(path) : undefined; // hashed before
  const before = await Promise.all([sender, receiver].map(usageOfPeer));
  const earlier = new Set(receiver.transfers.map(({ id }) => id));
  const begun = performance.now();
  if (listing) mustBeDone(await receiver.finished(await receiver.fetch(listing.name)));
  else mustBeDone(await sender.finished(await sender.send(receiver.name, path)));
  const seconds = (performance.now() - begun) / 1000;
  const arrived = await receiver.sees((one) => one.direction === 'in' && !earlier.has(one.id) && isFinished(one));
  const after = await Promise.all([sender, receiver].map(usageOfPeer));
  await rm(mustBeDone(arrived).savedAs!);
  const [sent, received] = after.map((usage, i) => ({ ...usage, cpuMs: usage.cpuMs - before[i]!.cpuMs }));
  return { bytesPerSecond: bytes / seconds, sender: sent!, receiver: received! };
}
