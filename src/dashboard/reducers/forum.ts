import type { ActionOf, Effect, Step } from '../action.ts';
import { computeLayout, innerSize } from '../layout.ts';
import { forumHeight } from '../presentation/forum-pane.ts';
import type { ForumPost, ForumState, State } from '../state.ts';
import { neighbour, step, withNotice } from './step.ts';

/** How many posts the state holds. Older posts are read again when the member scrolls up to them. */
const MAX_POSTS = 500;
const MAX_POSTS_SCROLLED_UP = MAX_POSTS * 2;

export const markReadEffect = (state: State): Effect => ({ type: 'markRead', topic: state.forum.topic });

export function scrollForum(state: State, by: number): Step {
  const { forum } = state;
  const limit = maxScroll(state);
  const scroll = Math.min(Math.max(0, forum.scroll - by), limit);
  // The newest posts may have been dropped while the member was scrolled up: see mergePosts.
  if (scroll === 0 && forum.scroll > 0 && forum.posts.length >= MAX_POSTS_SCROLLED_UP) {
    return loadTopic(state, forum.topic);
  }
  const [oldest] = forum.posts;
  const after = { ...state, forum: { ...forum, scroll } };
  if (by >= 0 || !forum.hasMore || oldest === undefined || scroll !== limit) return step(after);
  return step(after, { type: 'loadPosts', before: oldest.number, topic: forum.topic });
}

function loadTopic(state: State, topic: string | null, ...effects: Effect[]): Step {
  const forum = { ...state.forum, topic, posts: [], isLoaded: false, hasMore: false, scroll: 0 };
  return step({ ...state, forum }, { type: 'loadPosts', before: null, topic }, ...effects);
}

function forumSize(state: State): { width: number; height: number } {
  return innerSize(computeLayout(state).forum);
}

function maxScroll(state: State): number {
  const { width, height } = forumSize(state);
  return Math.max(0, forumHeight(state, width) - height);
}

export function switchTopic(state: State, by: 1 | -1): Step {
  const topic = neighbour([null, ...state.forum.topics.map((each) => each.topic)], state.forum.topic, by);
  return loadTopic(state, topic, { type: 'markRead', topic });
}

export function onPost(state: State, post: ForumPost): Step {
  const { forum } = state;
  if (forum.topic !== null && post.topic !== forum.topic) return step(state);
  const isKnown = forum.posts.some(({ number }) => number === post.number);
  const merged = mergePosts(forum, [post]);
  const after = { ...state, forum: merged };
  if (forum.scroll > 0) {
    // Keeps the lines that the member is reading in place.
    const { width } = forumSize(state);
    const addedLines = forumHeight(after, width) - forumHeight(state, width);
    after.forum = { ...merged, scroll: Math.min(Math.max(0, forum.scroll + addedLines), maxScroll(after)) };
  }
  const self = state.member?.name;
  const isMention =
    self !== undefined && post.member !== self && !isKnown && post.text !== null && post.mentions.includes(self);
  if (isMention) return step(withNotice(after, `${post.member} mentions you in #${post.topic}.`, 'good'));
  return step(after);
}

/** Adds a page of posts. If there is a gap between it and the held posts, it replaces them. */
export function withPostPage(forum: ForumState, { posts, more, older }: ActionOf<'posts'>): ForumState {
  const newest = forum.posts.at(-1)?.number ?? 0;
  const hasGap = !older && more && (posts[0]?.number ?? 0) > newest;
  const merged = mergePosts(hasGap ? { ...forum, posts: [], scroll: 0 } : forum, posts);
  return { ...merged, isLoaded: true, hasMore: more };
}

function mergePosts(forum: ForumState, posts: readonly ForumPost[]): ForumState {
  const [first] = posts;
  if (posts.length === 1 && forum.scroll === 0 && first!.number > (forum.posts.at(-1)?.number ?? 0)) {
    return { ...forum, posts: [...forum.posts.slice(1 - MAX_POSTS), first!] };
  }
  const byNumber = new Map(forum.posts.map((post) => [post.number, post]));
  for (const post of posts) {
    const known = byNumber.get(post.number);
    if (!known || post.seq >= known.seq) byNumber.set(post.number, post);
  }
  const sorted = [...byNumber.values()].sort((a, b) => a.number - b.number);
  // While the member is scrolled up, drop the newest posts: they are read again on the way back to the end.
  const kept = forum.scroll > 0 ? sorted.slice(0, MAX_POSTS_SCROLLED_UP) : sorted.slice(-MAX_POSTS);
  return { ...forum, posts: kept };
}
