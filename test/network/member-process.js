// A member in a process of its own, with files: as `goldctl` runs it, without a terminal.
import { Client } from '../../src/client/client.js';
import { Link } from '../../src/client/link.js';
import { Peers } from '../../src/client/peers.js';
import { parseTarget } from '../../src/client/target.js';
import { openHome } from '../../src/home.js';
import { Ipc } from '../../src/peer/ipc.js';

const { home: folder, server, name, port } = JSON.parse(process.argv[2]);

const home = await openHome({ GOLDCTL_HOME: folder });
const target = parseTarget(server);
const client = await Client.connect({ target, home });
if (client.name === null) await client.signUp({ name, password: 'correct horse' });

process.on('disconnect', () => process.exit());
const ipc = new Ipc(process, {
  publish: ({ path }) => peers.publish(path),
  fetch: ({ name, ...options }) => peers.fetch(name, options),
  send: ({ member, path, ...options }) => peers.send(member, path, options),
  allow: async ({ member, bytes }) => {
    await peers.allow(member, bytes);
    return null;
  },
  cancel: async ({ id }) => {
    await peers.cancel(id);
    return null;
  },
  finished: ({ id }) => peers.finished(id),
  transfers: async () => peers.transfers,
  /** Of the process that carries files. */
  pid: async () => peers.pid ?? null,
  call: ({ method, params }) => link.call(method, params),
  stop: async () => {
    await peers.stop();
    await link.stop();
    return null;
  },
});
const link = new Link({
  target,
  home,
  connected: client,
  onOnline: () => void peers?.online().catch((thrown) => ipc.tell('notice', `${thrown}`)),
});
const peers = new Peers({
  caller: link,
  home,
  port,
  onTransfer: (transfer) => ipc.tell('transfer', transfer),
  onNotice: (text) => ipc.tell('notice', text),
});
await link.start();
await peers.start();
ipc.tell('ready', { key: peers.key });
