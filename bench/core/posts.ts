import { Daemon } from '../daemon.ts';
import { atLeast, type Figure, median, rate } from '../figure.ts';
import { measureLoad } from '../load.ts';
import { appends, POST_TEXT, rawBatches } from '../raw.ts';
import { request } from '../wire.ts';

const CONNECTIONS = 50;
const DEPTH = 8;
const BAR = 12_000;

export const posts: Figure = {
  name: 'posts',
  summary:
    'Durable posts per second over TLS, from forum.post to its reply, 50 connections by 8, compared with raw synced batches.',
  async measure(effort) {
    const daemon = await Daemon.start();
    try {
      const entrances = await daemon.entrances(CONNECTIONS);
      const load = {
        port: daemon.ready.port,
        tls: true,
        connections: CONNECTIONS,
        depth: DEPTH,
        request: request(7, 'forum.post', { text: POST_TEXT }),
        entrances,
      };
      const speeds: number[] = [];
      const raws: number[] = [];
      for (let run = 0; run < effort.runs; run++) {
        const before = await daemon.seq();
        const { perSecond } = await measureLoad(load, daemon.child, effort);
        const stored = (await daemon.seq()) - before;
        if (stored < perSecond * effort.seconds) throw new Error(`${stored} posts stored, more were answered.`);
        speeds.push(perSecond);
        // As many pending writes as here, the most that one batch can contain.
        const { writes } = await appends(1, { ...effort, seconds: 0.2, warmUp: 0 });
        raws.push(await rawBatches({ writes, recordsABatch: CONNECTIONS * DEPTH }, effort));
      }
      return [
        {
          what: `${CONNECTIONS} connections, ${DEPTH} in flight on each`,
          value: rate(median(speeds), ' posts/s'),
          baseline: `${rate(median(raws))} (raw, ${CONNECTIONS * DEPTH} a batch)`,
          ratio: median(speeds.map((speed, run) => speed / raws[run]!)),
          bar: atLeast(median(speeds), BAR, `≥ ${rate(BAR)} on two cores`),
        },
      ];
    } finally {
      await daemon.stop();
    }
  },
};
