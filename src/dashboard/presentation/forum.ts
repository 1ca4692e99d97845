import { nameKey } from '../../domain/name.ts';
import { LOBBY } from '../../domain/post.ts';
import { displayWidth } from '../../repl/width.ts';
import type { Post, State } from '../state.ts';
import { type Span, type StyledLine, span, type Tone } from '../styled.ts';
import { withAnswer } from './answer.ts';
import { sentences, waiting } from './empty.ts';
import { finish, squeeze, widthOf } from './lines.ts';
import { dayOf, timeOf } from './moment.ts';
import { simulatedMark } from './simulated.ts';
import { safe, safeLine } from './text.ts';
import { wrap } from './wrap.ts';

/** Columns that the further lines of a post are indented by. */
const INDENT = 2;
const MENTION = /(?<![\p{L}\p{M}\p{Nd}\-_.])@[\p{L}\p{M}\p{Nd}\-_.]{1,32}/gu;

/** The shown topic and what is unread in the others. */
export function title(state: State, width: number): StyledLine {
  const { topic, topics, scroll } = state.forum;
  const others = topics
    .filter((each) => each.topic !== topic && each.unread > 0)
    .flatMap((each): Span[] => [
      span(` #${safe(each.topic)}`, 'muted'),
      span(` ${each.unread}`, each.mentions > 0 ? 'mention' : 'strong'),
    ]);
  return squeeze(
    [
      [[span('Forum', 'title')]],
      [[span(topic === null ? 'all topics' : `#${safe(topic)}`, 'gold')]],
      [others.length > 0 ? [span('unread', 'muted'), ...others] : [], []],
      [scroll > 0 ? [span('scrolled up', 'warn')] : [], []],
      [simulatedMark(state), []],
    ],
    [4, 2, 3],
    width,
  );
}

export function forum(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const posts = shownPosts(state);
  const lines =
    posts.length === 0 ? sentences(emptyTexts(state), width).slice(0, height) : feed(state, posts, width, height);
  return finish(withAnswer(lines, state, width, height), state, width, height);
}

/** Lines that all held posts take: what `forum.scroll` can go up to is this less the height of the pane. */
export function feedHeight(state: State, width: number): number {
  const posts = shownPosts(state);
  const unread = firstUnread(state, posts);
  let height = width > 0 && state.forum.more && posts.length > 0 ? 1 : 0;
  for (let i = posts.length - 1; i >= 0 && width > 0; i--) height += block(state, posts, i, unread, width).length;
  return height;
}

function shownPosts({ forum: { posts, topic } }: State): readonly Post[] {
  return topic === null || posts.every((post) => post.topic === topic)
    ? posts
    : posts.filter((post) => post.topic === topic);
}

/** Only as many posts are wrapped as it takes to fill the pane from the newest one up. */
function feed(state: State, posts: readonly Post[], width: number, height: number): StyledLine[] {
  const wanted = Math.min(Math.max(0, state.forum.scroll), Number.MAX_SAFE_INTEGER) + height;
  const unread = firstUnread(state, posts);
  const blocks: StyledLine[][] = [];
  let count = 0;
  let i = posts.length - 1;
  for (; i >= 0 && count < wanted; i--) {
    const lines = block(state, posts, i, unread, width);
    blocks.push(lines);
    count += lines.length;
  }
  if (i < 0 && count < wanted && state.forum.more) {
    blocks.push([[span('↑ older posts are read as you scroll up', 'muted')]]);
    count += 1;
  }
  const lines = blocks.reverse().flat();
  const end = Math.max(Math.min(lines.length, height), lines.length - Math.max(0, state.forum.scroll));
  return lines.slice(Math.max(0, end - height), end);
}

/** A post with what stands above it: the day when it is another one, and where the unread ones begin. */
function block(state: State, posts: readonly Post[], i: number, unread: number, width: number): StyledLine[] {
  const post = posts[i]!;
  const day = dayOf(post.at);
  const before = posts[i - 1];
  const lines: StyledLine[] = [];
  if (!before || dayOf(before.at) !== day) lines.push(rule(day, width, 'muted'));
  if (i === unread) lines.push(rule('unread', width, 'accent'));
  lines.push(...postLines(state, post, width));
  return lines;
}

function rule(text: string, width: number, tone: Tone): StyledLine {
  const rest = width - displayWidth(text) - 4;
  return rest < 0
    ? [span(text, tone)]
    : [span('── ', 'muted'), span(text, tone), span(` ${'─'.repeat(rest)}`, 'muted')];
}

/** The place of the oldest post that the member has not read, by the daemon's counts; -1: none. */
function firstUnread({ forum: { topics }, member }: State, posts: readonly Post[]): number {
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

function postLines(state: State, post: Post, width: number): StyledLine[] {
  const self = state.member?.name;
  const isOwn = post.member === self;
  const topic = state.forum.topic === null && post.topic !== LOBBY ? `#${safe(post.topic)}` : '';
  const reply = post.replyTo === null ? '' : `↳ #${post.replyTo}`;
  const body = bodyOf(post);
  const isMention = self !== undefined && !isOwn && post.mentions.some((name) => nameKey(name) === nameKey(self));
  const name: Tone = isOwn ? 'self' : 'strong';
  const head = squeeze(
    [
      [[span(`#${post.number}`, isMention ? 'mention' : 'muted')]],
      [[span(timeOf(post.at), 'muted')], []],
      [[span(safe(post.member), name)]],
      [topic === '' ? [] : [span(topic, 'gold')], []],
      [reply === '' ? [] : [span(reply, 'muted')], []],
    ],
    [4, 3, 1],
    Math.max(1, width - 1),
    ' ',
  );
  const used = widthOf(head) + 2;
  const text = wrapped(post, body, width - used, width);
  const tone: Tone = isDeleted(post) ? 'muted' : 'text';
  return text.map((line, i): StyledLine => {
    const spans = self === undefined ? [span(line, tone)] : marked(line, self, tone);
    if (i > 0) return [span(' '.repeat(indentOf(width))), ...spans];
    return line === '' ? [...head, span(':', 'muted')] : [...head, span(': ', 'muted'), ...spans];
  });
}

const isDeleted = (post: Post): boolean => post.text === null || post.deletedAt !== null;
const indentOf = (width: number): number => (width >= 20 ? INDENT : 0);

function bodyOf(post: Post): string {
  if (!isDeleted(post)) return `${post.text}${post.editedAt === null ? '' : ' (edited)'}`;
  const by = post.deletedBy !== null && post.deletedBy !== post.member ? ` by ${safe(post.deletedBy)}` : '';
  return `deleted${by}${post.deletedAt === null ? '' : ` ${timeOf(post.deletedAt)}`}`;
}

/** The last wrapping of each post: posts do not change, and the width seldom does. */
const wrappings = new WeakMap<Post, { first: number; width: number; lines: readonly string[] }>();

function wrapped(post: Post, body: string, first: number, width: number): readonly string[] {
  const known = wrappings.get(post);
  if (known && known.first === first && known.width === width) return known.lines;
  const rest = width - indentOf(width);
  const lines = body
    .replace(/\n{3,}/g, '\n\n')
    .split('\n')
    .flatMap((line, i) => wrap(safeLine(line), i === 0 ? first : rest, rest));
  wrappings.set(post, { first, width, lines });
  return lines;
}

/** Whether `@name` names the member; a full stop after it belongs to the sentence, unless the name has it. */
function names(found: string, self: string): boolean {
  const name = found.slice(1);
  return [name, name.replace(/[-_.]+$/, '')].some((each) => nameKey(each) === nameKey(self));
}

/** A line with the mentions of the member marked. */
function marked(line: string, self: string, tone: Tone): Span[] {
  if (!line.includes('@')) return [span(line, tone)];
  const spans: Span[] = [];
  let from = 0;
  for (const found of line.matchAll(MENTION)) {
    if (!names(found[0], self)) continue;
    if (found.index > from) spans.push(span(line.slice(from, found.index), tone));
    spans.push(span(found[0], 'mention'));
    from = found.index + found[0].length;
  }
  if (from < line.length || spans.length === 0) spans.push(span(line.slice(from), tone));
  return spans;
}

function emptyTexts(state: State): string[] {
  const { topic, loaded } = state.forum;
  if (!loaded) return waiting(state, 'the forum');
  return [
    topic === null ? 'No posts yet.' : `No posts in #${safe(topic)} yet.`,
    state.member === null ? 'Sign in to write the first one.' : 'Write the first one: MSG Hello',
  ];
}
