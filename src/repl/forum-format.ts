import { formatInteger } from '../domain/number-format.ts';
import { DEFAULT_TOPIC } from '../domain/post.ts';
import { joinSafe, type SafeText, safeText, splitSafe } from '../domain/safe-text.ts';
import { sanitizeLines, sanitizeText } from '../domain/text.ts';
import { type EpochMs, formatDate, formatDateTime, formatDuration } from '../domain/time.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { advise, type OutputFormat } from './output-format.ts';
import { formatTable, rightAligned } from './table.ts';
import { displayWidth } from './text-width.ts';
import { wrapWords } from './wrap-words.ts';

export type PostResult = MethodResult<'forum.read'>['posts'][number];

type DirectMessageResult = MethodResult<'messages.read'>['messages'][number];

/** What somebody looked for, to say so if there is nothing. */
export interface PostQuery {
  readonly topic?: string | undefined;
  readonly since?: EpochMs | undefined;
  readonly thread?: number | undefined;
  readonly before?: number | undefined;
  /** The words of a search. */
  readonly text?: string | undefined;
}

const INDENT = safeText`  `;

/** `#12 19:43 le: text`, and further lines of the text below, indented. */
export function postLines(post: PostResult, format: OutputFormat): SafeText[] {
  const { style } = format;
  const topic = post.topic === DEFAULT_TOPIC ? [] : [style.topic(safeText`#${sanitizeText(post.topic)}`)];
  const reply = post.replyTo === null ? [] : [style.muted(safeText`re #${post.replyTo}`)];
  return messageLines(
    [
      style.muted(safeText`#${post.number}`),
      style.muted(timeOfDay(post.at)),
      style.name(sanitizeText(post.member)),
      ...topic,
      ...reply,
    ],
    postBody(post),
    format,
  );
}

/** The same in one line, for a notice between other output. */
export function postNotice(post: PostResult, format: OutputFormat): SafeText {
  return joinSafe(postLines({ ...post, text: inOneLine(post.text) }, { ...format, fitWidth: undefined }), ' ');
}

function inOneLine<T extends string | null>(text: T): T {
  return (text === null ? null : text.replace(/\s+/g, ' ')) as T;
}

function postBody(post: PostResult): string {
  if (post.text === null || post.deletedAt !== null) {
    const by = post.deletedBy && post.deletedBy !== post.member ? ` by ${post.deletedBy}` : '';
    return `(deleted${by}${post.deletedAt === null ? '' : ` ${formatDateTime(post.deletedAt)}`})`;
  }
  if (post.editedAt === null) return post.text;
  const day = formatDate(post.editedAt) === formatDate(post.at) ? '' : `${formatDate(post.editedAt)} `;
  return `${post.text} (edited ${day}${timeOfDay(post.editedAt)})`;
}

function timeOfDay(at: EpochMs): SafeText {
  return sanitizeText(formatDateTime(at).slice(-5));
}

/** Keeps the line breaks of the text; on a terminal, longer lines are broken at blanks. */
function messageLines(head: readonly SafeText[], text: string, { fitWidth }: OutputFormat): SafeText[] {
  const prefix = safeText`${joinSafe(head, ' ')}: `;
  const lines = splitSafe(sanitizeLines(text), '\n');
  if (fitWidth === undefined) return lines.map((line, i) => safeText`${i === 0 ? prefix : INDENT}${line}`);
  const room = fitWidth - INDENT.length;
  const first = Math.max(16, fitWidth - displayWidth(withoutStyle(prefix)));
  return lines
    .flatMap((line, i) => (line === '' ? [line] : wrapWords(line, room, i === 0 ? first : room)))
    .map((line, i) => safeText`${i === 0 ? prefix : INDENT}${line}`);
}

function withoutStyle(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
  return text.replace(/\x1b\[[\d;]*m/g, '');
}

/** Posts in reading order, with the date wherever it changes. */
export function postListLines(posts: readonly PostResult[], format: OutputFormat): SafeText[] {
  let day = '';
  return posts.flatMap((post) => {
    const date = formatDate(post.at);
    const heading = date === day ? [] : [format.style.heading(date)];
    day = date;
    return [...heading, ...postLines(post, format)];
  });
}

/** Says that no post was found, what was looked for, and which one is the newest. */
export function noPostsLines(query: PostQuery, newest: PostResult | undefined, format: OutputFormat): SafeText[] {
  const { text, topic, since, thread, before } = query;
  const what = joinSafe(
    [
      safeText`No messages`,
      ...(text === undefined ? [] : [safeText`match "${sanitizeText(text)}"`]),
      ...(thread === undefined ? [] : [safeText`in the thread of #${thread}`]),
      ...(topic === undefined ? [] : [safeText`in #${sanitizeText(topic)}`]),
      ...(since === undefined ? [] : [safeText`since ${formatDateTime(since)}`]),
      ...(before === undefined ? [] : [safeText`before #${before}`]),
    ],
    ' ',
  );
  if (newest) {
    const where =
      topic === undefined && newest.topic !== DEFAULT_TOPIC ? safeText` in #${sanitizeText(newest.topic)}` : '';
    return [
      safeText`${what}. The newest is #${newest.number} by ${sanitizeText(newest.member)}${where}, ${formatDateTime(newest.at)}.`,
    ];
  }
  const isEverything = topic === undefined && thread === undefined;
  const start = advise(format, safeText`goldctl forum post "Hello"`, safeText`MSG Hello`);
  return [isEverything ? safeText`There are no messages yet. To write the first one: ${start}` : safeText`${what}.`];
}

/** Search results, newest last, in reading order. */
export function searchResultLines(posts: readonly PostResult[], more: boolean, format: OutputFormat): SafeText[] {
  const found = safeText`${posts.length} result${posts.length === 1 ? '' : 's'}${more ? ', the newest of more' : ''}`;
  return [found, ...postListLines([...posts].reverse(), format)];
}

/** A post and its earlier versions, oldest first. */
export function revisionLines({ post, revisions }: MethodResult<'forum.revisions'>, format: OutputFormat): SafeText[] {
  if (revisions.length === 0) return [...postListLines([post], format), safeText`It was never edited.`];
  const { style } = format;
  return [
    ...revisions.flatMap(({ text, at }) =>
      messageLines(
        [
          style.muted(safeText`#${post.number}`),
          style.name(sanitizeText(post.member)),
          style.muted(safeText`since ${formatDateTime(at)}`),
        ],
        text,
        format,
      ),
    ),
    ...postListLines([post], format),
  ];
}

export function topicsTable(topics: MethodResult<'forum.topics'>['topics'], format: OutputFormat): SafeText[] {
  if (topics.length === 0) return noPostsLines({}, undefined, format);
  return formatTable(
    [
      { title: 'Topic', maxWidth: 34, importance: 3, minWidth: 12 },
      { ...rightAligned('Messages'), importance: 1 },
      rightAligned('Unread'),
      rightAligned('Mentions'),
      { title: 'Last', minWidth: 14 },
    ],
    topics.map(({ topic, posts, unread = 0, mentions = 0, last }) => [
      { text: safeText`#${sanitizeText(topic)}`, style: format.style.topic },
      formatInteger(posts),
      unread > 0 ? formatInteger(unread) : '',
      mentions > 0 ? formatInteger(mentions) : '',
      safeText`#${last.number} by ${sanitizeText(last.member)}, ${formatDuration(Math.max(0, format.now - last.at))} ago`,
    ]),
    format,
  );
}

/** `#7 19:43 luke to yoda: text` */
export function directMessageLines(message: DirectMessageResult, format: OutputFormat): SafeText[] {
  const { number, from, to, text, at, unread } = message;
  const { style } = format;
  return messageLines(
    [
      style.muted(safeText`#${number}`),
      style.muted(timeOfDay(at)),
      safeText`${style.name(sanitizeText(from))} to ${style.name(sanitizeText(to))}`,
    ],
    `${text}${unread ? ' (new)' : ''}`,
    format,
  );
}

/** The same in one line, for a notice between other output. */
export function directMessageNotice(message: DirectMessageResult, format: OutputFormat): SafeText {
  const text = inOneLine(message.text);
  return joinSafe(directMessageLines({ ...message, text, unread: false }, { ...format, fitWidth: undefined }), ' ');
}

/** A conversation in reading order, with the date wherever it changes. @param other the other member */
export function conversationLines(
  messages: readonly DirectMessageResult[],
  other: string,
  format: OutputFormat,
): SafeText[] {
  if (messages.length === 0) {
    const name = sanitizeText(other);
    const how = advise(format, safeText`goldctl forum dm ${name} "Hello"`, safeText`DM ${name} Hello`);
    return [safeText`There are no messages with ${name}. To write one: ${how}`];
  }
  let day = '';
  return messages.flatMap((message) => {
    const date = formatDate(message.at);
    const heading = date === day ? [] : [format.style.heading(date)];
    day = date;
    return [...heading, ...directMessageLines(message, format)];
  });
}

export function conversationsTable(
  conversations: MethodResult<'messages.conversations'>['conversations'],
  format: OutputFormat,
): SafeText[] {
  if (conversations.length === 0) {
    const how = advise(format, safeText`goldctl forum dm NAME "Hello"`, safeText`DM name text`);
    return [safeText`There are no direct messages yet. To write one: ${how}`];
  }
  return formatTable(
    [
      { title: 'With', importance: 3, minWidth: 12 },
      rightAligned('Unread'),
      'Last',
      { title: 'Text', maxWidth: 48, minWidth: 10, importance: 1 },
    ],
    conversations.map(({ with: other, unread, last }) => [
      { text: sanitizeText(other), style: format.style.name },
      unread > 0 ? formatInteger(unread) : '',
      safeText`${formatDuration(Math.max(0, format.now - last.at))} ago`,
      sanitizeText(last.text),
    ]),
    format,
  );
}
