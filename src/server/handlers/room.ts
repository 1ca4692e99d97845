import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failure.ts';
import { plain } from '../../domain/fold.ts';
import type { DirectMessage } from '../../domain/message.ts';
import { encodeNotification, PROTOCOL } from '../../protocol/line.ts';
import { isUnread } from '../../room/messages.ts';
import { sum } from '../../room/sum.ts';
import type { View } from '../../view/view.ts';
import type { PlainHandlers } from '../handler.ts';
import { encodeMessage, type Watch } from '../hub.ts';
import type { Services } from '../services.ts';

/** How often it is looked whether a reader of a replay has caught up. */
const DRAIN_MS = 5;

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
      if (!forum || sinceSeq === undefined) {
        session.watch(watch);
        return { seq: head() };
      }
      session.watch(watch, { replaying: true });
      const isCurrent = () => session.watching === watch && !session.connection.ended;
      let last = sinceSeq;
      try {
        // Again and again until nothing came meanwhile: so nothing has to be held back for who is slow.
        for (let to = head(); last < to && isCurrent(); to = head()) {
          for await (const text of changes(view, session.memberKey, last, to)) {
            session.connection.write(text);
            while (session.connection.queued > limits.queueSoftBytes && isCurrent()) await sleep(DRAIN_MS);
            if (!isCurrent()) break;
          }
          last = to;
        }
      } catch (failure) {
        if (isCurrent()) session.watch({ rates: undefined, forum: false, members: false });
        throw failure;
      }
      if (isCurrent()) session.live();
      return { seq: Math.min(last, head()) };
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

/** Posts that changed after a seq up to another, and a member's direct messages of that time, in the order of their seqs. */
async function* changes(view: View, member: string | undefined, after: number, to: number): AsyncGenerator<string> {
  const posts = view.posts.changedAfter(after, to);
  const messages = member === undefined ? undefined : view.messages.after(member, after, to);
  try {
    let message = await messages?.next();
    for await (const post of posts) {
      for (; message && !message.done && message.value.seq < post.seq; message = await messages?.next()) {
        yield encodeOwn(view, member!, message.value);
      }
      yield encodeNotification('post', { seq: post.seq, post });
    }
    for (; message && !message.done; message = await messages?.next()) yield encodeOwn(view, member!, message.value);
  } finally {
    await messages?.return(undefined); // whoever reads this may stop early
  }
}

function encodeOwn(view: View, member: string, message: DirectMessage): string {
  return encodeMessage(message, isUnread(view, member, message));
}
