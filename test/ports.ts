import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Whether TCP has nobody at a port of loopback now. */
export async function isFree(port: number): Promise<boolean> {
  try {
    await listening(port);
    return true;
  } catch {
    return false;
  }
}

/** A port that is free for TCP now; a daemon that restarts on port 0 would be elsewhere afterwards. */
export function freePort(): Promise<number> {
  return listening(0);
}

/** The port at which a server has listened for a moment. */
async function listening(asked: number): Promise<number> {
  const server = createServer().listen(asked, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
