// A UDX stream as a Duplex of node:stream, which node:tls requires. Nothing else: a baseline.
import { Duplex } from 'node:stream';

export function duplexOf(stream) {
  let waiting;
  stream.on('drain', () => {
    const then = waiting;
    waiting = undefined;
    then?.();
  });
  const duplex = new Duplex({
    highWaterMark: 1024 * 1024,
    read() {
      stream.resume();
    },
    write(chunk, _encoding, done) {
      if (stream.write(chunk)) done();
      else waiting = done;
    },
    writev(chunks, done) {
      let room = true;
      for (const { chunk } of chunks) room = stream.write(chunk);
      if (room) done();
      else waiting = done;
    },
    final(done) {
      stream.end();
      done();
    },
    destroy(error, done) {
      stream.destroy();
      done(error);
    },
  });
  stream.on('data', (chunk) => {
    if (!duplex.push(chunk)) stream.pause();
  });
  stream.on('end', () => duplex.push(null));
  stream.on('error', (error) => duplex.destroy(error));
  return duplex;
}
