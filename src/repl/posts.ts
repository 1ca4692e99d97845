import { defined } from '../domain/defined.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import type { RpcCaller } from './rate-history.ts';

/** Bounds the memory of one reading. What is older is said to exist. */
export const MAX_POSTS = 100_000;

/** Reads posts since a time page by page, oldest first; at most the newest `most`. */
export async function readPosts(
  caller: RpcCaller,
  params: MethodParams<'forum.read'>,
  most = MAX_POSTS,
): Promise<MethodResult<'forum.read'>> {
  let answer = await caller.call('forum.read', { ...params, limit: Math.min(200, most) });
  while (answer.more && answer.posts.length < most) {
    const before = answer.posts[0]!.number;
    const limit = Math.min(200, most - answer.posts.length);
    const older = await caller.call('forum.read', { ...params, before, limit });
    if (older.posts.length === 0) break;
    answer = { ...answer, posts: [...older.posts, ...answer.posts], more: older.more };
  }
  return answer;
}

/** The newest post of a topic, or of all; for messages about an empty result. */
export async function readNewestPost(
  caller: RpcCaller,
  topic?: string,
): Promise<MethodResult<'forum.read'>['posts'][number] | undefined> {
  const { posts } = await caller.call('forum.read', { limit: 1, ...defined({ topic }) });
  return posts.at(-1);
}
