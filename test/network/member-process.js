// A member in a process of its own, with files: as `goldctl` runs it, without a terminal.
import { Client } from '../../src/client/client.js';
import { PeerFileClient } from '../../src/client/peer-file-client.js';
import { ReconnectingClient } from '../../src/client/reconnecting-client.js';
import { parseTarget } from '../../src/client/target.js';
import { resolveHome } from '../../src/home-directory.js';
import { IpcConnection } from '../../src/peer/ipc.js';

const { home: folder, server, name, port } = JSON.parse(process.argv[2]);

const home = await resolveHome({ GOLDCTL_HOME: folder });
const target = parseTarget(server);
const client = await Client.connect({ target, home });
if (client.name === null) await client.signUp({ name, password: 'correct horse' });

process.on('disconnect', () => process.exit());
const ipc = new IpcConnection(process, {
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
  finished: ({ id }) => peers.waitForEnd(id),
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
const link = new ReconnectingClient({
  target,
  home,
  initialClient: client,
  onOnline: () => void peers?.reregister().catch((thrown) => ipc.emit('notice', `${thrown}`)),
});
const peers = new PeerFileClient({
  connection: link,
  home,
  port,
  onTransfer: (transfer) => ipc.emit('transfer', transfer),
  onNotice: (text) => ipc.emit('notice', text),
});
await link.start();
await peers.start();
ipc.emit('ready', { key: peers.key });
