import { once } from 'node:events';
import type { ConnectionOffer } from '../../src/peer/connection-offer.ts';
import { loadIdentity } from '../../src/peer/identity.ts';
import { PeerTransport } from '../../src/peer/peer-transport.ts';

/**
 * A peer in its own process: it gets the daemon's endpoint and an identity, prints its port and key, then
 * connects by the given introduction. On `stop` it stops, and must exit without help.
 */
const [start] = (await once(process, 'message')) as [{ file: string; daemon: { address: string; port: number } }];
const identity = await loadIdentity(start.file);
const endpoint = new PeerTransport({ identity, daemon: start.daemon, silenceMs: 1000 });
await endpoint.start();
process.send?.({ port: endpoint.port, key: identity.fingerprint });
const [introduction] = (await once(process, 'message')) as [ConnectionOffer];
const channel = await endpoint.connect(introduction);
channel.duplex.on('error', () => {});
channel.duplex.resume();
process.send?.({ connected: true });
await once(process, 'message');
await endpoint.stop();
process.disconnect?.();
