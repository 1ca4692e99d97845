import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadOrCreateCertificate } from '../../src/daemon/certificate.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { Child } from '../child.ts';
import type { Usage } from '../daemon.ts';

export type Transport = 'tcp' | 'tls' | 'udx' | 'udx-tls';

/** The machine of one side of a pipe. */
export interface Site {
  readonly host: string;
  /** Prefix that starts a process there, such as `ip netns exec NAME`. */
  readonly on?: readonly string[];
}

export const LOOPBACK: Site = { host: '127.0.0.1' };

/** Result of a side. */
export interface Ended extends Usage {
  readonly bytes: number;
  readonly seconds: number;
}

export interface Carried {
  readonly bytesPerSecond: number;
  readonly sender: Usage;
  readonly receiver: Usage;
}

let certificate: Promise<{ key: string; cert: string }> | undefined;

/** One for the whole run. */
function keyAndCert(): Promise<{ key: string; cert: string }> {
  certificate ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
    try {
      const home = await resolveHome({ GOLDCTL_HOME: folder });
      await home.ensureFolders();
      const { key, cert } = await loadOrCreateCertificate(home);
      return { key, cert };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  })();
  return certificate;
}

/** A bare stream between two processes. */
export class Pipe {
  readonly sender: Child;
  readonly receiver: Child;

  private constructor(sender: Child, receiver: Child) {
    this.sender = sender;
    this.receiver = receiver;
  }

  /**
   * @param bytes without it the sender never ends
   * @param takeAtMost bytes per second that the receiver reads
   */
  static async open(
    transport: Transport,
    {
      from = LOOPBACK,
      to = LOOPBACK,
      ...options
    }: { from?: Site; to?: Site; bytes?: number; takeAtMost?: number } = {},
  ): Promise<Pipe> {
    const both = { transport, ...options, ...(await keyAndCert()) };
    const receiver = new Child('pipe', { ...both, side: 'receive', host: to.host }, { on: to.on ?? [] });
    const { port } = await receiver.next<{ port: number }>();
    const sender = new Child('pipe', { ...both, side: 'send', host: from.host }, { on: from.on ?? [] });
    const { port: back } = await sender.next<{ port: number }>();
    await receiver.ask(opening({ host: from.host, port: back }));
    await sender.ask(opening({ host: to.host, port }));
    return new Pipe(sender, receiver);
  }

  /** All its bytes, from the first to the last. */
  async finished(): Promise<Carried> {
    const receiver = await this.receiver.ask<Ended>('finished');
    const sender = await this.sender.ask<Usage>('used');
    return { bytesPerSecond: receiver.bytes / receiver.seconds, sender, receiver };
  }

  /** Bytes per second that arrive in that period. */
  async rateFor(ms: number): Promise<number> {
    interface Counted {
      readonly bytes: number;
      readonly at: number;
    }
    const before = await this.receiver.ask<Counted>('count');
    await sleep(ms);
    const after = await this.receiver.ask<Counted>('count');
    return ((after.bytes - before.bytes) / (after.at - before.at)) * 1000;
  }

  async stop(): Promise<void> {
    await this.sender.stop();
    await this.receiver.stop();
  }
}

function opening(to: { host: string; port: number }) {
  return { ask: 'open', to };
}

/** Everything through its own pipe. */
export async function carry(transport: Transport, options: Parameters<typeof Pipe.open>[1]): Promise<Carried> {
  const pipe = await Pipe.open(transport, options);
  try {
    return await pipe.finished();
  } finally {
    await pipe.stop();
  }
}
