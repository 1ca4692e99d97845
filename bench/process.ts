import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';

/** Linux counts processor time in hundredths, whatever its own clock does. */
const TICK_MS = 10;

interface ProcessUsage {
  readonly rss: number;
  /** Of them, those that are the process's own: without files that it maps (LevelDB its tables), which the system takes back at need. */
  readonly own: number;
  /** The most that it ever had; where nobody counts that, what it has now. */
  readonly peak: number;
  readonly cpuMs: number;
}

/** What another process has used so far: resident bytes, and milliseconds of processor time. */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  if (platform() !== 'linux') return askPs(pid);
  const [stat, status] = await Promise.all(['stat', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')));
  // The name of the program, in brackets, may have anything in it: fields are counted from behind it.
  const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
  const [rss, own, peak] = ['VmRSS', 'RssAnon', 'VmHWM'].map((name) =>
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status!),
  );
  if (!rss || !peak) throw new Error(`/proc/${pid}/status says no VmRSS or VmHWM.`);
  return {
    rss: Number(rss[1]) * 1024,
    own: Number((own ?? rss)[1]) * 1024,
    peak: Number(peak[1]) * 1024,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}

async function askPs(pid: number): Promise<ProcessUsage> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-o', 'time=', '-p', `${pid}`]);
  const [rss, time] = stdout.trim().split(/\s+/) as [string, string];
  const seconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  return { rss: Number(rss) * 1024, own: Number(rss) * 1024, peak: Number(rss) * 1024, cpuMs: seconds * 1000 };
}
