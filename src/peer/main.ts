import { type ClientCalls, IpcConnection, type IpcPort, type PeerCalls, type PeerEvents } from './ipc.ts';
import { PeerAgent } from './peer-agent.ts';

/** Exits even if stopping hangs because of a bug. */
const FORCED_EXIT_MS = 2500;

/**
 * The peer process. A client forks it (client/peer-process.ts) and controls it over IPC; it exits when that channel
 * closes. Ctrl-C in a terminal reaches both processes, so this one ignores it: the client decides what it means.
 */
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('SIGTERM', () => void shutDown());

const agent: PeerAgent = new PeerAgent({
  introduce: (member, key) => ipc.call('introduce', key === undefined ? { member } : { member, key }),
  announceShare: async (share) => {
    await ipc.call('list', share);
  },
  emit: (event, params) => ipc.emit(event, params),
});
const ipc = new IpcConnection<ClientCalls, PeerCalls, PeerEvents>(process as IpcPort, {
  ...agent.ipcHandlers,
  stop: async () => {
    await agent.stop();
    setImmediate(() => void shutDown());
    return null;
  },
});
process.on('disconnect', () => void shutDown());
if (!process.connected) void shutDown();

let isEnding = false;

async function shutDown(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(1), FORCED_EXIT_MS);
  await agent.stop();
  process.exit();
}
