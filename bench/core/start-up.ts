import { execFileSync } from 'node:child_process';
import { PROGRAM } from '../../test/root.ts';
import { Daemon } from '../daemon.ts';
import { atMost, type Figure, median, ms } from '../figure.ts';

export const startUp: Figure = {
  name: 'start-up',
  summary: 'Time until exit: goldctl --version, --help and rates --json, compared with node -e 0.',
  async measure(effort) {
    const daemon = await Daemon.start();
    try {
      await daemon.haveBitcoin();
      const env = { ...process.env, GOLDCTL_HOME: daemon.home };
      const once = (...args: string[]) => {
        const begun = performance.now();
        execFileSync(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
        return performance.now() - begun;
      };
      const programs = [
        { what: '--version', args: ['--version'], bar: 3 },
        { what: '--help', args: ['--help'], bar: undefined },
        { what: 'rates --json, a daemon running', args: ['rates', '--json'], bar: 5 },
      ].map((program) => ({ ...program, times: [] as number[], ratios: [] as number[] }));
      const bare: number[] = [];
      for (let run = 0; run < effort.runs * 5; run++) {
        const node = once('-e', '0');
        bare.push(node);
        for (const { args, times, ratios } of programs) {
          const time = once(PROGRAM, ...args);
          times.push(time);
          ratios.push(time / node);
        }
      }
      return programs.map(({ what, bar, times, ratios }) => {
        const ratio = median(ratios);
        return {
          what: `goldctl ${what}`,
          value: ms(median(times)),
          baseline: `${ms(median(bare))} (node -e 0)`,
          ratio,
          ...(bar === undefined ? {} : { bar: atMost(ratio, bar, `≤ ${bar} times`) }),
        };
      });
    } finally {
      await daemon.stop();
    }
  },
};
