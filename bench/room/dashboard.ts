import { setTimeout as sleep } from 'node:timers/promises';
import { Robot } from '../../test/terminal/robot.ts';
import { Child } from '../child.ts';
import { Daemon } from '../daemon.ts';
import { atMost, type Effort, type Figure, FULL, mebibytes, median, ms, quantile, type Row } from '../figure.ts';
import { usageOf } from '../process.ts';
import { Frames } from './frames.ts';

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
] as const;
type Size = (typeof SIZES)[number];

const PER_SECOND = 1000;
/** Events before the first measured one: compilation and lists that fill up to their limits are not growth. */
const WARM_UP = 10_000;
const EVENTS = 100_000;
const SHORT_EVENTS = 10_000;
/** Typing, not synchronised with frames. */
const KEY_PAUSES_MS = [83, 131, 107, 157, 89, 139, 119];
const TYPED = 'goldctlbench';
const MEGABYTE = 1_000_000;
/** A program that only echoes typed text and clears it on Ctrl-U. */
const ECHO = `
process.stdin.setRawMode(true).on('data', (data) => process.stdout.write(data[0] === 21 ? '\\r\\x1b[K> ' : data));
process.stdout.write('> ');
`;

export const dashboard: Figure = {
  name: 'dashboard',
  summary:
    'goldctl attach in a pseudo-terminal: its start, and CPU use, frames, keys and memory at 1,000 events per second.',
  async measure(effort) {
    const daemon = await Daemon.start();
    try {
      const market = await Market.open(daemon);
      try {
        await market.start();
        await market.reach(PER_SECOND / 2);
        await market.stop();
        const rows: Row[] = [];
        for (const size of SIZES) rows.push(await measureStart(daemon, market, size, effort));
        for (const size of SIZES) rows.push(...(await measureBusy(daemon, market, size, effort)));
        return rows;
      } finally {
        await market.close();
      }
    } finally {
      await daemon.stop();
    }
  },
};

/** Quotes and posts, a thousand per second. */
class Market {
  static async open(daemon: Daemon): Promise<Market> {
    const [entrance] = await daemon.entrances(1);
    const { control, port } = daemon.ready;
    const child = new Child('market', { control, port, entrance, perSecond: PER_SECOND });
    await child.next();
    return new Market(child);
  }

  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  start(): Promise<number> {
    return this.#child.ask<number>('start');
  }

  async stop(): Promise<void> {
    await this.#child.ask<number>('pause');
    for (let before = -1, now = await this.events(); now !== before; ) {
      await sleep(100);
      [before, now] = [now, await this.events()];
    }
  }

  /** Number of events so far. */
  events(): Promise<number> {
    return this.#child.ask<number>('events');
  }

  /** The end of the newest post; every second event is a post. */
  async newest(): Promise<string> {
    return `${Math.floor((await this.events()) / 2) - 1}`;
  }

  async reach(events: number): Promise<void> {
    while ((await this.events()) < events) await sleep(10);
  }

  close(): Promise<void> {
    return this.#child.stop();
  }
}

function attach(daemon: Daemon, size: Size, onData?: (data: string) => void): Robot {
  return new Robot({ env: { GOLDCTL_HOME: daemon.home }, ...size, ...(onData ? { onData } : {}) });
}

/** Waits until every pane has content: rates, a chart, the newest post, members. */
async function measureStart(daemon: Daemon, market: Market, size: Size, effort: Effort): Promise<Row> {
  const newest = await market.newest();
  const isFull = (text: string) =>
    ['BTC', 'ETH', '┤', 'Members  1', `${newest} `].every((part) => `${text} `.includes(part));
  const times: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run <= effort.runs; run++) {
    const [echo, own] = [
      await timeTo(
        () => echoing(size),
        (text) => text.includes('>'),
      ),
      await timeTo(() => attach(daemon, size), isFull),
    ];
    if (run === 0) continue; // the first run reads from disk
    times.push(own);
    bare.push(echo);
  }
  const value = median(times);
  return {
    what: `${said(size)}: attach to first full frame`,
    value: `${ms(value)} (${ms(Math.min(...times))} to ${ms(Math.max(...times))})`,
    baseline: `bare Node ${ms(median(bare))}`,
    bar: atMost(value, 600, '< 600 ms'),
  };
}

async function timeTo(begin: () => Robot, isThere: (text: string) => boolean): Promise<number> {
  const begun = performance.now();
  const robot = begin();
  try {
    await robot.until(isThere, 'to see all of it');
    return performance.now() - begun;
  } finally {
    await robot.stop();
  }
}

function echoing(size: Size): Robot {
  return new Robot({ file: process.execPath, args: ['-e', ECHO], env: {}, ...size });
}

async function measureBusy(daemon: Daemon, market: Market, size: Size, effort: Effort): Promise<Row[]> {
  const wanted = effort.seconds < FULL.seconds ? SHORT_EVENTS : EVENTS;
  const frames = new Frames();
  const robot = attach(daemon, size, (data) => frames.take(data));
  const echo = echoing(size);
  try {
    await robot.see('BTC');
    await echo.see('>');
    const begin = await market.events();
    await market.start();
    await market.reach(begin + WARM_UP);

    const first = await market.events();
    const before = await usageOf(robot.pid);
    const begun = performance.now();
    const keys: number[] = [];
    const echoes: number[] = [];
    for (let turn = 0; (await market.events()) < first + wanted; turn++) {
      keys.push(...(await typeIn(robot)));
      if (turn % 4 === 0) echoes.push(...(await typeIn(echo)));
    }
    const seconds = (performance.now() - begun) / 1000;
    const after = await usageOf(robot.pid);
    const events = (await market.events()) - first;
    const busiest = frames.most(begun);
    const mean = frames.since(begun) / seconds;
    await market.stop();
    await robot.see(await market.newest());

    const rate = Math.round(events / seconds).toLocaleString('en-US');
    const busy = (after.cpuMs - before.cpuMs) / 1000 / seconds;
    const growth = after.rss - before.rss;
    const [slow, slowEcho] = [quantile(keys, 0.99), quantile(echoes, 0.99)];
    return [
      {
        what: `${said(size)}, ${rate} events/s: CPU use`,
        value: `${(busy * 100).toFixed(1)} % of a core`,
        bar: atMost(busy, 0.5, '< 50 %'),
      },
      {
        what: 'frames while typing',
        value: `${mean.toFixed(1)}/s, ${busiest} in the busiest second`,
        bar: atMost(busiest, 20, '≤ 20 per second'),
      },
      {
        what: `key to screen, p99 of ${keys.length}`,
        value: `${ms(slow)} (p50 ${ms(median(keys))}, at most ${ms(Math.max(...keys))})`,
        baseline: `bare echo ${ms(slowEcho)} (p50 ${ms(median(echoes))})`,
        bar: atMost(slow, 50, '< 50 ms'),
      },
      {
        what: `memory growth over ${events.toLocaleString('en-US')} events`,
        value: `${mebibytes(growth)} (to ${mebibytes(after.rss)})`,
        bar: atMost(growth, 10 * MEGABYTE, '< 10 MB'),
      },
    ];
  } finally {
    await robot.stop();
    await echo.stop();
  }
}

/** Types a word letter by letter and deletes it. Milliseconds until each letter appeared on the screen. */
async function typeIn(robot: Robot): Promise<number[]> {
  const times: number[] = [];
  let typed = '> ';
  const first = typed + TYPED[0];
  for (const [place, letter] of [...TYPED].entries()) {
    await sleep(KEY_PAUSES_MS[place % KEY_PAUSES_MS.length]);
    typed += letter;
    const begun = performance.now();
    robot.type(letter);
    await robot.until((text) => text.includes(typed), `to see ${typed}`);
    times.push(performance.now() - begun);
  }
  robot.press('ctrl-u');
  await robot.miss(first);
  return times;
}

const said = ({ columns, rows }: Size): string => `${columns}x${rows}`;
