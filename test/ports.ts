import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Whether no TCP server listens at a port of loopback now. */
export async function isFree(port: number): Promise<boolean> {
  try {
    await listening(port);
    return true;
  } catch {
    return false;
  }
}

/** A free TCP port; a daemon that restarts on port 0 would get another one. */
export function freePort(): Promise<number> {
  return listening(0);
}

/** The port of a server that listened for a moment. */
async function listening(asked: number): Promise<number> {
  const server = createServer().listen(asked, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
