// `npm run screenshot`: pictures of the dashboard in docs/, by way of a real terminal.
import { writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../src/demo/seeded-random.ts';
import { PROGRAM, ROOT } from '../root.ts';
import { Robot } from './robot.ts';
import { Room } from './room.ts';
import { svgOf } from './svg.ts';

/** The README shows the first one. */
const DEMO_PICTURES = [
  { file: 'dashboard.svg', columns: 120, rows: 35 },
  { file: 'dashboard-80x24.svg', columns: 80, rows: 24 },
  { file: 'dashboard-200x50.svg', columns: 200, rows: 50 },
];
/** The background of a price that has just changed. */
const FLASH_COLOUR = 220;
/** In a picture, a flash stays: few rows may have one. */
const MAX_FLASHING_ROWS = 2;
/** The same prices and the same posts each time; clock times are those of the day. */
const SEED = 1;
const FIVE_YEARS_DAYS = 5 * 365;
const DAY_MS = 86_400_000;

for (const { file, columns, rows } of DEMO_PICTURES) {
  const args = [PROGRAM, 'demo', '--seed', String(SEED), '--theme', 'dark'];
  const demo = new Robot({ file: process.execPath, args, env: {}, columns, rows });
  try {
    await demo.see('@you welcome', 60_000);
    demo.say('CHART SJC 1y');
    await demo.see('─ SJC ');
    demo.say('MSG @bot-an SJC?');
    await demo.see('@you SJC', 30_000);
    await demo.miss(' posted at ', 30_000);
    await demo.until(() => flashingRows(demo) <= MAX_FLASHING_ROWS, 'a moment in which few prices move', 60_000);
    await savePicture(demo, file, 'The dashboard of goldctl demo: rates, chart, forum and members, all SIMULATED');
    demo.press('ctrl-c');
    await demo.exited;
  } finally {
    await demo.stop();
  }
}

const room = await Room.open();
try {
  await importFiveYears(room);
  const robot = room.robot({ args: ['attach', '--theme', 'dark'], columns: 120, rows: 35 });
  await robot.see('─ Rates');
  robot.say('CHART SJC 5y');
  await robot.see('5y');
  await robot.until((text) => /[⣀-⣿]/.test(text), 'the chart', 30_000);
  await savePicture(robot, 'dashboard-five-years.svg', 'The dashboard with five years of imported prices');
} finally {
  await room.stop();
}

async function savePicture(robot: Robot, file: string, title: string): Promise<void> {
  const svg = svgOf(robot.terminal, title);
  // The picture is published.
  for (const own of [homedir(), tmpdir(), hostname(), ROOT, userInfo().username]) {
    if (own.length > 2 && own !== 'root' && svg.includes(own)) throw new Error(`The picture would show "${own}".`);
  }
  await writeFile(join(ROOT, 'docs', file), svg);
  const { cols, rows } = robot.terminal;
  process.stdout.write(`docs/${file}: ${cols}x${rows}, ${Math.round(svg.length / 1024)} KiB\n`);
}

/** A random walk with a trend, so that the picture contains no real prices. */
async function importFiveYears(room: Room): Promise<void> {
  const random = new SeededRandom(SEED);
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const client = await room.client();
  let sell = 68_000_000;
  const rows: [number, number, number][] = [];
  for (let day = FIVE_YEARS_DAYS; day >= 1; day--) {
    sell *= 1 + 0.0004 + 0.006 * random.normal();
    const rounded = Math.round(sell / 100_000) * 100_000;
    rows.push([today - day * DAY_MS, rounded - 2_000_000, rounded]);
  }
  const { refused } = await client.call('rates.import', { instrument: 'SJC', rows });
  if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
}

/** Rows of the rates pane, the upper left one, with a price that has just changed. */
function flashingRows({ terminal: { buffer, cols, rows } }: Robot): number {
  let count = 0;
  for (let y = 1; y < rows; y++) {
    const line = buffer.active.getLine(buffer.active.viewportY + y);
    if (line?.translateToString().includes('─ Forum')) break;
    const colours = Array.from({ length: Math.floor(cols * 0.4) }, (_, x) => line?.getCell(x)?.getBgColor());
    if (colours.includes(FLASH_COLOUR)) count++;
  }
  return count;
}
