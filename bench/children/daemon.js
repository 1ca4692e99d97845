// A built goldctl daemon that logs to a file as usual, without providers: it uses no network.
import { loadOrCreateCertificate } from '../../src/daemon/certificate.js';
import { parseConfig } from '../../src/daemon/config.js';
import { startDaemon } from '../../src/daemon/daemon.js';
import { createLog } from '../../src/daemon/log.js';
import { resolveHome } from '../../src/home-directory.js';
import { PROVIDERS } from '../../src/rates/providers/index.js';
import { answer, options, say, usage } from './child.js';

const home = await resolveHome({ GOLDCTL_HOME: options.home });
await home.ensureFolders();
const providers = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
const config = parseConfig(
  JSON.stringify({
    listen: { port: 0, plain: true },
    limits: {
      callsPerSecond: 1_000_000,
      callsBurst: 1_000_000,
      connections: 20_000,
      connectionsPerAddress: 100_000,
      pingMs: 3_600_000,
      stallMs: options.stallMs ?? 10_000,
      signUpsPerHour: 100_000,
      signInMs: 3_600_000,
      postsPerDay: 1_000_000_000,
      postsPerDayPerSource: 1_000_000_000,
      bytesPerDay: 2 ** 40,
      bytesPerDayPerSource: 2 ** 40,
    },
    ...(options.engine === undefined ? {} : { engine: { url: options.engine } }),
    rates: { providers },
  }),
  'bench',
);
const log = await createLog({ file: home.logFile, level: 'info' });
const begun = performance.now();
const daemon = await startDaemon({ home, config, version: 'bench', log: log.logger, onStopRequest: () => {} });
const openMs = performance.now() - begun;
const { key, cert } = await loadOrCreateCertificate(home);
answer({
  usage,
  seq: () => daemon.status().seq,
  stop: async () => {
    await daemon.stop('The bench is over.');
    await log.stop();
  },
});
const port = Number(daemon.status().listening[0].address.split(':').at(-1));
say({ port, control: home.controlSocket, key, cert, openMs, pid: process.pid });
