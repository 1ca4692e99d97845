import type { Params, Result } from '../protocol/methods.ts';
import type { Caller } from './history.ts';

/** More than anybody reads at once; what is older has to be asked for by its time. */
export const POSTS = 1000;

/** Posts since a time, page by page, oldest first; `most` at most, the newest ones. */
export async function readPosts(
  caller: Caller,
  params: Params<'forum.read'>,
  most = POSTS,
): Promise<Result<'forum.read'>> {
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
