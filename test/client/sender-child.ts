import { Link } from '../../src/client/link.ts';
import { Peers } from '../../src/client/peers.ts';
import { parseTarget } from '../../src/client/target.ts';
import { openHome } from '../../src/home.ts';

/** `sender-child.ts HOME ADDRESS FILE`: sends a file to Binh as An, slowly, and says which process carries it. */
const [root, address, path] = process.argv.slice(2) as [string, string, string];
const home = await openHome({ GOLDCTL_HOME: root });
const link = new Link({ target: parseTarget(`tcp://${address}`), home });
await link.start();
if (link.name === null) await link.signUp({ name: 'An', password: 'a secret' });
const peers = new Peers({ caller: link, home });
await peers.start();
process.stdout.write(`${peers.pid}\n`);
await peers.finished(await peers.send('Binh', path, { limit: 2 * 1024 * 1024 }));
await peers.stop();
await link.stop();
