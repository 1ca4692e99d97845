import { Failure } from '../domain/failure.ts';
import { formatSeedTime, type Instant } from '../domain/instant.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { conversionLines, convertedTable } from './conversions.ts';
import type { Action } from './grammar.ts';
import { type Caller, rangeParams, readHistory } from './history.ts';
import { listingsTable, readListings, repositoryLines } from './listings.ts';
import type { Paper } from './paper.ts';
import { pingLines } from './ping.ts';
import { readPosts } from './posts.ts';
import {
  activeMembers,
  conversationsTable,
  historyChart,
  lookupResults,
  messageLine,
  messagesRead,
  noRates,
  postsFound,
  postsRead,
  providersTable,
  ratesTable,
  sumLines,
  topicsTable,
} from './presenter.ts';
import { askSum } from './sum.ts';

/** The actions that are calls; the others belong to the shell or dashboard itself. */
export type CallAction = Extract<
  Action,
  {
    verb:
      | 'lookup'
      | 'market'
      | 'providers'
      | 'chart'
      | 'post'
      | 'edit'
      | 'delete'
      | 'read'
      | 'find'
      | 'topics'
      | 'message'
      | 'messages'
      | 'active'
      | 'ping'
      | 'discover'
      | 'sum';
  }
>;

const EDIT_FAILED = 'Edited the message failed. Please check the input.';
const DELETE_FAILED = 'Delete the message failed. Please check the input.';

/**
 * Does what a line asks for, and says what came of it.
 * @param user who sends a number when nobody is signed in.
 * @throws Failure as the daemon answers.
 */
export async function perform(action: CallAction, caller: Caller, paper: Paper, user: string): Promise<SafeText[]> {
  switch (action.verb) {
    case 'lookup': {
      const { date, instrument, in: measure } = action;
      const result = await caller.call('rates.lookup', { date, instrument, ...measureParams(measure) });
      const lines = lookupResults(result, date, instrument, paper);
      return measure === undefined ? lines : [...lines, ...conversionLines({ ...result, measure, date }, paper)];
    }
    case 'market': {
      const { instrument, in: measure } = action;
      const isAll = instrument === 'ALL';
      const result = isAll
        ? await caller.call('rates.list', measureParams(measure))
        : await caller.call('rates.get', { instrument, ...measureParams(measure) });
      if (result.quotes.length === 0) {
        const what = isAll ? 'rates' : `rates of ${instrument}`;
        return noRates((await caller.call('rates.providers', {})).providers, paper, what);
      }
      if (isAll && measure !== undefined) return convertedTable({ ...result, measure }, paper);
      const lines = ratesTable(result.quotes, paper);
      return measure === undefined ? lines : [...lines, ...conversionLines({ ...result, measure }, paper)];
    }
    case 'providers':
      return providersTable((await caller.call('rates.providers', {})).providers, paper);
    case 'chart': {
      const { instrument, range } = action;
      const history = await readHistory(caller, { instrument, ...rangeParams(range, paper.now) });
      return historyChart(`${instrument}, ${range}`, history, paper);
    }
    case 'post': {
      const { text, topic } = action;
      const { post } = await caller.call('forum.post', { text, ...(topic === undefined ? {} : { topic }) });
      return [safeText`Message #${post.number} posted at ${formatSeedTime(post.at)}.`];
    }
    case 'edit': {
      const { number, text } = action;
      await checkTime(action, caller, EDIT_FAILED);
      const { post } = await refused(EDIT_FAILED, () => caller.call('forum.edit', { number, text }));
      const at = formatSeedTime(post.editedAt ?? post.at);
      return [safeText`Edit the message successfully. Message #${post.number} edited at ${at}.`];
    }
    case 'delete': {
      const { number } = action;
      await checkTime(action, caller, DELETE_FAILED);
      const { post } = await refused(DELETE_FAILED, () => caller.call('forum.delete', { number }));
      const at = formatSeedTime(post.deletedAt ?? paper.now);
      return [safeText`Delete the message successfully. Message #${post.number} deleted at ${at}.`];
    }
    case 'read': {
      const { posts, seq } = await (action.since === undefined
        ? caller.call('forum.read', {})
        : readPosts(caller, { sinceTime: action.since }));
      if (caller.name !== null && posts.length > 0) await caller.call('forum.markRead', { seq });
      return postsRead(posts);
    }
    case 'find': {
      const { posts, more } = await caller.call('forum.search', { text: action.text });
      return postsFound(posts, more);
    }
    case 'topics':
      return topicsTable((await caller.call('forum.topics', {})).topics, paper);
    case 'message': {
      const { to, text } = action;
      return [messageLine((await caller.call('messages.send', { to, text })).message)];
    }
    case 'messages': {
      if (action.with === undefined) {
        return conversationsTable((await caller.call('messages.conversations', {})).conversations, paper);
      }
      const { messages } = await caller.call('messages.read', { with: action.with });
      const last = messages.findLast(({ unread }) => unread);
      if (last) await caller.call('messages.markRead', { with: action.with, number: last.number });
      return messagesRead(messages);
    }
    case 'active':
      return activeMembers((await caller.call('members.active', {})).members, caller.name);
    case 'ping':
      return pingLines(await caller.call('peer.ping', { member: action.member }));
    case 'discover': {
      const { verb: _, ...asked } = action;
      const { listings, more } = await readListings(caller, asked);
      const lines = asked.member === undefined ? listingsTable(listings, paper, asked) : repositoryLines(listings);
      return more ? [...lines, safeText`There are more: LIST text finds those that it fits.`] : lines;
    }
    case 'sum':
      return sumLines(await askSum(caller, action.number, user), caller.name ?? user, action.number);
  }
}

function measureParams(measure: string | undefined): { in?: string } {
  return measure === undefined ? {} : { in: measure };
}

/** The forum seed's guard against changing what one has not seen: the post must still carry the time that was given. */
async function checkTime(
  { number, at }: { readonly number: number; readonly at?: Instant },
  caller: Caller,
  refusal: string,
): Promise<void> {
  if (at === undefined) return;
  const { posts } = await caller.call('forum.read', { before: number + 1, limit: 1 });
  const post = posts.at(-1);
  if (post?.number !== number) throw new Failure('NOT_FOUND', `${refusal} There is no message #${number}.`);
  const carried = post.editedAt ?? post.at;
  if (Math.floor(carried / 1000) !== Math.floor(at / 1000)) {
    throw new Failure('CONFLICT', `${refusal} Message #${number} carries the time ${formatSeedTime(carried)}.`);
  }
}

/** The forum seed's words before why a post cannot be changed. */
async function refused<T>(refusal: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (!['NOT_FOUND', 'NOT_ALLOWED', 'GONE'].includes(failure.code)) throw thrown;
    throw new Failure(failure.code, `${refusal} ${failure.message}`, { cause: failure, data: failure.data });
  }
}
