// One end of a channel between peers, as opened by goldctl, which carries only bytes from memory.
import { randomBytes } from 'node:crypto';
import { loadIdentity } from '../../src/peer/identity.js';
import { PeerTransport } from '../../src/peer/peer-transport.js';
import { answer, options, say, usage } from './child.js';

const { side, file, bytes } = options;
const CHUNK = randomBytes(256 * 1024);
const identity = await loadIdentity(file);
// Nobody listens there: both are given the other's address.
const endpoint = new PeerTransport({ identity, host: '127.0.0.1', daemon: { address: '127.0.0.1', port: 9 } });
await endpoint.start();

let cpu;
let received = 0;
let firstAt = 0;
let lastAt = 0;
let channel;

async function give({ duplex }) {
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    const room = duplex.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
    if (!room) await new Promise((resolve) => duplex.once('drain', resolve));
  }
}

function take({ duplex }) {
  return new Promise((resolve, reject) => {
    duplex.on('error', reject);
    duplex.on('data', (chunk) => {
      lastAt = performance.now();
      if (received === 0) firstAt = lastAt;
      received += chunk.length;
      if (received >= bytes) resolve();
    });
  });
}

const used = () => {
  const { user, system } = process.cpuUsage(cpu);
  return { ...usage(), cpuMs: (user + system) / 1000 };
};

answer({
  open: async ({ introduction }) => {
    channel = await endpoint.connect(introduction);
    return channel.path;
  },
  run: async () => {
    cpu = process.cpuUsage();
    await (side === 'a' ? give(channel) : take(channel));
    return { bytes: received, seconds: (lastAt - firstAt) / 1000, ...used() };
  },
  used,
  stop: async () => {
    channel?.close();
    await endpoint.stop();
  },
});
say({ port: endpoint.port, key: identity.fingerprint });
