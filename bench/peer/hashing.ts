import { answerOf } from '../child.ts';
import { type Figure, median, megabytesPerSecond } from '../figure.ts';
import { inFolder, makeFile } from './files.ts';

interface Hashed {
  readonly bytesPerSecond: number;
  readonly cpuMs: number;
}

export const hashing: Figure = {
  name: 'hashing',
  summary: 'Cost of hashing a file block by block, compared with one SHA-256 over the whole file.',
  measure({ runs, bytes }) {
    return inFolder(async (folder) => {
      const file = await makeFile(folder, 'content', bytes);
      const measured: { tree: Hashed; bare: Hashed }[] = [];
      for (let run = 0; run < runs; run++) measured.push(await answerOf('hashing', { file, bytes }));
      const [tree, bare] = (['tree', 'bare'] as const).map((way) => ({
        speed: median(measured.map((one) => one[way].bytesPerSecond)),
        cpu: median(measured.map((one) => one[way].cpuMs)),
      }));
      return [
        {
          what: 'a cached file',
          value: megabytesPerSecond(tree!.speed),
          baseline: megabytesPerSecond(bare!.speed),
          ratio: tree!.speed / bare!.speed,
        },
        {
          what: 'CPU time per GiB',
          value: perGiB(tree!.cpu, bytes),
          baseline: perGiB(bare!.cpu, bytes),
          ratio: tree!.cpu / bare!.cpu,
        },
      ];
    });
  },
};

export function perGiB(cpuMs: number, bytes: number): string {
  return `${((cpuMs / 1000) * (2 ** 30 / bytes)).toFixed(1)} s`;
}
