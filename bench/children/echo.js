// A bare Node server that echoes every line: the cost of sockets, TLS and the event loop without goldctl.
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { answer, options, say, usage } from './child.js';

const NEWLINE = 10;

function serve(socket) {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let rest = '';
  socket.on('data', (chunk) => {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      rest += chunk.toString('latin1');
      return;
    }
    const lines = (rest + chunk.toString('latin1', 0, end)).split('\n');
    rest = chunk.toString('latin1', end + 1);
    if (options.write === 'line') {
      for (const line of lines) socket.write(`${line}\n`, 'latin1');
    } else {
      let out = '';
      for (const line of lines) out += `${line}\n`;
      socket.write(out, 'latin1');
    }
  });
}

const server = options.tls
  ? createTlsServer({ key: options.key, cert: options.cert, minVersion: 'TLSv1.3' }, serve)
  : createServer({ noDelay: true }, serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => say({ port: server.address().port }));
answer({ usage });
