// A daemon in a process of its own: it can be on another machine, and be killed.

import { parseConfig } from '../../src/daemon/config.js';
import { startDaemon } from '../../src/daemon/daemon.js';
import { resolveHome } from '../../src/home-directory.js';
import { IpcConnection } from '../../src/peer/ipc.js';
import { CHEAP } from '../credentials.js';

const { home: folder, config } = JSON.parse(process.argv[2]);

const home = await resolveHome({ GOLDCTL_HOME: folder });
await home.ensureFolders();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const daemon = await startDaemon({
  home,
  config: parseConfig(JSON.stringify(config), 'test'),
  version: 'test',
  log: silent,
  passwordCost: CHEAP,
  onStopRequest: () => {},
});
process.on('disconnect', () => process.exit());
const ipc = new IpcConnection(process, {
  stop: async () => {
    await daemon.stop('The test is over.');
    return null;
  },
  usage: async () => ({ rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
});
ipc.emit('ready', { address: daemon.status().listening[0].address });
