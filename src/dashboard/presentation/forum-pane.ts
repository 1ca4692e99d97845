import { canonicalName } from '../../domain/account.ts';
import { DEFAULT_TOPIC } from '../../domain/post.ts';
import { displayWidth } from '../../repl/text-width.ts';
import type { ForumPost, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { withCommandOutput } from './command-output.ts';
import { displayLine, displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { fitSegments, fitToPane, lineWidth } from './line-layout.ts';
import { simulatedBadge } from './simulated.ts';
import { displayDate, displayTime } from './time-format.ts';
import { wrap } from './wrap.ts';

/** The indent of the second and later lines of a post. */
const INDENT_COLUMNS = 2;
const MENTION = /(?<![\p{L}\p{M}\p{Nd}\-_.])@[\p{L}\p{M}\p{Nd}\-_.]{1,32}/gu;

/** The shown topic, and the unread counts of the others. */
export function forumTitle(state: State, width: number): StyledLine {
  const { topic, topics, scroll } = state.forum;
  const others = topics
    .filter((each) => each.topic !== topic && each.unread > 0)
    .flatMap((each): StyledSpan[] => [
      span(` #${displayText(each.topic)}`, 'muted'),
      span(` ${each.unread}`, each.mentions > 0 ? 'mention' : 'strong'),
    ]);
  return fitSegments(
    [
      [[span('Forum', 'title')]],
      [[span(topic === null ? 'all topics' : `#${displayText(topic)}`, 'gold')]],
      [others.length > 0 ? [span('unread', 'muted'), ...others] : [], []],
      [scroll > 0 ? [span('scrolled up', 'warn')] : [], []],
      [simulatedBadge(state), []],
    ],
    [4, 2, 3],
    width,
  );
}

export function forumLines(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const posts = postsOfTopic(state);
  const empty = paragraphs(emptyForumText(state), width).slice(0, height);
  const lines = posts.length === 0 ? empty : visiblePostLines(state, posts, width, height);
  return fitToPane(withCommandOutput(lines, state, width, height), state, width, height);
}

/** The number of lines of all loaded posts. */
export function forumHeight(state: State, width: number): number {
  const posts = postsOfTopic(state);
  const unread = firstUnread(state, posts);
  let height = width > 0 && state.forum.hasMore && posts.length > 0 ? 1 : 0;
  for (let i = posts.length - 1; i >= 0 && width > 0; i--) height += postBlock(state, posts, i, unread, width).length;
  return height;
}

function postsOfTopic({ forum: { posts, topic } }: State): readonly ForumPost[] {
  return topic === null || posts.every((post) => post.topic === topic)
    ? posts
    : posts.filter((post) => post.topic === topic);
}

/** Wraps only as many posts, from the newest one up, as the pane needs. */
function visiblePostLines(state: State, posts: readonly ForumPost[], width: number, height: number): StyledLine[] {
  const wanted = Math.min(Math.max(0, state.forum.scroll), Number.MAX_SAFE_INTEGER) + height;
  const unread = firstUnread(state, posts);
  const blocks: StyledLine[][] = [];
  let count = 0;
  let i = posts.length - 1;
  for (; i >= 0 && count < wanted; i--) {
    const lines = postBlock(state, posts, i, unread, width);
    blocks.push(lines);
    count += lines.length;
  }
  if (i < 0 && count < wanted && state.forum.hasMore) {
    blocks.push([[span('↑ scroll up to load older posts', 'muted')]]);
    count += 1;
  }
  const lines = blocks.reverse().flat();
  const end = Math.max(Math.min(lines.length, height), lines.length - Math.max(0, state.forum.scroll));
  return lines.slice(Math.max(0, end - height), end);
}

/** A post, preceded by the date if it changes, and by a divider before the first unread post. */
function postBlock(state: State, posts: readonly ForumPost[], i: number, unread: number, width: number): StyledLine[] {
  const post = posts[i]!;
  const day = displayDate(post.at);
  const before = posts[i - 1];
  const lines: StyledLine[] = [];
  if (!before || displayDate(before.at) !== day) lines.push(dividerLine(day, width, 'muted'));
  if (i === unread) lines.push(dividerLine('unread', width, 'accent'));
  lines.push(...postLines(state, post, width));
  return lines;
}

function dividerLine(text: string, width: number, tone: Tone): StyledLine {
  const rest = width - displayWidth(text) - 4;
  return rest < 0
    ? [span(text, tone)]
    : [span('── ', 'muted'), span(text, tone), span(` ${'─'.repeat(rest)}`, 'muted')];
}

/** The index of the oldest unread post, according to the daemon's counts; -1: none. */
function firstUnread({ forum: { topics }, member }: State, posts: readonly ForumPost[]): number {
  const left = new Map(topics.filter(({ unread }) => unread > 0).map(({ topic, unread }) => [topic, unread]));
  let first = -1;
  for (let i = posts.length - 1; i >= 0 && left.size > 0; i--) {
    const post = posts[i]!;
    const unread = left.get(post.topic);
    if (unread === undefined || post.member === member?.name) continue;
    first = i;
    if (unread > 1) left.set(post.topic, unread - 1);
    else left.delete(post.topic);
  }
  return first;
}

function postLines(state: State, post: ForumPost, width: number): StyledLine[] {
  const self = state.member?.name;
  const isOwn = post.member === self;
  const topic = state.forum.topic === null && post.topic !== DEFAULT_TOPIC ? `#${displayText(post.topic)}` : '';
  const reply = post.replyTo === null ? '' : `↳ #${post.replyTo}`;
  const body = postBody(post);
  const isMention =
    self !== undefined && !isOwn && post.mentions.some((name) => canonicalName(name) === canonicalName(self));
  const name: Tone = isOwn ? 'self' : 'strong';
  const head = fitSegments(
    [
      [[span(`#${post.number}`, isMention ? 'mention' : 'muted')]],
      [[span(displayTime(post.at), 'muted')], []],
      [[span(displayText(post.member), name)]],
      [topic === '' ? [] : [span(topic, 'gold')], []],
      [reply === '' ? [] : [span(reply, 'muted')], []],
    ],
    [4, 3, 1],
    Math.max(1, width - 1),
    ' ',
  );
  const used = lineWidth(head) + 2;
  const text = wrapPost(post, body, width - used, width);
  const tone: Tone = isDeleted(post) ? 'muted' : 'text';
  return text.map((line, i): StyledLine => {
    const spans = self === undefined ? [span(line, tone)] : highlightMentions(line, self, tone);
    if (i > 0) return [span(' '.repeat(indentFor(width))), ...spans];
    return line === '' ? [...head, span(':', 'muted')] : [...head, span(': ', 'muted'), ...spans];
  });
}

const isDeleted = (post: ForumPost): boolean => post.text === null || post.deletedAt !== null;
const indentFor = (width: number): number => (width >= 20 ? INDENT_COLUMNS : 0);

function postBody(post: ForumPost): string {
  if (!isDeleted(post)) return `${post.text}${post.editedAt === null ? '' : ' (edited)'}`;
  const by = post.deletedBy !== null && post.deletedBy !== post.member ? ` by ${displayText(post.deletedBy)}` : '';
  return `deleted${by}${post.deletedAt === null ? '' : ` ${displayTime(post.deletedAt)}`}`;
}

/** Caches the last wrapping of each post. Posts are immutable, and the width rarely changes. */
const wrapCache = new WeakMap<ForumPost, { first: number; width: number; lines: readonly string[] }>();

function wrapPost(post: ForumPost, body: string, first: number, width: number): readonly string[] {
  const known = wrapCache.get(post);
  if (known && known.first === first && known.width === width) return known.lines;
  const rest = width - indentFor(width);
  const lines = body
    .replace(/\n{3,}/g, '\n\n')
    .split('\n')
    .flatMap((line, i) => wrap(displayLine(line), i === 0 ? first : rest, rest));
  wrapCache.set(post, { first, width, lines });
  return lines;
}

/** Whether `@name` is the member. Trailing punctuation belongs to the sentence, unless the name has it. */
function isMentionOf(found: string, self: string): boolean {
  const name = found.slice(1);
  return [name, name.replace(/[-_.]+$/, '')].some((each) => canonicalName(each) === canonicalName(self));
}

/** Highlights the mentions of the member in a line. */
function highlightMentions(line: string, self: string, tone: Tone): StyledSpan[] {
  if (!line.includes('@')) return [span(line, tone)];
  const spans: StyledSpan[] = [];
  let from = 0;
  for (const found of line.matchAll(MENTION)) {
    if (!isMentionOf(found[0], self)) continue;
    if (found.index > from) spans.push(span(line.slice(from, found.index), tone));
    spans.push(span(found[0], 'mention'));
    from = found.index + found[0].length;
  }
  if (from < line.length || spans.length === 0) spans.push(span(line.slice(from), tone));
  return spans;
}

function emptyForumText(state: State): string[] {
  const { topic, isLoaded } = state.forum;
  if (!isLoaded) return emptyStateText(state, 'the forum');
  return [
    topic === null ? 'No posts yet.' : `No posts in #${displayText(topic)} yet.`,
    state.member === null ? 'Sign in to write the first one.' : 'Write the first one: MSG Hello',
  ];
}
