// A bare Node server that sends every line to all watchers: lines of one turn leave in one write to each.
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { answer, options, say, usage } from './child.js';

const NEWLINE = 10;
const watchers = new Set();
let gathered = [];

function deliver() {
  const bytes = gathered.length === 1 ? gathered[0] : Buffer.concat(gathered);
  gathered = [];
  for (const socket of watchers) socket.write(bytes);
}

function serve(socket) {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => watchers.delete(socket));
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = all.lastIndexOf(NEWLINE) + 1;
    rest = all.subarray(end);
    if (end === 0) return;
    if (all.toString('latin1', 0, end) === 'watch\n') {
      watchers.add(socket);
      socket.write('watching\n');
      return;
    }
    if (gathered.length === 0) setImmediate(deliver);
    gathered.push(all.subarray(0, end));
  });
}

const server = options.tls
  ? createTlsServer({ key: options.key, cert: options.cert, minVersion: 'TLSv1.3' }, serve)
  : createServer({ noDelay: true }, serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => say({ port: server.address().port }));
answer({ usage });
