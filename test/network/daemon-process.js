// A daemon in a process of its own, from what is built or from source: it can be on another machine, and be killed.
const { root, extension, home: folder, config } = JSON.parse(process.argv[2]);
const load = (module) => import(`${root}/src/${module}.${extension}`);
const { startDaemon } = await load('daemon/composition');
const { parseConfig } = await load('daemon/config');
const { openHome } = await load('home');
const { Ipc } = await load('peer/ipc');

const home = await openHome({ GOLDCTL_HOME: folder });
await home.prepare();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const daemon = await startDaemon({
  home,
  config: parseConfig(JSON.stringify(config), 'test'),
  version: 'test',
  log: silent,
  onStop: () => {},
});
process.on('disconnect', () => process.exit());
const ipc = new Ipc(process, {
  stop: async () => {
    await daemon.stop('The test is over.');
    return null;
  },
  usage: async () => ({ rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
});
ipc.tell('ready', { address: daemon.status().listening[0].address });
