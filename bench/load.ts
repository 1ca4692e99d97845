import { Child } from './child.ts';
import type { Usage } from './daemon.ts';
import type { Effort } from './figure.ts';

export interface Load {
  readonly port: number;
  readonly tls: boolean;
  readonly connections: number;
  /** Pending requests on each connection. */
  readonly depth: number;
  /** One line. */
  readonly request: string;
  /** What each connection sends first, one line per reply; reused in turn if there are fewer than connections. */
  readonly entrances?: readonly string[];
}

export interface Measured {
  readonly perSecond: number;
  readonly bytesAReply: number;
  /** CPU share of the load itself: near 1, the load was the limit. */
  readonly busy: number;
  /** CPU share of the server. */
  readonly serverBusy: number;
}

/** Loads a server for one run. */
export async function measureLoad(load: Load, server: Child, effort: Effort): Promise<Measured> {
  const child = new Child('load', { ...load, warmUpMs: effort.warmUp * 1000, measureMs: effort.seconds * 1000 });
  try {
    await child.next();
    const before = await server.ask<Usage>('usage');
    const begun = performance.now();
    const measured = await child.ask<Omit<Measured, 'serverBusy'>>('go');
    const after = await server.ask<Usage>('usage');
    return { ...measured, serverBusy: (after.cpuMs - before.cpuMs) / (performance.now() - begun) };
  } finally {
    await child.stop();
  }
}
