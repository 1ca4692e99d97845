import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';

/** Linux counts CPU time in hundredths of a second, regardless of its own clock. */
const TICK_MS = 10;

interface ProcessUsage {
  readonly rss: number;
  /** Of them, private bytes: without mapped files (LevelDB's tables), which the system reclaims if needed. */
  readonly own: number;
  /** The peak; if it is not available, the current value. */
  readonly peak: number;
  readonly cpuMs: number;
}

/** Resources of another process so far: resident bytes, and milliseconds of CPU time. */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  if (platform() !== 'linux') return askPs(pid);
  const [stat, status] = await Promise.all(['stat', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')));
  // The program name in parentheses may contain anything: fields are counted from its end.
  const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
  const [rss, own, peak] = ['VmRSS', 'RssAnon', 'VmHWM'].map((name) =>
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status!),
  );
  if (!rss || !peak) throw new Error(`/proc/${pid}/status has no VmRSS or VmHWM.`);
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
