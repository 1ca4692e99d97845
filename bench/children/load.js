// A load: connections that each keep a number of requests pending, one line per request and reply. Replies are counted
// by their newlines and not parsed, so that this process is faster than the measured one.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { answer, options, say, sleep } from './child.js';

const NEWLINE = 10;
const { port, tls, connections, depth, request, entrances = [], warmUpMs, measureMs } = options;

// `depth` consecutive requests; any smaller number is a slice of it.
const line = Buffer.from(request);
const block = Buffer.concat(Array(depth).fill(line));
const slices = Array.from({ length: depth + 1 }, (_, count) => block.subarray(0, count * line.length));

let replies = 0;
let bytes = 0;
let failed;

function newlinesIn(chunk) {
  let count = 0;
  for (let i = chunk.indexOf(NEWLINE); i >= 0; i = chunk.indexOf(NEWLINE, i + 1)) count++;
  return count;
}

/** Opens a connection, sends its first lines and waits for one reply per line. */
function open(entrance) {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect({ port, host: '127.0.0.1' });
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      failed ??= error;
      reject(error);
    });
    socket.on('close', () => {
      failed ??= new Error('the server closed a connection');
    });
    socket.on(tls ? 'secureConnect' : 'connect', () =>
      entrance === undefined ? resolve(socket) : socket.write(entrance),
    );
    if (entrance === undefined) return;
    const wanted = entrance.split('\n').length - 1;
    let text = '';
    const enter = (chunk) => {
      text += chunk;
      const lines = text.split('\n').slice(0, -1);
      const wrong = lines.find((reply) => reply.includes('"error"'));
      if (wrong) reject(new Error(wrong));
      if (lines.length < wanted) return;
      socket.off('data', enter);
      resolve(socket);
    };
    socket.on('data', enter);
  });
}

function run(socket) {
  let first = true;
  socket.on('data', (chunk) => {
    if (first && chunk.includes('"error"')) failed ??= new Error(chunk.toString());
    first = false;
    const count = newlinesIn(chunk);
    replies += count;
    bytes += chunk.length;
    if (count > 0) socket.write(slices[Math.min(count, depth)]);
  });
  socket.write(slices[depth]);
}

const sockets = [];
for (let i = 0; i < connections; i++) sockets.push(await open(entrances[i % entrances.length]));
answer({
  go: async () => {
    for (const socket of sockets) run(socket);
    await sleep(warmUpMs);
    const before = { replies, bytes, cpu: process.cpuUsage(), at: performance.now() };
    await sleep(measureMs);
    const seconds = (performance.now() - before.at) / 1000;
    const { user, system } = process.cpuUsage(before.cpu);
    if (failed) throw failed;
    const counted = replies - before.replies;
    return {
      perSecond: counted / seconds,
      bytesAReply: (bytes - before.bytes) / counted,
      busy: (user + system) / 1e6 / seconds,
    };
  },
});
say({ open: connections });
