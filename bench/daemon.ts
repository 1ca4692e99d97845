import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAEMON_NODE_OPTIONS } from '../src/daemon/lifecycle.ts';
import { Child } from './child.ts';
import { request, Wire } from './wire.ts';

/** Bytes, and milliseconds of CPU time. */
export interface Usage {
  readonly rss: number;
  /** The peak. */
  readonly peak: number;
  readonly cpuMs: number;
}

interface Ready {
  readonly port: number;
  readonly control: string;
  readonly key: string;
  readonly cert: string;
  readonly openMs: number;
}

/** A session may have 16 connections. */
const CONNECTIONS_A_MEMBER = 10;

/** A daemon in its own process and home. */
export class Daemon {
  readonly child: Child;
  readonly ready: Ready;
  readonly home: string;
  readonly #own: boolean;

  private constructor(child: Child, ready: Ready, home: string, own: boolean) {
    this.child = child;
    this.ready = ready;
    this.home = home;
    this.#own = own;
  }

  /**
   * @param home an existing one; default: a new one, removed with the daemon
   * @param stallMs after which it disconnects clients that read nothing
   * @param engine `nats://…`: it serves a room in a cluster
   */
  static async start({
    home,
    stallMs,
    engine,
    node = [],
  }: {
    home?: string;
    stallMs?: number;
    engine?: string;
    node?: readonly string[];
  } = {}): Promise<Daemon> {
    const folder = home ?? (await mkdtemp(join(tmpdir(), 'goldctl-bench-')));
    const child = new Child('daemon', { home: folder, stallMs, engine }, { node: [...DAEMON_NODE_OPTIONS, ...node] });
    return new Daemon(child, await child.next<Ready>(), folder, home === undefined);
  }

  usage(): Promise<Usage> {
    return this.child.ask<Usage>('usage');
  }

  /** Seq of its last durable record. */
  seq(): Promise<number> {
    return this.child.ask<number>('seq');
  }

  /** A price of Bitcoin, like from an exchange. */
  async haveBitcoin(): Promise<void> {
    const wire = await Wire.to(this.ready.control);
    await wire.call('rates.import', {
      instrument: 'BTC',
      provider: 'binance',
      company: 'Binance',
      rows: [[Date.now() - 1000, 64_250.1, 64_250.2]],
    });
    wire.end();
  }

  /** Signs members up and returns, for each of `connections`, the lines that sign it in. */
  async entrances(connections: number, each = CONNECTIONS_A_MEMBER): Promise<string[]> {
    const hello = request(1, 'hello', { protocol: 1, client: 'bench' });
    const lines: string[] = [];
    for (let member = 0; lines.length < connections; member++) {
      const wire = await Wire.to(this.ready.port);
      const name = `bench-${Date.now().toString(36)}-${member}`;
      const { token } = await wire.call<{ token: string }>('account.signUp', { name, password: 'correct horse' });
      wire.end();
      const entrance = hello + request(2, 'account.resume', { token });
      for (let i = 0; i < each && lines.length < connections; i++) lines.push(entrance);
    }
    return lines;
  }

  async stop(): Promise<void> {
    await this.child.stop();
    if (this.#own) await rm(this.home, { recursive: true, force: true });
  }
}
