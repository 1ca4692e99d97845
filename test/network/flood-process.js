// Somebody hostile: sends datagrams of many kinds to UDP ports, so many a second, and counts what comes back.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';

const {
  targets,
  count,
  perSecond = Number.POSITIVE_INFINITY,
  lengths = [0, 1, 36, 256, 1200, 1472],
} = JSON.parse(process.argv[2]);
/** Datagrams without a turn of the event loop in between. */
const BURST = 50;
const POOL = 512;

/** As ours begin (src/protocol/datagram.ts), and as those of UDX do. */
const HEADS = [
  [],
  [0x67],
  [0x67, 1, 1, 0], // HELLO
  [0x67, 1, 1, 2], // HELLO that asks to be relayed
  [0x67, 1, 2, 0], // SEEN
  [0x67, 1, 3, 8], // PROBE that has heard
  [0x67, 2, 1, 0],
  [0x67, 1, 255, 255],
  [0xff],
  [0xff, 1, 0, 0], // a stream's packet: then flags, and the ids that it is for
  [0xff, 1, 0, 1],
  [0xff, 1, 0xff, 0xff],
];

const pool = Array.from({ length: POOL }, (_, i) => {
  const bytes = randomBytes(lengths[i % lengths.length]);
  for (const [at, byte] of HEADS[i % HEADS.length].entries()) if (at < bytes.length) bytes[at] = byte;
  return bytes;
});

const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
let sent = 0;
let replies = 0;
let repliedBytes = 0;
socket.on('message', (bytes) => {
  replies += 1;
  repliedBytes += bytes.length;
});
socket.on('error', () => {}); // a port that nobody listens on refuses
process.on('disconnect', () => process.exit());
await new Promise((resolve) => socket.bind(0, resolve));
process.send({ kind: 'begun' });
const begun = performance.now();
while (sent < count) {
  const due = Math.min(
    count,
    perSecond === Number.POSITIVE_INFINITY ? count : ((performance.now() - begun) / 1000) * perSecond,
  );
  let done;
  const burst = Math.min(BURST, Math.floor(due) - sent);
  for (let i = 0; i < burst; i++, sent++) {
    const { address, port } = targets[sent % targets.length];
    const bytes = pool[(sent * 7 + Math.floor(sent / POOL)) % POOL];
    if (i < burst - 1) socket.send(bytes, port, address, () => {});
    else done = new Promise((resolve) => socket.send(bytes, port, address, resolve));
  }
  await (done ?? new Promise((resolve) => setTimeout(resolve, 1)));
}
// Whoever answers has done so by then: what was sent last is read after all before it.
setTimeout(() => {
  process.send({ kind: 'ended', sent, replies, repliedBytes, seconds: (performance.now() - begun) / 1000 });
  process.disconnect();
}, 500);
