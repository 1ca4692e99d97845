// Carries UDP datagrams between two ends each, as a link of so many bytes a second, with its delay, losses and swaps.
// A process of its own and plain node: at 100 Mbit/s it has to move 9,000 datagrams a second each way and more.
import { createSocket } from 'node:dgram';

const { links } = JSON.parse(process.argv[2]);
/** All that a datagram takes of a link besides its payload: IPv4 and UDP. */
const HEADERS = 28;
const SOCKET_BYTES = 4 * 1024 * 1024;

const VXLAN_HEAD = 8;
const FRAME_HEAD = 14;

/**
 * Writes the checksum of the TCP or UDP packet in a VXLAN frame. The kernel leaves it to the network card, and here is
 * none.
 */
function finishChecksum(bytes) {
  const ip = VXLAN_HEAD + FRAME_HEAD;
  if (bytes.length < ip + 20 || bytes.readUInt16BE(ip - 2) !== 0x0800) return;
  const protocol = bytes[ip + 9];
  if (protocol !== 6 && protocol !== 17) return;
  const begin = ip + (bytes[ip] & 15) * 4;
  const end = ip + bytes.readUInt16BE(ip + 2);
  const at = begin + (protocol === 6 ? 16 : 6);
  if (end > bytes.length || at + 2 > end) return;
  bytes[at] = 0;
  bytes[at + 1] = 0;
  let sum = protocol + end - begin;
  for (let i = ip + 12; i < ip + 20; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  for (let i = begin; i + 1 < end; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  if ((end - begin) % 2 === 1) sum += bytes[end - 1] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff || 0xffff, at);
}

/** mulberry32: the same losses in every run. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** First in, first out. Every datagram of it is due no sooner than the one before. */
class Queue {
  #entries = [];
  #head = 0;

  get first() {
    return this.#entries[this.#head];
  }

  push(entry) {
    this.#entries.push(entry);
  }

  shift() {
    this.#head += 1;
    if (this.#head < 1024 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

/** One way of a link. */
class Direction {
  #shape;
  #random;
  #deliver;
  /** When the last byte of what was taken so far has left the sender's end. */
  #free = 0;
  #onTime = new Queue();
  #late = new Queue();
  counted = { taken: 0, bytes: 0, lost: 0, overflowed: 0, swapped: 0, delivered: 0, latestMs: 0 };

  constructor(shape, seed, deliver) {
    this.#shape = shape;
    this.#random = seeded(seed);
    this.#deliver = deliver;
  }

  take(bytes) {
    const {
      bytesPerSecond,
      delayMs = 0,
      jitterMs = 0,
      loss = 0,
      swaps = 0,
      queueBytes = Infinity,
      frames = false,
    } = this.#shape;
    const { counted } = this;
    const now = performance.now();
    counted.taken += 1;
    const length = bytes.length + (frames ? -VXLAN_HEAD - FRAME_HEAD : HEADERS);
    counted.bytes += length;
    if (bytesPerSecond) {
      const waiting = (Math.max(0, this.#free - now) / 1000) * bytesPerSecond;
      if (waiting + length > queueBytes) {
        counted.overflowed += 1;
        return;
      }
      this.#free = Math.max(now, this.#free) + (length / bytesPerSecond) * 1000;
    }
    if (loss > 0 && this.#random() < loss) {
      counted.lost += 1; // after it took its time on the link: it is lost at the far end
      return;
    }
    if (frames) finishChecksum(bytes);
    const due = Math.max(now, this.#free) + delayMs;
    if (swaps > 0 && this.#random() < swaps) {
      counted.swapped += 1;
      this.#late.push({ due: due + jitterMs, bytes });
    } else this.#onTime.push({ due, bytes });
    wake();
  }

  /** Hands over what is due; false when nothing is left. */
  flush(now) {
    for (const queue of [this.#onTime, this.#late]) {
      for (let entry = queue.first; entry && entry.due <= now; entry = queue.first) {
        queue.shift();
        this.counted.delivered += 1;
        this.counted.latestMs = Math.max(this.counted.latestMs, now - entry.due);
        this.#deliver(entry.bytes);
      }
    }
    return this.#onTime.first !== undefined || this.#late.first !== undefined;
  }
}

const directions = [];
let ticking = false;

/** One clock for all datagrams, not one each. */
function wake() {
  if (ticking) return;
  ticking = true;
  setTimeout(tick, 1);
}

function tick() {
  ticking = false;
  const now = performance.now();
  let left = false;
  for (const direction of directions) left = direction.flush(now) || left;
  if (left) wake();
}

/** One end: where datagrams of one side come in, and go out to it. `to` is learned where it is not said. */
async function open({ address, port = 0, to }) {
  const socket = createSocket('udp4');
  const end = { socket, to, out: undefined };
  socket.on('message', (bytes, from) => {
    if (!end.to || (to === undefined && end.to.port !== from.port)) end.to = { address: from.address, port: from.port };
    end.out.take(bytes);
  });
  socket.on('error', () => {}); // nobody listens there any more: a link does not mind
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, resolve);
  });
  socket.setRecvBufferSize(SOCKET_BYTES);
  socket.setSendBufferSize(SOCKET_BYTES);
  return end;
}

function deliverer(end) {
  return (bytes) => {
    if (end.to) end.socket.send(bytes, end.to.port, end.to.address, () => {});
  };
}

const opened = [];
for (const [i, { a, b, shape, back = shape, seed = 1 }] of links.entries()) {
  const ends = [await open(a), await open(b)];
  const there = new Direction(shape, seed + 2 * i, deliverer(ends[1]));
  const here = new Direction(back, seed + 2 * i + 1, deliverer(ends[0]));
  ends[0].out = there;
  ends[1].out = here;
  directions.push(there, here);
  opened.push({ a: ends[0].socket.address().port, b: ends[1].socket.address().port });
}

process.on('message', (question) => {
  if (question !== 'counts') process.exit();
  process.send(directions.map(({ counted }) => counted));
});
process.on('disconnect', () => process.exit());
process.send(opened);
