import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../child.ts';
import type { Daemon, Usage } from '../daemon.ts';
import type { Effort } from '../figure.ts';
import {
  type Broadcaster,
  type Doors,
  eventLine,
  MARK,
  ofDaemon,
  type Speech,
  startBare,
  startNats,
  startRedis,
} from './broadcasters.ts';

export interface Fan {
  /** Deliveries per second: one post read by one watcher. */
  readonly perSecond: number;
  readonly postsPerSecond: number;
  /** Milliseconds from the sending of a post to its reading by a watcher. */
  readonly p50: number;
  readonly p99: number;
  /** CPU share of the load. */
  readonly busy: number;
  /** CPU share of the server, if it can be queried. */
  readonly serverBusy: number | undefined;
}

/** `fill`: in addition, the queues of stopped watchers are filled, if a call can do that. */
export type Stopping = 'freeze' | 'fill';

/** With this number of pending posts. */
export type Run = 'run 1' | 'run 16';

export interface Audience {
  readonly watchers: number;
  readonly tls: boolean;
  readonly frozenShare?: number;
}

interface Contestant {
  readonly broadcaster: Broadcaster;
  readonly load: Child;
}

const QUIET_MS = 200;

/** Servers with equal numbers of watchers, measured in turn so that other load of the machine affects all equally. */
export class Contest {
  readonly #contestants: Contestant[] = [];

  static async open(
    daemon: Daemon,
    speech: Speech,
    audience: Audience,
    effort: Effort,
    others: readonly (typeof startBare | typeof startNats)[] = [startBare, startNats, startRedis],
  ): Promise<Contest> {
    const { tls } = audience;
    const doors: Doors = { tls, key: daemon.ready.key, cert: daemon.ready.cert };
    const contest = new Contest();
    try {
      await contest.#add(ofDaemon(daemon, speech), audience, effort);
      const line = await eventLine(daemon);
      for (const start of others) {
        const broadcaster = await start(line, doors);
        if (broadcaster) await contest.#add(broadcaster, audience, effort);
      }
      return contest;
    } catch (failure) {
      await contest.close();
      throw failure;
    }
  }

  get names(): string[] {
    return this.#contestants.map(({ broadcaster }) => broadcaster.name);
  }

  /** One run of each. */
  async round(run: Run): Promise<Map<string, Fan>> {
    const fans = new Map<string, Fan>();
    for (const { broadcaster, load } of this.#contestants) {
      const { child } = broadcaster;
      const before = await child?.ask<Usage>('usage');
      const begun = performance.now();
      const fan = await load.ask<Fan>(run);
      const after = await child?.ask<Usage>('usage');
      const serverBusy = before && after && (after.cpuMs - before.cpuMs) / (performance.now() - begun);
      fans.set(broadcaster.name, { ...fan, serverBusy });
    }
    return fans;
  }

  /** Memory of each server in bytes, if it can be queried. */
  async memory(): Promise<Map<string, number>> {
    const bytes = new Map<string, number>();
    for (const { broadcaster } of this.#contestants) {
      const usage = await broadcaster.child?.ask<Usage>('usage');
      if (usage) bytes.set(broadcaster.name, usage.rss);
    }
    return bytes;
  }

  /** A share of the watchers stops reading. */
  async stopReading(how: Stopping): Promise<void> {
    for (const { broadcaster, load } of this.#contestants) {
      await load.ask(how === 'fill' && broadcaster.speech.large === undefined ? 'freeze' : how);
      await calm(broadcaster);
    }
  }

  /** They read all queued data, and continue. */
  async readAgain(): Promise<void> {
    for (const { broadcaster, load } of this.#contestants) {
      await load.ask('thaw');
      await calm(broadcaster);
    }
  }

  async close(): Promise<void> {
    for (const { broadcaster, load } of this.#contestants) {
      await load.stop();
      await broadcaster.stop();
    }
  }

  async #add(broadcaster: Broadcaster, { watchers, tls, frozenShare = 0 }: Audience, effort: Effort): Promise<void> {
    const { port, speech } = broadcaster;
    const load = new Child('watchers', {
      ...speech,
      port,
      tls,
      connections: watchers,
      mark: MARK,
      frozenShare,
      warmUpMs: effort.warmUp * 1000,
      measureMs: effort.seconds * 1000,
    });
    this.#contestants.push({ broadcaster, load });
    await load.next();
  }
}

/** A server needs time until queues are full, or empty. */
async function calm({ child }: Broadcaster): Promise<void> {
  for (let busy = child !== undefined; busy; ) {
    const before = await child!.ask<Usage>('usage');
    await sleep(QUIET_MS);
    const after = await child!.ask<Usage>('usage');
    busy = after.cpuMs - before.cpuMs > QUIET_MS / 5;
  }
}
