import type { Effect, Step } from '../action.ts';
import { forumSize } from '../layout.ts';
import {
  anchorShowing,
  cursorIndex,
  forumViewport,
  postIndexAt,
  scrolledAnchor,
  shownPosts,
} from '../presentation/forum-viewport.ts';
import type { ForumAnchor, State } from '../state.ts';
import { step } from './step.ts';

/** Further posts are requested while this many are left to read. */
const PREFETCH_POSTS = 20;
/** A request that is not answered by then is repeated. */
const REQUEST_TIMEOUT_MS = 3000;

/** Scrolls by lines; up is negative. The cursor stays on the screen. */
export function scrollForum(state: State, by: number): Step {
  const { width, height } = forumSize(state);
  if (width <= 0 || height <= 0) return step(state);
  const scrolled = withAnchor(state, scrolledAnchor(state, width, height, by));
  const { first, last, cutTop } = forumViewport(scrolled, width, height);
  const posts = shownPosts(scrolled);
  const at = cursorIndex(scrolled);
  const top = cutTop > 0 && first < last ? first + 1 : first;
  const index = Math.min(Math.max(at, top), last);
  const isFollowing = scrolled.forum.anchor === null && (state.focus !== 'forum' || index === posts.length - 1);
  const cursor = isFollowing ? null : (posts[index]?.number ?? null);
  return requestMore({ ...scrolled, forum: { ...scrolled.forum, cursor } }, by, first, last);
}

/** Moves the cursor by posts; up is negative. */
export function moveForumCursor(state: State, by: number): Step {
  const posts = shownPosts(state);
  const index = Math.min(Math.max(cursorIndex(state) + by, 0), posts.length - 1);
  return index < 0 ? step(state) : setCursor(state, index, by);
}

export function clickPost(state: State, row: number): Step {
  const { width, height } = forumSize(state);
  const index = state.output === null ? postIndexAt(state, width, height, row) : undefined;
  return index === undefined ? step(state) : setCursor(state, index, 0);
}

function setCursor(state: State, index: number, by: number): Step {
  const posts = shownPosts(state);
  const { width, height } = forumSize(state);
  const isNewest = index === posts.length - 1 && !state.forum.hasNewer;
  const cursor = isNewest ? null : posts[index]!.number;
  const moved = { ...state, forum: { ...state.forum, cursor } };
  const after = withAnchor(moved, anchorShowing(moved, width, height, index));
  return requestMore(after, by, index, index);
}

function withAnchor(state: State, anchor: ForumAnchor | null): State {
  return { ...state, forum: { ...state.forum, anchor, newBelow: anchor === null ? 0 : state.forum.newBelow } };
}

/** Requests the page that the member is about to reach. */
function requestMore(state: State, by: number, first: number, last: number): Step {
  const { forum, now } = state;
  const { posts, hasMore, hasNewer, view, topic, requestedAt } = forum;
  if (posts.length === 0 || now - requestedAt < REQUEST_TIMEOUT_MS) return step(state);
  const needsOlder = by < 0 && hasMore && first < PREFETCH_POSTS;
  const needsNewer = by > 0 && hasNewer && last >= posts.length - PREFETCH_POSTS;
  if (!needsOlder && !needsNewer) return step(state);
  const where: Pick<Extract<Effect, { type: 'loadPosts' }>, 'before' | 'after'> = needsOlder
    ? { before: posts[0]!.number }
    : { before: null, after: posts.at(-1)!.number };
  return step(
    { ...state, forum: { ...forum, requestedAt: now } },
    { type: 'loadPosts', ...where, topic, ...(view.kind === 'topic' ? {} : { view }) },
  );
}
