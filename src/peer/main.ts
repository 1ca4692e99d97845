import { Agent } from './agent.ts';
import { type ClientCalls, Ipc, type IpcPort, type PeerCalls, type PeerEvents } from './ipc.ts';

/** A fault that nobody foresaw shall not keep the process from ending. */
const END_MS = 2500;

/**
 * The peer process: forked by a client (client/peer-process.ts), told what to do over the channel between the two, and
 * over when that channel is. Ctrl-C in a terminal reaches both: what it means is for the client to say.
 */
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('SIGTERM', () => void end());

const agent: Agent = new Agent({
  introduce: (member, key) => ipc.call('introduce', { member, ...(key === undefined ? {} : { key }) }),
  list: async (share) => {
    await ipc.call('list', share);
  },
  tell: (event, params) => ipc.tell(event, params),
});
const ipc = new Ipc<ClientCalls, PeerCalls, PeerEvents>(process as IpcPort, {
  ...agent.answers,
  stop: async () => {
    await agent.stop();
    setImmediate(() => void end());
    return null;
  },
});
process.on('disconnect', () => void end());
if (!process.connected) void end();

let ending = false;

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), END_MS);
  await agent.stop();
  process.exit();
}
