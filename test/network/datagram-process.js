// A UDP socket on some machine: sends what it is told to, and says what it hears and from where.
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (bytes, { address, port }) =>
  process.send({ text: bytes.toString(), from: `${address}:${port}` }),
);
process.on('message', ({ text, address, port }) => socket.send(text, port, address, () => {}));
process.on('disconnect', () => process.exit());
socket.bind(Number(process.argv[2] ?? 0), () => process.send({ port: socket.address().port }));
