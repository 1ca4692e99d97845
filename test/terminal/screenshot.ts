// `npm run screenshot`: the dashboard of the demo as a picture, docs/dashboard.svg, by way of a real terminal.
import { writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '@xterm/headless';
import { PROGRAM, ROOT } from '../root.ts';
import { Robot } from './robot.ts';
import { svgOf } from './svg.ts';

const FILE = join(ROOT, 'docs/dashboard.svg');
const COLUMNS = 140;
const ROWS = 40;
/** Columns of the rates pane, and the colour behind a price that has just moved. */
const RATES = 48;
const FLASH = 220;
/** So many of them at most: in a picture, a flash stays. */
const LIGHTS = 2;
/** Prices, and what the bots say of them, repeat with it; times are those of the day. */
const SEED = 1;

const demo = new Robot({
  file: process.execPath,
  args: [PROGRAM, 'demo', '--seed', String(SEED), '--theme', 'dark'],
  env: {},
  columns: COLUMNS,
  rows: ROWS,
});
try {
  await demo.see('@you welcome', 60_000);
  demo.say('CHART SJC 1y');
  await demo.see('─ SJC ');
  demo.say('MSG @bot-an SJC?');
  await demo.see('@you SJC', 30_000);
  await demo.miss(' posted at ', 30_000);
  await demo.until(() => lights(demo.terminal) <= LIGHTS, 'a moment in which few prices move', 60_000);
  const svg = svgOf(demo.terminal, 'The dashboard of goldctl demo: rates, chart, forum and members, all SIMULATED');
  // The picture goes to strangers.
  for (const own of [homedir(), tmpdir(), hostname(), ROOT, userInfo().username]) {
    if (own.length > 2 && own !== 'root' && svg.includes(own)) throw new Error(`The picture would show "${own}".`);
  }
  await writeFile(FILE, svg);
  process.stdout.write(`docs/dashboard.svg: ${COLUMNS}x${ROWS}, ${Math.round(svg.length / 1024)} KiB\n`);
  demo.press('ctrl-c');
  await demo.exited;
} finally {
  await demo.stop();
}

/** Rows of the rates pane that are lit. */
function lights({ buffer, rows }: Terminal): number {
  let lit = 0;
  for (let y = 1; y < rows; y++) {
    const line = buffer.active.getLine(buffer.active.viewportY + y);
    if (Array.from({ length: RATES }, (_, x) => line?.getCell(x)?.getBgColor()).includes(FLASH)) lit++;
  }
  return lit;
}
