import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BLOCK_BYTES } from '../../src/peer/hash-tree.ts';
import { diskEnv, monotonicMs, readTrace } from '../../test/network/disk.ts';
import type { Shape } from '../../test/network/forwarder.ts';
import { type Machine, Network, noNetwork } from '../../test/network/network.ts';
import { atLeast, type Effort, type Figure, median, megabytesPerSecond, type Row } from '../figure.ts';
import { inFolder, makeFile } from './files.ts';
import { carryFile, inRoom } from './members.ts';
import { Pipe, type Site, type Transport } from './pipe.ts';

const RATE = 100e6 / 8;
const DELAY_MS = 25;
/** One round-trip time. */
const QUEUE = (RATE * 2 * DELAY_MS) / 1000;
/** About six seconds. */
const LEAST_BYTES = 64 * 1024 * 1024;
const LOSSES = [0.001, 0.01];
/** Congestion control needs time to find the link's rate: the measurement starts afterwards. */
const SETTLE_MS = 2000;
const ANY = 2 ** 40;
/** Both fill the link: a remaining difference is measurement noise. */
const TIE = 0.02;

export const link: Figure = {
  name: 'link',
  summary: '100 Mbit/s with a round trip of 50 ms and losses, through one shared forwarder, compared with TCP.',
  async measure(effort) {
    const missing = noNetwork();
    if (missing !== undefined) return [{ what: missing, value: 'not measured' }];
    const rows: Row[] = [];
    for (const loss of LOSSES) rows.push(...(await measureLoss(loss, effort)));
    return rows;
  },
};

/** Two machines connected by such a link. */
export async function onLink<T>(shape: Shape, use: (near: Machine, far: Machine) => Promise<T>): Promise<T> {
  const network = new Network();
  try {
    const [near, far] = [network.machine('near'), network.machine('far')];
    const a = { machine: near, address: '10.80.0.1/24', device: 'shaped' };
    const b = { machine: far, address: '10.80.0.2/24', device: 'shaped' };
    await network.link({ a, b, shape });
    return await use(near, far);
  } finally {
    await network.remove();
  }
}

function measureLoss(loss: number, { runs, seconds, bytes }: Effort): Promise<Row[]> {
  const shape = { bytesPerSecond: RATE, delayMs: DELAY_MS, loss, queueBytes: QUEUE };
  return onLink(shape, async (near, far) => {
    const bare = async (transport: Transport, congestion?: string) => {
      if (congestion) near.ip(`route replace 10.80.0.0/24 dev shaped congctl ${congestion}`);
      const pipe = await Pipe.open(transport, { from: site(near), to: site(far) });
      try {
        await sleep(SETTLE_MS);
        return await pipe.rateFor(seconds * 2000);
      } finally {
        await pipe.stop();
      }
    };
    const speeds = { cubic: [] as number[], bbr: [] as number[], udx: [] as number[], files: [] as number[] };
    const whole: number[] = [];
    await inFolder(async (folder) => {
      const size = Math.max(LEAST_BYTES, bytes / 8);
      const path = await makeFile(folder, 'content', size);
      await inRoom({ machine: near }, async (room) => {
        const sender = await room.join('sender', { machine: near });
        const trace = join(folder, 'trace');
        const receiver = await room.join('receiver', { machine: far, env: diskEnv({ trace }) });
        await receiver.allow(sender.name, ANY);
        for (let run = 0; run < runs; run++) {
          speeds.cubic.push(await bare('tcp', 'cubic'));
          speeds.bbr.push(await bare('tcp', 'bbr'));
          speeds.udx.push(await bare('udx-tls'));
          const begun = monotonicMs();
          whole.push((await carryFile({ sender, receiver, path, bytes: size })).bytesPerSecond);
          speeds.files.push(settledRate((await readTrace(trace)).times, begun + SETTLE_MS));
          await rm(trace);
        }
      });
    });
    const files = median(speeds.files);
    const against = (others: number[], text: string, least: number, told = text): Row => ({
      what: `send, ${loss * 100} % lost each way`,
      value: megabytesPerSecond(files),
      baseline: `${megabytesPerSecond(median(others))} (${told})`,
      ratio: files / median(others),
      ...(loss === 0.01 ? { bar: atLeast(files / median(others), least, text) } : {}),
    });
    return [
      {
        what: `send, ${loss * 100} % lost each way`,
        value: megabytesPerSecond(files),
        baseline: `${megabytesPerSecond(RATE)} (link)`,
        ratio: files / RATE,
        ...(loss === 0.01 ? { bar: atLeast(files / RATE, 0.8, '≥ 0.80 of the link') } : {}),
      },
      { what: '  from the command to the last byte synced', value: megabytesPerSecond(median(whole)) },
      against(speeds.cubic, '≥ 20 times cubic', 20, 'TCP cubic'),
      against(speeds.bbr, 'no slower than BBR, ± 2 %', 1 - TIE, 'TCP BBR'),
      {
        what: `TLS over UDX, ${loss * 100} % lost each way`,
        value: '',
        baseline: megabytesPerSecond(median(speeds.udx)),
      },
    ];
  });
}

/** Throughput of blocks, by the time of their writes, from that time on. */
function settledRate(times: readonly number[], from: number): number {
  const counted = times.filter((time) => time >= from);
  if (counted.length === 0) throw new Error('No block was seen on its way to the disk.');
  return (counted.length * BLOCK_BYTES) / ((counted.at(-1)! - from) / 1000);
}

function site({ address: host, command: on }: Machine): Site {
  return { host, on };
}
