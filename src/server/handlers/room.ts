import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failure.ts';
import { plain } from '../../domain/fold.ts';
import type { DirectMessage } from '../../domain/message.ts';
import { encodeNotification, PROTOCOL } from '../../protocol/line.ts';
import type { Files } from '../../room/files.ts';
import { isUnread } from '../../room/messages.ts';
import { sum } from '../../room/sum.ts';
import type { View } from '../../view/view.ts';
import type { PlainHandlers } from '../handler.ts';
import { encodeListing, encodeMessage, type Watch } from '../hub.ts';
import type { Services } from '../services.ts';

/** How often it is looked whether a reader of a replay has caught up. */
const DRAIN_MS = 5;

export function roomHandlers({
  rates,
  view,
  files: room,
  limits,
  log,
  now,
  serverName,
  head,
  catchUp,
}: Services): PlainHandlers {
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
      const answer = () => ({
        protocol: PROTOCOL,
        server: serverName,
        name: session.member?.name ?? null,
        seq: head(),
        now: now(),
        limits: { lineBytes, postCharacters, callsPerSecond, callsBurst },
      });
      // Whoever comes over from another daemon finds here whatever he has seen there.
      return catchUp()?.then(answer) ?? answer();
    },
    watch: async ({ rates: wanted, forum = false, members = false, files = false, sinceSeq }, session) => {
      const watch: Watch = {
        rates: Array.isArray(wanted) ? new Set(wanted.map((name) => rates.resolve(name).id)) : wanted,
        forum,
        members,
        files,
      };
      if ((!forum && !files) || sinceSeq === undefined) {
        session.watch(watch);
        return { seq: head() };
      }
      session.watch(watch, { replaying: true });
      const isCurrent = () => session.watching === watch && !session.connection.ended;
      let last = sinceSeq;
      try {
        // Again and again until nothing came meanwhile: so nothing has to be held back for who is slow.
        for (let to = head(); last < to && isCurrent(); to = head()) {
          for await (const text of changes({ view, files: room }, watch, session.memberKey, last, to)) {
            session.connection.write(text);
            while (session.connection.queued > limits.queueSoftBytes && isCurrent()) await sleep(DRAIN_MS);
            if (!isCurrent()) break;
          }
          last = to;
        }
      } catch (failure) {
        if (isCurrent()) session.watch({ rates: undefined, forum: false, members: false, files: false });
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

interface Told {
  readonly seq: number;
  readonly text: string;
}

/** What a watcher missed after a seq up to another, in the order of the seqs. */
async function* changes(
  room: { view: View; files: Files },
  { forum, files }: Watch,
  member: string | undefined,
  after: number,
  to: number,
): AsyncGenerator<string> {
  const sources = [
    ...(forum ? [posts(room.view, after, to)] : []),
    ...(forum && member !== undefined ? [messages(room.view, member, after, to)] : []),
    ...(files ? [listings(room, after, to)] : []),
  ];
  try {
    const next: (Told | undefined)[] = [];
    for (const source of sources) next.push((await source.next()).value);
    for (;;) {
      let first = -1;
      for (const [i, told] of next.entries()) if (told && (first < 0 || told.seq < next[first]!.seq)) first = i;
      if (first < 0) return;
      yield next[first]!.text;
      next[first] = (await sources[first]!.next()).value;
    }
  } finally {
    for (const source of sources) await source.return(undefined); // whoever reads this may stop early
  }
}

/** Posts that changed. */
async function* posts(view: View, after: number, to: number): AsyncGenerator<Told, undefined> {
  for await (const post of view.posts.changedAfter(after, to)) {
    yield { seq: post.seq, text: encodeNotification('post', { seq: post.seq, post }) };
  }
}

/** A member's direct messages. */
async function* messages(view: View, member: string, after: number, to: number): AsyncGenerator<Told, undefined> {
  for await (const message of view.messages.after(member, after, to)) {
    yield { seq: message.seq, text: encodeOwn(view, member, message) };
  }
}

/** Files that were listed, and taken off. */
async function* listings(
  { view, files }: { view: View; files: Files },
  after: number,
  to: number,
): AsyncGenerator<Told, undefined> {
  for await (const { seq, change, listing } of view.listings.changedAfter(after, to)) {
    yield { seq, text: encodeListing({ seq, change, listing: files.seen(listing) }) };
  }
}

function encodeOwn(view: View, member: string, message: DirectMessage): string {
  return encodeMessage(message, isUnread(view, member, message));
}
