import { PeerFileClient } from '../../src/client/peer-file-client.ts';
import { ReconnectingClient } from '../../src/client/reconnecting-client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { resolveHome } from '../../src/home-directory.ts';

/** `sender-child.ts HOME ADDRESS FILE`: sends a file slowly from An to Binh, and prints the pid of its peer process. */
const [root, address, path] = process.argv.slice(2) as [string, string, string];
const home = await resolveHome({ GOLDCTL_HOME: root });
const link = new ReconnectingClient({ target: parseTarget(`tcp://${address}`), home });
await link.start();
if (link.name === null) await link.signUp({ name: 'An', password: 'a secret' });
const peers = new PeerFileClient({ connection: link, home });
await peers.start();
process.stdout.write(`${peers.pid}\n`);
await peers.waitForEnd(await peers.send('Binh', path, { limit: 2 * 1024 * 1024 }));
await peers.stop();
await link.stop();
