import { Failure } from '../../domain/failure.ts';
import { plain } from '../../domain/fold.ts';
import { encodeNotification, PROTOCOL } from '../../protocol/line.ts';
import { sum } from '../../room/sum.ts';
import type { PlainHandlers } from '../handler.ts';
import type { Watch } from '../hub.ts';
import type { Services } from '../services.ts';

export function roomHandlers({ rates, view, limits, log, now, serverName, head }: Services): PlainHandlers {
  return {
    hello: ({ protocol, client }, session) => {
      if (protocol !== PROTOCOL) {
        session.endAfterAnswer(400, 'The protocols differ.');
        throw new Failure(
          'INVALID_REQUEST',
          `This daemon speaks protocol ${PROTOCOL}, not ${protocol}. Use a goldctl of its version.`,
          {
            data: { field: 'protocol', protocol: PROTOCOL },
          },
        );
      }
      session.greeted();
      log.debug({ event: 'hello', address: session.address, client: plain(client) }, 'hello');
      const { lineBytes, postCharacters, callsPerSecond, callsBurst } = limits;
      return {
        protocol: PROTOCOL,
        server: serverName,
        name: session.member?.name ?? null,
        seq: head(),
        now: now(),
        limits: { lineBytes, postCharacters, callsPerSecond, callsBurst },
      };
    },
    watch: async ({ rates: wanted, forum = false, members = false, sinceSeq }, session) => {
      const watch: Watch = {
        rates: Array.isArray(wanted) ? new Set(wanted.map((name) => rates.resolve(name).id)) : wanted,
        forum,
        members,
      };
      const seq = head();
      if (!forum || sinceSeq === undefined || sinceSeq >= seq) {
        session.watch(watch);
        return { seq };
      }
      await session.replay(async () => {
        session.watch(watch);
        let last = sinceSeq;
        for await (const post of view.posts.changedAfter(sinceSeq)) {
          session.connection.write(encodeNotification('post', { seq: post.seq, post }));
          last = post.seq;
        }
        return last;
      });
      return { seq };
    },
    sum: ({ name, number }, session) => {
      const client = session.member?.name ?? plain(name);
      try {
        const answer = sum(number);
        log.info(
          { event: 'sum', client: number, server: answer.number, sum: answer.sum },
          `Client Name: ${client} | Server Name: ${serverName}`,
        );
        log.info({ event: 'sum' }, `Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`);
        return { name: serverName, ...answer };
      } catch (failure) {
        log.warn({ event: 'sum', client }, `Client int out of range: ${number}. Ending the session.`);
        session.endAfterAnswer(400, `The number ${number} is out of range.`);
        throw failure;
      }
    },
  };
}
