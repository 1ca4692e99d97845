import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../domain/app-error.ts';
import type { DirectMessage } from '../../domain/direct-message.ts';
import { sanitizeText } from '../../domain/text.ts';
import type { ReadModel } from '../../projections/read-model.ts';
import { encodeNotification, PROTOCOL_VERSION } from '../../protocol/jsonrpc.ts';
import { isUnread } from '../../room/direct-messages.ts';
import type { FileCatalog } from '../../room/file-catalog.ts';
import { sumWithRandom } from '../../room/sum.ts';
import { encodeListingEvent, encodeMessageEvent, type Subscription } from '../event-broadcaster.ts';
import type { UngroupedHandlers } from '../handler.ts';
import type { Services } from '../services.ts';

/** Poll interval for a replay reader to catch up. */
const DRAIN_POLL_MS = 5;

export function systemHandlers({
  rates,
  view,
  files: services,
  limits,
  log,
  now,
  serverName,
  headSeq,
  catchUp,
}: Services): UngroupedHandlers {
  return {
    hello: ({ protocol, client }, session) => {
      if (protocol !== PROTOCOL_VERSION) {
        session.endAfterReply(400, 'Protocol version mismatch.');
        throw new AppError(
          'INVALID_REQUEST',
          `This daemon speaks protocol ${PROTOCOL_VERSION}, not ${protocol}. Use the same version of goldctl.`,
          {
            data: { field: 'protocol', protocol: PROTOCOL_VERSION },
          },
        );
      }
      session.onHello();
      log.debug({ event: 'hello', address: session.address, client: sanitizeText(client) }, 'hello');
      const { lineBytes, postCharacters, callsPerSecond, callsBurst } = limits;
      const answer = () => ({
        protocol: PROTOCOL_VERSION,
        server: serverName,
        name: session.member?.name ?? null,
        seq: headSeq(),
        now: now(),
        limits: { lineBytes, postCharacters, callsPerSecond, callsBurst },
      });
      // Catch up first, so that a client coming from another daemon finds everything it has seen there.
      return catchUp()?.then(answer) ?? answer();
    },
    watch: async ({ rates: rateNames, forum = false, members = false, files = false, sinceSeq }, session) => {
      const subscription: Subscription = {
        rates: Array.isArray(rateNames) ? new Set(rateNames.map((name) => rates.resolve(name).id)) : rateNames,
        forum,
        members,
        files,
      };
      if ((!forum && !files) || sinceSeq === undefined) {
        session.subscribe(subscription);
        return { seq: headSeq() };
      }
      session.subscribe(subscription, { replaying: true });
      const isCurrent = () => session.subscription === subscription && !session.connection.hasEnded;
      let last = sinceSeq;
      try {
        // Repeat until nothing new arrived meanwhile, so that no live events must be buffered for a slow reader.
        for (let to = headSeq(); last < to && isCurrent(); to = headSeq()) {
          for await (const text of replayEvents({ view, files: services }, subscription, session.memberKey, last, to)) {
            session.connection.write(text);
            while (session.connection.queuedBytes > limits.queueSoftBytes && isCurrent()) await sleep(DRAIN_POLL_MS);
            if (!isCurrent()) break;
          }
          last = to;
        }
      } catch (error) {
        if (isCurrent()) session.subscribe({ rates: undefined, forum: false, members: false, files: false });
        throw error;
      }
      if (isCurrent()) session.finishReplay();
      return { seq: Math.min(last, headSeq()) };
    },
    sum: ({ name, number }, session) => {
      const client = session.member?.name ?? sanitizeText(name);
      try {
        const answer = sumWithRandom(number);
        log.info(
          { event: 'sum', client: number, server: answer.number, sum: answer.sum },
          `Client Name: ${client} | Server Name: ${serverName}`,
        );
        log.info({ event: 'sum' }, `Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`);
        return { name: serverName, ...answer };
      } catch (error) {
        log.warn({ event: 'sum', client }, `Client int out of range: ${number}. Ending the session.`);
        session.endAfterReply(400, `The number ${number} is out of range.`);
        throw error;
      }
    },
  };
}

interface ReplayedEvent {
  readonly seq: number;
  readonly text: string;
}

/** What a subscriber missed between two sequence numbers, in order. */
async function* replayEvents(
  services: { view: ReadModel; files: FileCatalog },
  { forum, files }: Subscription,
  member: string | undefined,
  after: number,
  to: number,
): AsyncGenerator<string> {
  const sources = [
    ...(forum ? [replayPosts(services.view, after, to)] : []),
    ...(forum && member !== undefined ? [replayMessages(services.view, member, after, to)] : []),
    ...(files ? [replayListings(services, after, to)] : []),
  ];
  try {
    const next: (ReplayedEvent | undefined)[] = [];
    for (const source of sources) next.push((await source.next()).value);
    for (;;) {
      let first = -1;
      for (const [i, event] of next.entries()) if (event && (first < 0 || event.seq < next[first]!.seq)) first = i;
      if (first < 0) return;
      yield next[first]!.text;
      next[first] = (await sources[first]!.next()).value;
    }
  } finally {
    for (const source of sources) await source.return(undefined); // the consumer may stop early
  }
}

async function* replayPosts(view: ReadModel, after: number, to: number): AsyncGenerator<ReplayedEvent, undefined> {
  for await (const post of view.posts.changedAfter(after, to)) {
    yield { seq: post.seq, text: encodeNotification('post', { seq: post.seq, post }) };
  }
}

async function* replayMessages(
  view: ReadModel,
  member: string,
  after: number,
  to: number,
): AsyncGenerator<ReplayedEvent, undefined> {
  for await (const message of view.messages.newerThan(member, after, to)) {
    yield { seq: message.seq, text: encodeMessageFor(view, member, message) };
  }
}

/** Published and unpublished files. */
async function* replayListings(
  { view, files }: { view: ReadModel; files: FileCatalog },
  after: number,
  to: number,
): AsyncGenerator<ReplayedEvent, undefined> {
  for await (const { seq, change, listing } of view.listings.changedAfter(after, to)) {
    yield { seq, text: encodeListingEvent({ seq, change, listing: files.withOnline(listing) }) };
  }
}

function encodeMessageFor(view: ReadModel, member: string, message: DirectMessage): string {
  return encodeMessageEvent(message, isUnread(view, member, message));
}
