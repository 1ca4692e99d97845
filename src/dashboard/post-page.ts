import type { RpcCaller } from '../repl/rate-history.ts';
import type { PostPage, PostsRequest } from './action.ts';
import { toForumPost } from './reducers/forum.ts';
import { type ForumPost, type ForumView, TOPIC_VIEW } from './state.ts';

const POSTS_PER_PAGE = 100;
/** Before and after a post that is jumped to. */
const POSTS_AROUND = 50;

interface Page {
  /** Oldest first. */
  readonly posts: readonly ForumPost[];
  readonly more: boolean;
}

/** Reads a page of a view. @throws AppError as the daemon answers */
export async function readPostPage(
  caller: Pick<RpcCaller, 'call'>,
  { before, after, around, topic, view = TOPIC_VIEW }: PostsRequest,
): Promise<PostPage> {
  if (around !== undefined && (view.kind === 'topic' || view.kind === 'thread')) {
    const params = { ...filterOf(view, topic), limit: POSTS_AROUND };
    const above = await caller.call('forum.read', { ...params, before: around + 1 });
    const below = await caller.call('forum.read', { ...params, after: around });
    const posts = [...above.posts, ...below.posts];
    return { type: 'posts', posts, more: above.more, older: false, around: { number: around, hasNewer: below.more } };
  }
  if (after !== undefined && (view.kind === 'topic' || view.kind === 'thread')) {
    const params = { ...filterOf(view, topic), after, limit: POSTS_PER_PAGE };
    const { posts, more } = await caller.call('forum.read', params);
    return { type: 'posts', posts, more, older: false, newer: true };
  }
  const page = await readLastBefore(caller, view, topic, before);
  if (after === undefined) return { type: 'posts', ...page, older: before !== null };
  // Hits and direct messages cannot be read upwards: the newest ones replace what is held.
  const number = page.posts.at(-1)?.number ?? after;
  return { type: 'posts', ...page, older: false, around: { number, hasNewer: false } };
}

async function readLastBefore(
  caller: Pick<RpcCaller, 'call'>,
  view: ForumView,
  topic: string | null,
  before: number | null,
): Promise<Page> {
  const params = { limit: POSTS_PER_PAGE, ...(before === null ? {} : { before }) };
  switch (view.kind) {
    case 'topic':
    case 'thread':
      return await caller.call('forum.read', { ...params, ...filterOf(view, topic) });
    case 'search': {
      const { posts, more } = await caller.call('forum.search', { ...params, text: view.text });
      return { posts: [...posts].reverse(), more };
    }
    case 'direct': {
      const { messages, more } = await caller.call('messages.read', { ...params, with: view.member });
      return { posts: messages.map(toForumPost), more };
    }
  }
}

function filterOf(view: ForumView, topic: string | null): { thread?: number; topic?: string } {
  if (view.kind === 'thread') return { thread: view.root };
  return topic === null ? {} : { topic };
}

export function isSameView(a: ForumView, b: ForumView): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
