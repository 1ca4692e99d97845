import { Child } from '../child.ts';
import { Daemon, type Usage } from '../daemon.ts';
import { type Figure, kibibytes, mebibytes, type Row } from '../figure.ts';
import { request } from '../wire.ts';

const CONNECTIONS = 2000;
/** Opened before the measurement: the first connections allocate buffers that later ones reuse. */
const FIRST = 500;
/** Both sides collect garbage before the measurement. */
const NODE = ['--expose-gc'];

export const memory: Figure = {
  name: 'memory',
  summary: 'Memory of the idle daemon and of each further idle connection, compared with the bare echo.',
  async measure() {
    const rows: Row[] = [];
    const hello = request(1, 'hello', { protocol: 1, client: 'bench' });
    for (const tls of [false, true]) {
      const daemon = await Daemon.start({ node: NODE });
      const { key, cert, port } = daemon.ready;
      const echo = new Child('echo', { tls, write: 'chunk', key, cert }, { node: NODE });
      const bare = await echo.next<{ port: number }>();
      try {
        const ours = await perConnection(daemon.child, { port, tls, hello });
        const theirs = await perConnection(echo, { port: bare.port, tls, hello });
        if (!tls) {
          const [value, baseline] = [mebibytes(ours.idle), mebibytes(theirs.idle)];
          rows.push({ what: 'idle', value, baseline, ratio: ours.idle / theirs.idle });
        }
        rows.push({
          what: `one of ${CONNECTIONS.toLocaleString('en-US')} connections, ${tls ? 'TLS' : 'plain'}`,
          value: kibibytes(ours.each),
          baseline: kibibytes(theirs.each),
          ratio: ours.each / theirs.each,
        });
      } finally {
        await echo.stop();
        await daemon.stop();
      }
    }
    return rows;
  },
};

/** Connections that sent hello and then nothing. */
async function perConnection(server: Child, { port, tls, hello }: { port: number; tls: boolean; hello: string }) {
  const { rss: idle } = await server.ask<Usage>('usage');
  const loads: Child[] = [];
  const open = async (connections: number) => {
    const load = new Child('load', {
      port,
      tls,
      connections,
      depth: 1,
      request: hello,
      entrances: [hello],
    });
    loads.push(load);
    await load.next();
    return (await server.ask<Usage>('usage')).rss;
  };
  const first = await open(FIRST);
  const all = await open(CONNECTIONS);
  for (const load of loads) await load.stop();
  return { idle, each: (all - first) / CONNECTIONS };
}
