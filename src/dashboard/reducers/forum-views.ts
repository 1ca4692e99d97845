import type { Effect, Step } from '../action.ts';
import { cursorIndex, shownPosts } from '../presentation/forum-viewport.ts';
import { type ForumView, type State, TOPIC_VIEW } from '../state.ts';
import { moveForumCursor } from './forum-scroll.ts';
import { neighbour, step, withNotice } from './step.ts';

/** Loads a view, from its newest post or around one. */
function loadView(
  state: State,
  topic: string | null,
  view: ForumView,
  around: number | null,
  ...effects: Effect[]
): Step {
  const empty = {
    posts: [],
    isLoaded: false,
    hasMore: false,
    hasNewer: false,
    anchor: null,
    cursor: null,
    newBelow: 0,
  };
  const leftAt =
    view.kind === 'topic' ? null : state.forum.view.kind === 'topic' ? leavingAt(state) : state.forum.leftAt;
  const forum = { ...state.forum, ...empty, topic, view, leftAt, requestedAt: 0, deletion: null };
  const request = {
    type: 'loadPosts' as const,
    before: null,
    topic,
    ...(around === null ? {} : { around }),
    ...(view.kind === 'topic' ? {} : { view }),
  };
  return step({ ...state, forum }, request, ...effects);
}

/** Where a reader is in the topic; null: at the newest post. */
function leavingAt(state: State): number | null {
  const { anchor, cursor } = state.forum;
  return anchor === null && cursor === null ? null : (shownPosts(state)[cursorIndex(state)]?.number ?? null);
}

export function switchTopic(state: State, by: 1 | -1): Step {
  const topic = neighbour([null, ...state.forum.topics.map((each) => each.topic)], state.forum.topic, by);
  return loadView(state, topic, TOPIC_VIEW, null, { type: 'markRead', topic });
}

/** Enter on a post: its thread; on a hit of a search or a post of a thread: its place in the topic. */
export function openPost(state: State): Step {
  const post = shownPosts(state)[cursorIndex(state)];
  const { view, topic } = state.forum;
  if (!post || view.kind === 'direct') return step(state);
  if (view.kind === 'topic') return loadView(state, topic, { kind: 'thread', root: post.replyTo ?? post.number }, null);
  return loadView(state, topic === post.topic ? topic : null, TOPIC_VIEW, post.number);
}

/** Shows a post in its place, whatever is shown now. */
export function jumpToPost(state: State, number: number): Step {
  return loadView({ ...state, focus: 'forum' }, null, TOPIC_VIEW, number);
}

/** The post that the one at the cursor replies to. */
export function jumpToParent(state: State): Step {
  const post = shownPosts(state)[cursorIndex(state)];
  if (!post || post.replyTo === null) {
    return step(withNotice(state, post ? `#${post.number} is not a reply.` : 'There is no post here.', 'info'));
  }
  const index = shownPosts(state).findIndex(({ number }) => number === post.replyTo);
  return index >= 0 ? moveForumCursor(state, index - cursorIndex(state)) : jumpToPost(state, post.replyTo);
}

export function searchForum(state: State, text: string): Step {
  return loadView({ ...state, focus: 'forum' }, state.forum.topic, { kind: 'search', text }, null);
}

export function openMessages(state: State, member: string): Step {
  return loadView(state, state.forum.topic, { kind: 'direct', member }, null);
}

/** The next conversation with unread messages, or else the next one. */
export function nextConversation(state: State): Step {
  const { conversations, forum } = state;
  const { view } = forum;
  const shown = view.kind === 'direct' ? conversations.findIndex(({ member }) => member === view.member) : -1;
  const following = [...conversations.slice(shown + 1), ...conversations.slice(0, Math.max(0, shown))];
  const next = following.find(({ unread }) => unread > 0) ?? following[0];
  if (next) return openMessages(state, next.member);
  const hint = shown >= 0 ? 'There are no other messages.' : 'You have no messages. To write one: DM name text';
  return step(withNotice(state, hint, 'info'));
}

/** Escape in another view returns to where the topic was left. */
export function closeView(state: State): Step {
  const { topic, leftAt } = state.forum;
  return loadView(state, topic, TOPIC_VIEW, leftAt);
}
