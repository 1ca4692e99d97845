import { formatInteger } from '../domain/number-format.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDuration, formatForumTime } from '../domain/time.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { OutputFormat } from './output-format.ts';
import { formatTable, rightAligned } from './table.ts';

type PostResult = MethodResult<'forum.read'>['posts'][number];

type DirectMessageResult = MethodResult<'messages.read'>['messages'][number];

export function postLine(post: PostResult): SafeText {
  const topic = post.topic === 'lobby' ? safeText`` : safeText` [${sanitizeText(post.topic)}]`;
  const head = safeText`#${post.number}; ${sanitizeText(post.member)}${topic}:`;
  if (post.text === null || post.deletedAt !== null) {
    const by = post.deletedBy && post.deletedBy !== post.member ? safeText` by ${sanitizeText(post.deletedBy)}` : '';
    return safeText`${head} deleted${by}${post.deletedAt === null ? safeText`` : safeText` at ${formatForumTime(post.deletedAt)}`}.`;
  }
  const verb = post.editedAt === null ? 'posted' : 'edited';
  const at = post.editedAt ?? post.at;
  return safeText`${head} "${sanitizeText(post.text)}" ${verb} at ${formatForumTime(at)}.`;
}

export function postLines(posts: readonly PostResult[]): SafeText[] {
  if (posts.length === 0) return [safeText`No new messages.`];
  return [safeText`New messages:`, ...posts.map(postLine)];
}

/** Search results, newest last, in reading order. */
export function searchResultLines(posts: readonly PostResult[], more: boolean): SafeText[] {
  if (posts.length === 0) return [safeText`No results.`];
  const found = safeText`${posts.length} result${posts.length === 1 ? '' : 's'}${more ? ', the newest of more' : ''}`;
  return [found, ...posts.map(postLine).reverse()];
}

/** A post and its earlier versions, oldest first. */
export function revisionLines({ post, revisions }: MethodResult<'forum.revisions'>): SafeText[] {
  if (revisions.length === 0) return [postLine(post), safeText`It was never edited.`];
  return [
    ...revisions.map(
      ({ text, at }) =>
        safeText`#${post.number}; ${sanitizeText(post.member)}: "${sanitizeText(text)}" since ${formatForumTime(at)}.`,
    ),
    postLine(post),
  ];
}

export function topicsTable(topics: MethodResult<'forum.topics'>['topics'], format: OutputFormat): SafeText[] {
  if (topics.length === 0) return [safeText`There are no posts yet. To write the first one: MSG Hello`];
  return formatTable(
    [
      { title: 'Topic', maxWidth: 34 },
      rightAligned('Messages'),
      rightAligned('Unread'),
      rightAligned('Mentions'),
      'Last',
    ],
    topics.map(({ topic, posts, unread = 0, mentions = 0, last }) => [
      safeText`#${sanitizeText(topic)}`,
      formatInteger(posts),
      unread > 0 ? formatInteger(unread) : '',
      mentions > 0 ? formatInteger(mentions) : '',
      safeText`#${last.number} by ${sanitizeText(last.member)}, ${formatDuration(Math.max(0, format.now - last.at))} ago`,
    ]),
    format,
  );
}

export function directMessageLine({ number, from, to, text, at, unread }: DirectMessageResult): SafeText {
  const mark = unread ? ' (new)' : '';
  return safeText`#${number}; ${sanitizeText(from)} to ${sanitizeText(to)}: "${sanitizeText(text)}" sent at ${formatForumTime(at)}.${mark}`;
}

export function directMessageLines(messages: readonly DirectMessageResult[]): SafeText[] {
  return messages.length === 0
    ? [safeText`There are no messages. To write one: DM name text`]
    : messages.map(directMessageLine);
}

export function conversationsTable(
  conversations: MethodResult<'messages.conversations'>['conversations'],
  format: OutputFormat,
): SafeText[] {
  if (conversations.length === 0) return directMessageLines([]);
  return formatTable(
    ['With', rightAligned('Unread'), 'Last', { title: 'Text', maxWidth: 48 }],
    conversations.map(({ with: other, unread, last }) => [
      sanitizeText(other),
      unread > 0 ? formatInteger(unread) : '',
      safeText`${formatDuration(Math.max(0, format.now - last.at))} ago`,
      sanitizeText(last.text),
    ]),
    format,
  );
}
