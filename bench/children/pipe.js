// One end of a bare stream, without files, hashes or goldctl: TCP, TLS over TCP, UDX, or TLS over UDX. `send` writes a
// number of bytes, or without end; `receive` counts them, optionally at a limited rate.
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from 'node:tls';
import UDX from 'udx-native';
import { answer, options, say, usage } from './child.js';
import { duplexOf } from './udx-duplex.js';

const { transport, side, host, key, cert, bytes = Number.POSITIVE_INFINITY, takeAtMost } = options;
const TLS = { minVersion: 'TLSv1.3', rejectUnauthorized: false };
const CHUNK = randomBytes(256 * 1024);
const sending = side === 'send';

let received = 0;
let firstAt = 0;
let lastAt = 0;
let cpu;
let finish;
const finished = new Promise((resolve) => {
  finish = resolve;
});

function count(chunk) {
  lastAt = performance.now();
  if (received === 0) firstAt = lastAt;
  received += chunk.length;
}

function take(stream) {
  cpu = process.cpuUsage();
  stream.on('error', end);
  stream.on('data', (chunk) => {
    count(chunk);
    if (takeAtMost) {
      // Simulates a disk that is slower than the link.
      const early = firstAt + (received / takeAtMost) * 1000 - lastAt;
      if (early > 5) {
        stream.pause();
        setTimeout(() => stream.resume(), early);
      }
    }
    if (received >= bytes) end();
  });
  stream.on('end', end);
}

async function give(stream) {
  cpu = process.cpuUsage();
  stream.on('error', end);
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    const room = stream.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
    if (!room) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end?.();
}

function end() {
  finish();
}

const use = sending ? give : take;
let open;
let port = 0;
if (transport.startsWith('udx')) {
  const udx = new UDX();
  const socket = udx.createSocket();
  socket.bind(0, host);
  port = socket.address().port;
  open = (to) => {
    const stream = udx.createStream(1);
    stream.connect(socket, 1, to.port, to.host);
    if (transport === 'udx') return use(stream);
    const duplex = duplexOf(stream);
    if (sending) use(connectTls({ ...TLS, socket: duplex }));
    else use(new TLSSocket(duplex, { ...TLS, isServer: true, key, cert }));
  };
} else if (sending) {
  open = (to) => use(transport === 'tls' ? connectTls({ ...TLS, ...to }) : connect(to));
} else {
  const server = transport === 'tls' ? createTlsServer({ ...TLS, key, cert }, use) : createServer(use);
  await new Promise((resolve) => server.listen({ host, port: 0 }, resolve));
  port = server.address().port;
  open = () => {};
}

const used = () => {
  const { user, system } = process.cpuUsage(cpu);
  return { ...usage(), cpuMs: (user + system) / 1000 };
};

answer({
  open: ({ to }) => {
    open(to);
    return true;
  },
  count: () => ({ bytes: received, at: performance.now() }),
  used,
  finished: async () => {
    await finished;
    return { bytes: received, seconds: (lastAt - firstAt) / 1000, ...used() };
  },
});
say({ port });
