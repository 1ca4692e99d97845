import { displayWidth } from '../../repl/text-width.ts';
import type { ForumAnchor, ForumPost, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled-text.ts';
import { markSelected, postLines } from './forum-post.ts';
import { displayDate } from './time-format.ts';

/** What of the posts is visible. `first` and `last` are indices of posts; -1 without posts. */
export interface ForumViewport {
  readonly lines: readonly StyledLine[];
  readonly first: number;
  readonly last: number;
  /** Lines of the first and of the last visible post that are outside. */
  readonly cutTop: number;
  readonly cutBottom: number;
}

/** A position of the lower edge of the screen: `hidden` lines above the end of a post. */
interface Edge {
  readonly index: number;
  readonly hidden: number;
}

/** The posts that the pane shows. A post that was moved to another topic stays loaded, but is not shown. */
export function shownPosts({ forum: { posts, topic, view } }: State): readonly ForumPost[] {
  if (view.kind !== 'topic' || topic === null || posts.every((post) => post.topic === topic)) return posts;
  return posts.filter((post) => post.topic === topic);
}

/** The index of the post at the cursor; -1 without posts. */
export function cursorIndex(state: State): number {
  const { cursor } = state.forum;
  const posts = shownPosts(state);
  if (cursor === null) return posts.length - 1;
  const index = posts.findLastIndex(({ number }) => number <= cursor);
  return index < 0 && posts.length > 0 ? 0 : index;
}

/** The lines of each post, preceded by the date if it changes and by a divider before the first unread post. */
class PostBlocks {
  readonly count: number;
  readonly #state: State;
  readonly #posts: readonly ForumPost[];
  readonly #width: number;
  readonly #firstUnread: number;
  readonly #selected: number;
  readonly #blocks = new Map<number, readonly StyledLine[]>();

  constructor(state: State, width: number) {
    this.#state = state;
    this.#width = width;
    this.#posts = shownPosts(state);
    this.#firstUnread = firstUnread(state, this.#posts);
    this.#selected = state.focus === 'forum' && !state.form ? cursorIndex(state) : -1;
    this.count = this.#posts.length;
  }

  lines(index: number): readonly StyledLine[] {
    const known = this.#blocks.get(index) ?? this.#render(index);
    this.#blocks.set(index, known);
    return known;
  }

  height(index: number): number {
    return this.lines(index).length;
  }

  /** The edge that the state asks for. */
  edge({ forum: { anchor } }: State): Edge {
    const last = this.count - 1;
    if (anchor === null) return { index: last, hidden: 0 };
    const index = this.#posts.findLastIndex(({ number }) => number <= anchor.number);
    if (index < 0) return { index: 0, hidden: 0 };
    const isSame = this.#posts[index]!.number === anchor.number;
    return { index, hidden: isSame ? Math.min(anchor.hidden, this.height(index) - 1) : 0 };
  }

  /** The anchor of an edge. At the newest post, the pane follows new ones. */
  anchor({ index, hidden }: Edge): ForumAnchor | null {
    if (index < 0 || (index === this.count - 1 && hidden === 0 && !this.#state.forum.hasNewer)) return null;
    return { number: this.#posts[index]!.number, hidden };
  }

  /** The lower edge of a screen that begins with a post; undefined if there are too few lines below. */
  edgeBelow(from: number, height: number): Edge | undefined {
    let sum = 0;
    for (let index = from; index < this.count; index++) {
      sum += this.height(index);
      if (sum >= height) return { index, hidden: sum - height };
    }
    return undefined;
  }

  #render(index: number): readonly StyledLine[] {
    const post = this.#posts[index]!;
    const before = this.#posts[index - 1];
    const day = displayDate(post.at);
    const lines: StyledLine[] = [];
    if (index === 0 && this.#state.forum.hasMore) lines.push([span('↑ scroll up to load older posts', 'muted')]);
    if (!before || displayDate(before.at) !== day) lines.push(dividerLine(day, this.#width, 'muted'));
    if (index === this.#firstUnread) lines.push(dividerLine('unread', this.#width, 'accent'));
    const own = postLines(this.#state, post, this.#width);
    return [...lines, ...(index === this.#selected ? markSelected(own, this.#width) : own)];
  }
}

/** Renders only as many posts as fit. */
export function forumViewport(state: State, width: number, height: number): ForumViewport {
  const blocks = new PostBlocks(state, width);
  if (blocks.count === 0 || width <= 0 || height <= 0)
    return { lines: [], first: -1, last: -1, cutTop: 0, cutBottom: 0 };
  let { index: last, hidden: cutBottom } = blocks.edge(state);
  let total = -cutBottom;
  let first = last + 1;
  while (first > 0 && total < height) total += blocks.height(--first);
  if (total < height) {
    const edge = blocks.edgeBelow(0, height) ?? { index: blocks.count - 1, hidden: 0 };
    [last, cutBottom] = [edge.index, edge.hidden];
  }
  const all: StyledLine[] = [];
  for (let index = first; index <= last; index++) all.push(...blocks.lines(index));
  const end = all.length - cutBottom;
  const cutTop = Math.max(0, end - height);
  return { lines: all.slice(cutTop, end), first, last, cutTop, cutBottom };
}

/** The anchor after scrolling by lines; up is negative. */
export function scrolledAnchor(state: State, width: number, height: number, by: number): ForumAnchor | null {
  const blocks = new PostBlocks(state, width);
  const top = blocks.edgeBelow(0, height);
  if (!top || by === Number.POSITIVE_INFINITY) return blocks.anchor({ index: blocks.count - 1, hidden: 0 });
  if (by === Number.NEGATIVE_INFINITY) return blocks.anchor(top);
  let { index, hidden } = lower(blocks.edge(state), top);
  hidden -= by;
  while (hidden >= blocks.height(index) && index > top.index) hidden -= blocks.height(index--);
  while (hidden < 0 && index < blocks.count - 1) hidden += blocks.height(++index);
  return blocks.anchor(lower({ index, hidden: Math.max(0, hidden) }, top));
}

/** The anchor that shows a post as a whole, moving as little as possible; of a long post, its beginning. */
export function anchorShowing(state: State, width: number, height: number, index: number): ForumAnchor | null {
  const { first, last, cutTop, cutBottom } = forumViewport(state, width, height);
  const blocks = new PostBlocks(state, width);
  const bottom = { index: blocks.count - 1, hidden: 0 };
  if (index < first || (index === first && cutTop > 0)) return blocks.anchor(blocks.edgeBelow(index, height) ?? bottom);
  if (index > last || (index === last && cutBottom > 0))
    return blocks.anchor({ index, hidden: Math.max(0, blocks.height(index) - height) });
  return state.forum.anchor;
}

/** The index of the post on a row of the pane. */
export function postIndexAt(state: State, width: number, height: number, row: number): number | undefined {
  const { first, last, cutTop, lines } = forumViewport(state, width, height);
  if (row < 0 || row >= lines.length) return undefined;
  const blocks = new PostBlocks(state, width);
  let end = -cutTop;
  for (let index = first; index <= last; index++) {
    end += blocks.height(index);
    if (row < end) return index;
  }
  return undefined;
}

const lower = (a: Edge, b: Edge): Edge => (a.index > b.index || (a.index === b.index && a.hidden < b.hidden) ? a : b);

function dividerLine(text: string, width: number, tone: Tone): StyledLine {
  const rest = width - displayWidth(text) - 4;
  return rest < 0
    ? [span(text, tone)]
    : [span('── ', 'muted'), span(text, tone), span(` ${'─'.repeat(rest)}`, 'muted')];
}

/** The index of the oldest unread post, according to the daemon's counts; -1: none. */
function firstUnread(state: State, posts: readonly ForumPost[]): number {
  const { view, topics, hasNewer } = state.forum;
  if (view.kind !== 'topic' || hasNewer) return -1;
  const left = new Map(topics.filter(({ unread }) => unread > 0).map(({ topic, unread }) => [topic, unread]));
  let first = -1;
  for (let i = posts.length - 1; i >= 0 && left.size > 0; i--) {
    const post = posts[i]!;
    const unread = left.get(post.topic);
    if (unread === undefined || post.member === state.member?.name) continue;
    first = i;
    if (unread > 1) left.set(post.topic, unread - 1);
    else left.delete(post.topic);
  }
  return first;
}
