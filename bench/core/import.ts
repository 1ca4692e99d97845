import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { PROGRAM } from '../../test/root.ts';
import { answerOf } from '../child.ts';
import { Daemon } from '../daemon.ts';
import { atLeast, atMost, type Figure, mebibytes, median, rate } from '../figure.ts';

const PEAK = new URL('../children/peak.js', import.meta.url).href;
const LINES_A_SECOND = 100_000;
const MEMORY = 150_000_000;

interface Run {
  readonly perSecond: number;
  /** Peak memory of the command, and of the daemon that stored it. */
  readonly command: number;
  readonly daemon: number;
}

export const importLines: Figure = {
  name: 'import',
  summary:
    'Lines per second of goldctl rates import, from its start to its exit, compared with writing the same lines to LevelDB.',
  async measure({ quotes, runs }) {
    const lines = quotes / 20;
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
    try {
      const file = join(folder, 'quotes.csv');
      await writeLines(file, lines);
      const measured: Run[] = [];
      const raw: number[] = [];
      for (let run = 0; run < runs; run++) {
        measured.push(await importFile(file, lines));
        const { ms } = await answerOf<{ ms: number }>('raw-import', { file, folder: join(folder, `raw-${run}`) });
        raw.push(lines / (ms / 1000));
      }
      const speed = median(measured.map(({ perSecond }) => perSecond));
      const peak = Math.max(...measured.map(({ command }) => command));
      const storing = Math.max(...measured.map(({ daemon }) => daemon));
      return [
        {
          what: `${lines.toLocaleString('en-US')} lines of CSV`,
          value: rate(speed, ' lines/s'),
          baseline: `${rate(median(raw))} (raw)`,
          ratio: median(measured.map(({ perSecond }, run) => perSecond / raw[run]!)),
          bar: atLeast(speed, LINES_A_SECOND, `≥ ${rate(LINES_A_SECOND)}`),
        },
        { what: 'peak memory, command', value: mebibytes(peak), bar: atMost(peak, MEMORY, '< 150 MB') },
        { what: 'peak memory, daemon', value: mebibytes(storing), bar: atMost(storing, MEMORY, '< 150 MB') },
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Into a separate daemon: a second import would find every line stored. */
async function importFile(file: string, lines: number): Promise<Run> {
  const daemon = await Daemon.start();
  try {
    const begun = performance.now();
    const command = spawn(
      process.execPath,
      ['--import', PEAK, PROGRAM, 'rates', 'import', file, '--instrument', 'SJC', '--provider', 'bench', '--json'],
      {
        env: { ...process.env, GOLDCTL_HOME: daemon.home },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      },
    );
    const [out, errors, peak, status] = await Promise.all([
      text(command.stdout!),
      text(command.stderr!),
      text(command.stdio[3] as NodeJS.ReadableStream),
      new Promise<number | null>((resolve) => command.once('exit', resolve)),
    ]);
    const seconds = (performance.now() - begun) / 1000;
    if (status !== 0) throw new Error(`rates import ended with ${status}: ${errors}${out}`);
    const { stored } = JSON.parse(out) as { stored: number };
    if (stored !== lines) throw new Error(`${stored} of ${lines} lines were stored.`);
    return { perSecond: lines / seconds, command: Number(peak), daemon: (await daemon.usage()).peak };
  } finally {
    await daemon.stop();
  }
}

/** One series, a quote every ten minutes up to yesterday. Prices rise like gold prices did in these ten years. */
async function writeLines(file: string, lines: number): Promise<void> {
  const out = createWriteStream(file);
  const step = 600_000;
  const begin = Math.floor((Date.now() - 86_400_000) / step - lines) * step;
  out.write('at,buy,sell\n');
  for (let i = 0; i < lines; i++) {
    const level = 150_000_000 * (36 / 150) ** ((lines - i) / 500_000);
    const sell = Math.round((level * (1 + 0.05 * Math.sin(i / 700))) / 10_000) * 10_000;
    const row = `${begin + i * step},${sell - 500_000},${sell}\n`;
    if (!out.write(row)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}
