import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { answerOf } from '../child.ts';
import { type Figure, median, rate } from '../figure.ts';
import { inFolder, POST_TEXT } from '../raw.ts';
import { joined, room, withNodes } from './nodes.ts';

const RECORDS = 20_000;
const AT_ONCE = 500;

export const replay: Figure = {
  name: 'replay',
  summary: `Records per second when a daemon with an empty folder joins and replays ${RECORDS} posts of one node.`,
  measure: (effort) =>
    withNodes(1, async (nats) => {
      const given = room(nats, 1, effort);
      await joined(nats, 1, { ...effort, seconds: 0.1, warmUp: 0 }, { prefix: given.prefix }); // creates the stream
      const connection = await connect({ servers: nats.servers });
      const client = jetstream(connection);
      const post = {
        kind: 'forum.posted',
        at: Date.now(),
        member: 'yoda',
        text: POST_TEXT,
        topic: 'lobby',
        replyTo: null,
      };
      for (let i = 0; i < RECORDS; i += AT_ONCE) {
        await Promise.all(
          Array.from({ length: AT_ONCE }, () =>
            client.publish(`${given.prefix}.journal.kind.forum%2Eposted`, JSON.stringify(post)),
          ),
        );
      }
      await connection.close();
      const speeds: number[] = [];
      for (let run = 0; run < effort.runs; run++) {
        const { records, replayedMs } = await inFolder((folder) =>
          answerOf<{ records: number; replayedMs: number }>('joining', { folder, ...given, replay: true }),
        );
        speeds.push((1000 * records) / replayedMs);
      }
      return [{ what: 'joining', value: rate(median(speeds)) }];
    }),
};
