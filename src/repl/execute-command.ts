import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { type EpochMs, formatForumTime } from '../domain/time.ts';
import { conversionLines, conversionTable } from './conversion-format.ts';
import { listingsTable, readListings } from './file-listing-format.ts';
import {
  conversationLines,
  conversationsTable,
  directMessageLines,
  noPostsLines,
  postListLines,
  searchResultLines,
  topicsTable,
} from './forum-format.ts';
import type { RpcCommand } from './grammar.ts';
import { onlineMemberLines, pingLines } from './member-format.ts';
import type { OutputFormat } from './output-format.ts';
import { readNewestPost, readPosts } from './posts.ts';
import { comparisonChart, historyChart, lookupLines, noRatesLines, providersTable, ratesTable } from './rate-format.ts';
import { chartRangeParams, chartWindow, type RpcCaller, readRateHistory } from './rate-history.ts';
import { requestSum, sumLines } from './sum.ts';

/** Executes a command and returns its output. @param user sender of SUM if nobody is signed in */
export async function executeCommand(
  command: RpcCommand,
  caller: RpcCaller,
  format: OutputFormat,
  user: string,
): Promise<SafeText[]> {
  switch (command.verb) {
    case 'lookup': {
      const { date, instrument, in: priceUnit } = command;
      const result = await caller.call('rates.lookup', { date, instrument, ...priceUnitParams(priceUnit) });
      const lines = lookupLines(result, date, instrument, format);
      return priceUnit === undefined ? lines : [...lines, ...conversionLines({ ...result, priceUnit, date }, format)];
    }
    case 'market': {
      const { instrument, in: priceUnit } = command;
      const isAll = instrument === 'ALL';
      const result = isAll
        ? await caller.call('rates.list', priceUnitParams(priceUnit))
        : await caller.call('rates.get', { instrument, ...priceUnitParams(priceUnit) });
      if (result.quotes.length === 0) {
        const what = isAll ? 'rates' : `rates of ${instrument}`;
        return noRatesLines((await caller.call('rates.providers', {})).providers, format, what);
      }
      if (isAll && priceUnit !== undefined) return conversionTable({ ...result, priceUnit }, format);
      const lines = ratesTable(result.quotes, format);
      return priceUnit === undefined ? lines : [...lines, ...conversionLines({ ...result, priceUnit }, format)];
    }
    case 'providers':
      return providersTable((await caller.call('rates.providers', {})).providers, format);
    case 'chart': {
      const { instrument, range, versus } = command;
      const read = (name: string) =>
        readRateHistory(caller, { instrument: name, ...chartRangeParams(range, format.now) });
      if (versus === undefined) {
        const history = await read(instrument);
        const window = chartWindow(range, format.now, history.candles);
        return historyChart(`${instrument}, ${range}`, history, format, { window, range });
      }
      const histories = await Promise.all([read(instrument), read(versus)]);
      const earliest = histories.flatMap(({ candles }) => candles[0] ?? []).sort((a, b) => a.at - b.at);
      const window = chartWindow(range, format.now, earliest);
      return comparisonChart([instrument, versus], histories, format, { window, range });
    }
    case 'post': {
      const { text, topic, replyTo } = command;
      const { post } = await caller.call('forum.post', { text, ...defined({ topic, replyTo }) });
      return [safeText`Message #${post.number} posted at ${formatForumTime(post.at)}.`];
    }
    case 'edit': {
      const { number, text } = command;
      await changePost(command, caller, 'Could not edit the message.', () =>
        caller.call('forum.edit', { number, text }),
      );
      return [safeText`Edited #${number}.`];
    }
    case 'delete': {
      const { number } = command;
      await changePost(command, caller, 'Could not delete the message.', () => caller.call('forum.delete', { number }));
      return [safeText`Deleted #${number}.`];
    }
    case 'read': {
      const { posts, seq, more } = await (command.since === undefined
        ? caller.call('forum.read', {})
        : readPosts(caller, { sinceTime: command.since }));
      if (caller.name !== null && posts.length > 0) await caller.call('forum.markRead', { seq });
      if (posts.length === 0) return noPostsLines({ since: command.since }, await readNewestPost(caller), format);
      // The oldest post that is shown comes first.
      const older = more
        ? [safeText`Older messages are left out. To read them: RDM 23 Feb 2021 15:00:00, with the time to begin at`]
        : [];
      return [...older, ...postListLines(posts, format)];
    }
    case 'find': {
      const { posts, more } = await caller.call('forum.search', { text: command.text });
      if (posts.length > 0) return searchResultLines(posts, more, format);
      return noPostsLines({ text: command.text }, await readNewestPost(caller), format);
    }
    case 'topics':
      return topicsTable((await caller.call('forum.topics', {})).topics, format);
    case 'message': {
      const { to, text } = command;
      return directMessageLines((await caller.call('messages.send', { to, text })).message, format);
    }
    case 'messages': {
      if (command.with === undefined) {
        return conversationsTable((await caller.call('messages.conversations', {})).conversations, format);
      }
      const { messages } = await caller.call('messages.read', { with: command.with });
      const last = messages.findLast(({ unread }) => unread);
      if (last) await caller.call('messages.markRead', { with: command.with, number: last.number });
      return conversationLines(messages, command.with, format);
    }
    case 'active':
      return onlineMemberLines((await caller.call('members.active', {})).members, caller.name, format);
    case 'ping':
      return pingLines(await caller.call('peer.ping', { member: command.member }));
    case 'discover': {
      const { verb: _, ...asked } = command;
      const { listings, more } = await readListings(caller, asked);
      const lines = listingsTable(listings, format, asked);
      return more ? [...lines, safeText`There are more files. Use LIST text to narrow the list.`] : lines;
    }
    case 'sum':
      return sumLines(await requestSum(caller, command.number, user), caller.name ?? user, command.number);
  }
}

function priceUnitParams(priceUnit: string | undefined): { in?: string } {
  return priceUnit === undefined ? {} : { in: priceUnit };
}

/**
 * Changes a post, or says what failed and why. If a time was typed, the post must still have it: this prevents changes to
 * a version that the user has not seen.
 */
async function changePost(
  { number, at }: { readonly number: number; readonly at?: EpochMs },
  caller: RpcCaller,
  refusal: string,
  change: () => Promise<unknown>,
): Promise<void> {
  if (at !== undefined) {
    const { posts } = await caller.call('forum.read', { before: number + 1, limit: 1 });
    const post = posts.at(-1);
    if (post?.number !== number) throw new AppError('NOT_FOUND', `${refusal} There is no post #${number}.`);
    const actual = post.editedAt ?? post.at;
    if (Math.floor(actual / 1000) !== Math.floor(at / 1000)) {
      throw new AppError('CONFLICT', `${refusal} Message #${number} has the time ${formatForumTime(actual)}.`);
    }
  }
  try {
    await change();
  } catch (thrown) {
    const error = AppError.from(thrown);
    if (!['NOT_FOUND', 'NOT_ALLOWED', 'GONE'].includes(error.code)) throw thrown;
    throw new AppError(error.code, `${refusal} ${error.message}`, { cause: error, data: error.data });
  }
}
