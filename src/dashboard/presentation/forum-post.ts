import { canonicalName } from '../../domain/account.ts';
import { DEFAULT_TOPIC } from '../../domain/post.ts';
import type { ForumPost, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { displayLine, displayText } from './display-text.ts';
import { fitSegments, lineWidth, padLine } from './line-layout.ts';
import { type WrappedLine, wrapWithLinks } from './links.ts';
import { displayTime } from './time-format.ts';

/** The indent of the second and later lines of a post. */
const INDENT_COLUMNS = 2;
const MENTION = /(?<![\p{L}\p{M}\p{Nd}\-_.])@[\p{L}\p{M}\p{Nd}\-_.]{1,32}/gu;

/** Number, time, author, topic and text of a post. */
export function postLines(state: State, post: ForumPost, width: number): StyledLine[] {
  const self = state.member?.name;
  const head = postHead(state, post, width);
  const used = lineWidth(head) + 2;
  const tone: Tone = isDeleted(post) ? 'muted' : 'text';
  return wrapPost(post, width - used, width).map((line, i): StyledLine => {
    const spans = styleText(line, self, tone);
    if (i > 0) return [span(' '.repeat(indentFor(width))), ...spans];
    return line.text === '' ? [...head, span(':', 'muted')] : [...head, span(': ', 'muted'), ...spans];
  });
}

/** Marks the lines of the post at the cursor. */
export function markSelected(lines: readonly StyledLine[], width: number): StyledLine[] {
  return lines.map((line) =>
    padLine(
      line.map((each) => ({ ...each, tone: 'selected' })),
      width,
      'selected',
    ),
  );
}

export const isDeleted = (post: ForumPost): boolean => post.text === null || post.deletedAt !== null;

function postHead({ forum, member }: State, post: ForumPost, width: number): StyledLine {
  const self = member?.name;
  const isOwn = post.member === self;
  const isDirect = forum.view.kind === 'direct';
  const hasOneTopic = isDirect || forum.view.kind === 'thread' || (forum.view.kind === 'topic' && forum.topic !== null);
  const topic = !hasOneTopic && post.topic !== DEFAULT_TOPIC ? `#${displayText(post.topic)}` : '';
  const reply = post.replyTo === null ? '' : `↳ #${post.replyTo}`;
  const isMention =
    self !== undefined && !isOwn && post.mentions.some((name) => canonicalName(name) === canonicalName(self));
  return fitSegments(
    [
      isDirect ? [[]] : [[span(`#${post.number}`, isMention ? 'mention' : 'muted')]],
      [[span(displayTime(post.at), 'muted')], []],
      [[span(displayText(post.member), isOwn ? 'self' : 'strong')]],
      [topic === '' ? [] : [span(topic, 'gold')], []],
      [reply === '' ? [] : [span(reply, 'muted')], []],
    ],
    [4, 3, 1],
    Math.max(1, width - 1),
    ' ',
  );
}

const indentFor = (width: number): number => (width >= 20 ? INDENT_COLUMNS : 0);

function postBody(post: ForumPost): string {
  if (!isDeleted(post)) return `${post.text}${post.editedAt === null ? '' : ' (edited)'}`;
  const by = post.deletedBy !== null && post.deletedBy !== post.member ? ` by ${displayText(post.deletedBy)}` : '';
  return `deleted${by}${post.deletedAt === null ? '' : ` ${displayTime(post.deletedAt)}`}`;
}

/** Caches the last wrapping of each post. Posts are immutable, and the width rarely changes. */
const wrapCache = new WeakMap<ForumPost, { first: number; width: number; lines: readonly WrappedLine[] }>();

function wrapPost(post: ForumPost, first: number, width: number): readonly WrappedLine[] {
  const known = wrapCache.get(post);
  if (known && known.first === first && known.width === width) return known.lines;
  const rest = width - indentFor(width);
  const lines = postBody(post)
    .replace(/\n{3,}/g, '\n\n')
    .split('\n')
    .flatMap((line, i) => wrapWithLinks(displayLine(line), i === 0 ? first : rest, rest));
  wrapCache.set(post, { first, width, lines });
  return lines;
}

/** Adds links, and highlights the mentions of the member. */
function styleText({ text, links }: WrappedLine, self: string | undefined, tone: Tone): StyledSpan[] {
  const spans: StyledSpan[] = [];
  let from = 0;
  for (const { start, end, url } of links) {
    if (start > from) spans.push(...highlightMentions(text.slice(from, start), self, tone));
    spans.push({ text: text.slice(start, end), tone, link: url });
    from = end;
  }
  return from === 0 || from < text.length ? [...spans, ...highlightMentions(text.slice(from), self, tone)] : spans;
}

function highlightMentions(text: string, self: string | undefined, tone: Tone): StyledSpan[] {
  if (self === undefined || !text.includes('@')) return [span(text, tone)];
  const spans: StyledSpan[] = [];
  let from = 0;
  for (const found of text.matchAll(MENTION)) {
    if (!isMentionOf(found[0], self)) continue;
    if (found.index > from) spans.push(span(text.slice(from, found.index), tone));
    spans.push(span(found[0], 'mention'));
    from = found.index + found[0].length;
  }
  if (from < text.length || spans.length === 0) spans.push(span(text.slice(from), tone));
  return spans;
}

/** Whether `@name` is the member. Trailing punctuation belongs to the sentence, unless the name has it. */
function isMentionOf(found: string, self: string): boolean {
  const name = found.slice(1);
  return [name, name.replace(/[-_.]+$/, '')].some((each) => canonicalName(each) === canonicalName(self));
}
