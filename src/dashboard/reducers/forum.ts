import { canonicalName } from '../../domain/account.ts';
import type { ActionOf, Effect, Step } from '../action.ts';
import type { DirectMessage, ForumPost, ForumState, State } from '../state.ts';
import { effectIf, step, withNotice } from './step.ts';

/** How many posts the state holds. Others are read again when the member scrolls to them. */
const MAX_POSTS = 500;

/** Posting and Escape mark what is shown as read. */
export function markReadEffect({ forum: { topic, view, posts } }: State): Effect {
  if (view.kind !== 'direct') return { type: 'markRead', topic: view.kind === 'topic' ? topic : null };
  return { type: 'markMessagesRead', member: view.member, number: posts.at(-1)?.number ?? 0 };
}

export function onPost(state: State, post: ForumPost): Step {
  const { forum } = state;
  const after = isInView(forum, post) ? { ...state, forum: withArrival(forum, post, state.focus === 'forum') } : state;
  const self = state.member?.name;
  const isKnown = forum.posts.some(({ number }) => number === post.number);
  const isMention =
    self !== undefined && post.member !== self && !isKnown && post.text !== null && post.mentions.includes(self);
  if (isMention) return step(withNotice(after, `${post.member} mentions you in #${post.topic}.`, 'good'));
  return step(after);
}

/** A search shows what was found; only changes of that come in. */
function isInView({ view, topic, posts }: ForumState, post: ForumPost): boolean {
  switch (view.kind) {
    case 'topic':
      return topic === null || post.topic === topic;
    case 'thread':
      return post.number === view.root || post.replyTo === view.root;
    case 'search':
      return posts.some(({ number }) => number === post.number);
    case 'direct':
      return false;
  }
}

export function onDirectMessage(state: State, message: DirectMessage): Step {
  const self = state.member?.name ?? '';
  const isOwn = canonicalName(message.from) === canonicalName(self);
  const other = isOwn ? message.to : message.from;
  const { forum } = state;
  const isShown = forum.view.kind === 'direct' && canonicalName(forum.view.member) === canonicalName(other);
  if (isShown) {
    const after = { ...state, forum: withArrival(forum, toForumPost(message), state.focus === 'forum') };
    const isSeen = !isOwn && after.forum.anchor === null;
    return step(after, ...effectIf(isSeen, { type: 'markMessagesRead', member: other, number: message.number }));
  }
  if (isOwn) return step(state);
  const known = state.conversations.find((each) => canonicalName(each.member) === canonicalName(other));
  const others = state.conversations.filter((each) => each !== known);
  const conversations = [{ member: other, unread: (known?.unread ?? 0) + 1 }, ...others];
  return step(withNotice({ ...state, conversations }, `Message from ${other}: ${message.text}`, 'good'));
}

/** A direct message in the shape of a post. */
export function toForumPost({ number, from, text, at, seq }: DirectMessage): ForumPost {
  const never = { replyTo: null, editedAt: null, deletedAt: null, deletedBy: null };
  return { number, member: from, text, topic: '', mentions: [], at, seq, ...never };
}

/** Adds a page of posts. If there is a gap between it and the held posts, it replaces them. */
export function withPostPage(forum: ForumState, { posts, more, older, newer, around }: ActionOf<'posts'>): ForumState {
  const loaded = { ...forum, isLoaded: true, requestedAt: 0 };
  if (around) {
    const { number, hasNewer } = around;
    const cursor = posts.findLast((post) => post.number <= number)?.number ?? null;
    const anchor = hasNewer || cursor !== posts.at(-1)?.number ? { number: cursor ?? number, hidden: 0 } : null;
    return { ...withMerged({ ...loaded, posts: [] }, posts, 'newest'), hasMore: more, hasNewer, cursor, anchor };
  }
  if (older) return { ...withMerged(loaded, posts, 'oldest'), hasMore: more };
  if (newer) return { ...withMerged(loaded, posts, 'newest'), hasNewer: more };
  const newest = forum.posts.at(-1)?.number ?? 0;
  const hasGap = more && (posts[0]?.number ?? 0) > newest;
  // While the member reads older posts, what is newer waits until they scroll down.
  if (hasGap && forum.anchor !== null) return { ...loaded, hasNewer: true };
  if (hasGap || forum.posts.length === 0) {
    return { ...withMerged({ ...loaded, posts: [] }, posts, 'newest'), hasMore: more, hasNewer: false };
  }
  const known = new Set(forum.posts.map(({ number }) => number));
  const isWindowEnd = forum.hasNewer && !posts.some(({ number }) => known.has(number));
  if (isWindowEnd) return loaded;
  const merged = withMerged(loaded, posts, forum.anchor === null ? 'newest' : 'oldest');
  return { ...merged, hasMore: merged.hasMore || more };
}

/** A new or changed post of the view. */
function withArrival(forum: ForumState, post: ForumPost, isFocused: boolean): ForumState {
  const { posts, anchor, cursor, hasNewer, newBelow } = forum;
  const last = posts.at(-1);
  const isNew = post.number > (last?.number ?? 0);
  if (!isNew) {
    const isHeld = posts.some(({ number }) => number === post.number);
    return isHeld ? withMerged(forum, [post], 'newest') : forum;
  }
  if (hasNewer) return { ...forum, newBelow: newBelow + 1 };
  // A post at the cursor stays where it is.
  const holds = anchor ?? (cursor !== null && isFocused && last ? { number: last.number, hidden: 0 } : null);
  if (holds === null) return withMerged(forum, [post], 'newest');
  if (posts.length >= MAX_POSTS) return { ...forum, anchor: holds, hasNewer: true, newBelow: newBelow + 1 };
  return { ...forum, posts: [...posts, post], anchor: holds, newBelow: newBelow + 1 };
}

/** Merges posts and keeps those at one end of the window. */
function withMerged(forum: ForumState, posts: readonly ForumPost[], kept: 'oldest' | 'newest'): ForumState {
  const byNumber = new Map(forum.posts.map((post) => [post.number, post]));
  for (const post of posts) {
    const known = byNumber.get(post.number);
    if (!known || post.seq >= known.seq) byNumber.set(post.number, post);
  }
  const sorted = [...byNumber.values()].sort((a, b) => a.number - b.number);
  if (sorted.length <= MAX_POSTS) return { ...forum, posts: sorted };
  return kept === 'oldest'
    ? { ...forum, posts: sorted.slice(0, MAX_POSTS), hasNewer: true }
    : { ...forum, posts: sorted.slice(-MAX_POSTS), hasMore: true };
}
