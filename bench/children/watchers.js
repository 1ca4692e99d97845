// A load: connections that watch, and one that posts. Several posts are pending; one has arrived when every watcher
// has read it. Watchers receive all posts in order, so they are counted by a byte that each contains once,
// and not parsed. With `places`, watchers are spread over several servers of one cluster; the poster uses the first.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { answer, options, say, sleep } from './child.js';

const { port, tls, connections, mark, post, entrances, ready, greeting, large, frozenShare, warmUpMs, measureMs } =
  options;
const { places = [{ port, watchers: entrances.watchers }] } = options;
const MARK = mark.charCodeAt(0);
/** Connections that are opened concurrently. */
const OPENING = 32;
/** Calls with a large result that fill all buffers between a server and a reader that has stopped. */
const FILLING = 1024;
/** Resolution of counted delays. */
const STEP_MS = 0.02;

const host = '127.0.0.1';
const steps = new Uint32Array(10_000 / STEP_MS);
let measuring = false;
let deliveries = 0;
let failed;

let window = 0;
let sent = 0;
let arrived = 0;
/** By index in the window. */
let sentAt = new Float64Array(1);
let left = new Int32Array(1);
let stopping = false;
let idle = () => {};
let publisher;

function fail(error) {
  failed ??= error;
}

/** Opens a connection and sends its first lines; resolves when the server has replied to them. */
async function open(entrance, untilText, at = places[0].port) {
  let socket = connect({ port: at, host });
  socket.setNoDelay(true);
  if (greeting !== undefined) {
    await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
    if (tls) socket = connectTls({ socket, rejectUnauthorized: false });
  } else if (tls) {
    socket.destroy();
    socket = connectTls({ port: at, host, rejectUnauthorized: false });
    socket.setNoDelay(true);
  }
  if (greeting === undefined || tls) {
    await new Promise((resolve, reject) =>
      socket.once(tls ? 'secureConnect' : 'connect', resolve).once('error', reject),
    );
  }
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed a connection')));
  let text = '';
  await new Promise((resolve, reject) => {
    const enter = (chunk) => {
      text += chunk;
      if (text.includes('"error"') || text.includes('-ERR')) reject(new Error(text));
      if (!text.includes(untilText)) return;
      socket.off('data', enter);
      resolve();
    };
    socket.on('data', enter);
    socket.write(entrance);
  });
  return socket;
}

function send(count) {
  const now = performance.now();
  for (let i = 0; i < count; i++) {
    const place = sent % window;
    sentAt[place] = now;
    left[place] = live.length;
    sent += 1;
  }
  publisher.write(count === 1 ? post : post.repeat(count));
}

function listen(socket) {
  let heard = 0;
  socket.on('data', (chunk) => {
    let at = chunk.indexOf(MARK);
    if (at < 0) return;
    const now = performance.now();
    const before = arrived;
    for (; at >= 0; at = chunk.indexOf(MARK, at + 1)) {
      const place = heard % window;
      if (measuring) {
        deliveries += 1;
        steps[Math.min(steps.length - 1, Math.floor((now - sentAt[place]) / STEP_MS))] += 1;
      }
      heard += 1;
      left[place] -= 1;
      if (left[place] === 0) arrived += 1;
    }
    if (arrived === before) return;
    if (!stopping) send(arrived - before);
    else if (arrived === sent) idle();
  });
  return {
    begin: () => {
      heard = 0;
    },
  };
}

/** A quantile of the delay of all deliveries. */
function delay(share) {
  let rest = share * deliveries;
  for (let step = 0; step < steps.length; step++) {
    rest -= steps[step];
    if (rest <= 0) return (step + 1) * STEP_MS;
  }
  return Number.POSITIVE_INFINITY;
}

async function run(inFlight) {
  window = inFlight;
  sent = arrived = 0;
  sentAt = new Float64Array(window);
  left = new Int32Array(window);
  stopping = false;
  for (const listener of listeners) listener.begin();
  send(window);
  await sleep(warmUpMs);
  steps.fill(0);
  deliveries = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const posted = arrived;
  measuring = true;
  await sleep(measureMs);
  measuring = false;
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const posts = arrived - posted;
  await new Promise((resolve) => {
    idle = resolve;
    stopping = true;
  });
  if (failed) throw failed;
  return {
    perSecond: deliveries / seconds,
    postsPerSecond: posts / seconds,
    p50: delay(0.5),
    p99: delay(0.99),
    busy: (user + system) / 1e6 / seconds,
  };
}

const sockets = [];
for (let i = 0; i < connections; i += OPENING) {
  const opening = Array.from({ length: Math.min(OPENING, connections - i) }, (_, n) => {
    const turn = i + n;
    const { port: at, watchers } = places[turn % places.length];
    return open(
      watchers[Math.floor(turn / places.length) % watchers.length] + (entrances.watch ?? ''),
      ready.watcher,
      at,
    );
  });
  sockets.push(...(await Promise.all(opening)));
}
// Every n-th watcher may freeze; its deliveries are never counted.
const every = frozenShare > 0 ? Math.round(1 / frozenShare) : Number.POSITIVE_INFINITY;
const freezing = sockets.filter((_, i) => i % every === every - 1);
const live = sockets.filter((_, i) => i % every !== every - 1);
const listeners = live.map(listen);
for (const socket of freezing) socket.on('data', () => {});
publisher = await open(entrances.publisher, ready.publisher);
publisher.on('data', () => {});

answer({
  'run 1': () => run(1),
  'run 16': () => run(16),
  /** From now on a share of the watchers reads nothing. */
  freeze: () => {
    for (const socket of freezing) socket.pause();
    return freezing.length;
  },
  /** Fills the queues between the server and the stopped watchers. */
  fill: () => {
    for (const socket of freezing) socket.pause().write(large.repeat(FILLING));
    return freezing.length;
  },
  /** Resumes reading. */
  thaw: () => {
    for (const socket of freezing) socket.resume();
    return freezing.length;
  },
});
say({ open: connections });
