import {
  atLeast,
  atMost,
  type Effort,
  type Figure,
  mebibytes,
  median,
  megabytesPerSecond,
  type Row,
} from '../figure.ts';
import { carryByChannel } from './channel.ts';
import { inFolder, makeFile } from './files.ts';
import { perGiB } from './hashing.ts';
import { carryFile, inRoom } from './members.ts';
import { type Carried, carry } from './pipe.ts';

const MEMORY = 150_000_000;
/** Of TLS over bare UDX in the same run. */
const SHARE = 0.8;
/** Rules are stated in bytes. */
const ANY = 2 ** 40;

type Way = 'TCP' | 'TLS over TCP' | 'bare UDX' | 'TLS over UDX' | 'channel' | 'send' | 'fetch';

export const loopback: Figure = {
  name: 'loopback',
  summary:
    'Memory to memory and file to file on loopback, compared with bare streams. A gibibyte, or 128 MiB in a short run.',
  measure: (effort) =>
    inFolder(async (folder) => {
      const path = await makeFile(folder, 'content', effort.bytes);
      return inRoom({}, async (room) => {
        const [sender, receiver] = [await room.join('sender'), await room.join('receiver')];
        await receiver.allow(sender.name, ANY);
        const { bytes } = effort;
        const ways: Record<Way, () => Promise<Carried>> = {
          TCP: () => carry('tcp', { bytes }),
          'TLS over TCP': () => carry('tls', { bytes }),
          'bare UDX': () => carry('udx', { bytes }),
          'TLS over UDX': () => carry('udx-tls', { bytes }),
          channel: () => carryByChannel(bytes),
          send: () => carryFile({ sender, receiver, path, bytes }),
          fetch: () => carryFile({ sender, receiver, path, bytes }, 'fetch'),
        };
        return report(await inTurns(ways, effort.runs), effort);
      });
    }),
};

/** Alternating, so that other load of the machine affects all equally. */
async function inTurns(ways: Record<Way, () => Promise<Carried>>, runs: number): Promise<Map<Way, Carried[]>> {
  const measured = new Map<Way, Carried[]>();
  for (let run = 0; run < runs; run++) {
    for (const [way, measure] of Object.entries(ways) as [Way, () => Promise<Carried>][]) {
      measured.set(way, [...(measured.get(way) ?? []), await measure()]);
    }
  }
  return measured;
}

function report(measured: Map<Way, Carried[]>, { bytes }: Effort): Row[] {
  const speed = (way: Way) => median(measured.get(way)!.map(({ bytesPerSecond }) => bytesPerSecond));
  const cpu = (way: Way) =>
    (['sender', 'receiver'] as const)
      .map((side) => perGiB(median(measured.get(way)!.map((one) => one[side].cpuMs)), bytes))
      .join(' + ');
  const peak = (way: Way, side: 'sender' | 'receiver') => Math.max(...measured.get(way)!.map((one) => one[side].peak));
  const rows: Row[] = [];
  for (const way of ['TCP', 'TLS over TCP', 'bare UDX'] as const) {
    rows.push({ what: `${way}, memory to memory`, value: '', baseline: megabytesPerSecond(speed(way)) });
    rows.push({ what: '  CPU time per GiB, both sides', value: '', baseline: cpu(way) });
  }
  for (const way of ['channel', 'send', 'fetch'] as const) {
    const ratio = median(
      measured
        .get(way)!
        .map(({ bytesPerSecond }, run) => bytesPerSecond / measured.get('TLS over UDX')![run]!.bytesPerSecond),
    );
    rows.push(
      {
        what: way === 'channel' ? 'channel, memory to memory' : `${way}, file to file`,
        value: megabytesPerSecond(speed(way)),
        baseline: `${megabytesPerSecond(speed('TLS over UDX'))} (TLS over UDX)`,
        ratio,
        ...(way === 'channel' ? {} : { bar: atLeast(ratio, SHARE, '≥ 0.80') }),
      },
      { what: '  CPU time per GiB, both sides', value: cpu(way), baseline: cpu('TLS over UDX') },
    );
  }
  // Of the processes that did all the sending and fetching.
  for (const side of ['sender', 'receiver'] as const) {
    const most = Math.max(peak('send', side), peak('fetch', side));
    rows.push({
      what: `peak memory, ${side}`,
      value: mebibytes(most),
      baseline: mebibytes(peak('TLS over UDX', side)),
      bar: atMost(most, MEMORY, '< 150 MB'),
    });
  }
  return rows;
}
