import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { DEFAULT_TOPIC, type Post, parsePostText, parseTopic } from '../domain/post.ts';
import { parseSearchQuery } from '../domain/search-terms.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Revision } from '../projections/posts.ts';
import type { ReadModelChange } from '../projections/read-model.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';
import type { Author, WriteQuota } from './write-quota.ts';

/** A signed-in member. Permissions are looked up at each call, because a cached role becomes outdated. */
export type Writer = Author;

/** Reads over the control socket without an account, as the owner of the daemon. */
export const DAEMON_OWNER = Symbol('the owner of the daemon');

export interface PostRequest {
  readonly text: string;
  readonly topic?: string | undefined;
  readonly replyTo?: number | undefined;
  readonly clientId?: string | undefined;
}

export interface ReadOptions {
  readonly sinceSeq?: number | undefined;
  readonly sinceTime?: EpochMs | undefined;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly topic?: string | undefined;
  readonly thread?: number | undefined;
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SearchOptions {
  readonly text: string;
  readonly topic?: string | undefined;
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_LIMIT = 50;
const MAX_REVISIONS = 200;

export class Forum {
  readonly #room: RoomContext & { quota?: WriteQuota };
  maxPostChars: number;

  /** @param room.quota limits what members write; undefined for no limit */
  constructor(room: RoomContext & { quota?: WriteQuota; postCharacters: number }) {
    this.#room = room;
    this.maxPostChars = room.postCharacters;
  }

  /** @throws AppError INVALID_REQUEST, TOO_LARGE, NOT_FOUND (of `replyTo`), TOO_MANY_REQUESTS, NOT_AVAILABLE */
  async post(writer: Writer, { text, topic, replyTo, clientId }: PostRequest): Promise<Post> {
    const normalized = parsePostText(text, this.maxPostChars);
    const inTopic = topic === undefined ? undefined : parseTopic(topic);
    const parent = replyTo === undefined ? undefined : this.#find(replyTo, 'replyTo');
    if (clientId !== undefined) {
      const before = this.#room.readModel.posts.byClientId(writer.name, clientId);
      if (before) return before;
    }
    this.#room.quota?.chargePost(writer, normalized);
    const { changes } = await appendNow(this.#room, 'forum.posted', {
      member: writer.name,
      text: normalized,
      topic: inTopic ?? parent?.topic ?? DEFAULT_TOPIC,
      replyTo: replyTo ?? null,
      ...defined({ clientId }),
    });
    return changedPost(changes);
  }

  /** @throws AppError NOT_FOUND, GONE, NOT_ALLOWED, INVALID_REQUEST, TOO_LARGE, TOO_MANY_REQUESTS, NOT_AVAILABLE */
  async edit(writer: Writer, number: number, text: string): Promise<Post> {
    this.#assertMayChange(writer, number);
    const normalized = parsePostText(text, this.maxPostChars);
    this.#room.quota?.chargePost(writer, normalized);
    const { changes } = await appendNow(this.#room, 'forum.edited', {
      number,
      text: normalized,
      by: writer.name,
    });
    return changedPost(changes, number);
  }

  /** @throws AppError NOT_FOUND, GONE, NOT_ALLOWED */
  async delete(writer: Writer, number: number): Promise<Post> {
    this.#assertMayChange(writer, number);
    const { changes } = await appendNow(this.#room, 'forum.deleted', { number, by: writer.name });
    return changedPost(changes, number);
  }

  /** Oldest first: the last posts, or with `after` the next ones. `seq`: the next `sinceSeq`; `more`: whether the limit cut off posts. */
  async read({
    sinceSeq,
    sinceTime,
    before,
    after,
    topic,
    thread,
    limit = DEFAULT_LIMIT,
    signal,
  }: ReadOptions): Promise<{ posts: Post[]; seq: number; more: boolean }> {
    const wantedTopic = topic === undefined ? undefined : parseTopic(topic);
    const root = thread === undefined ? undefined : this.#find(thread, 'thread');
    const isIn = (post: Post) =>
      (wantedTopic === undefined || post.topic === wantedTopic) &&
      (root === undefined || post.number === root.number || post.replyTo === root.number);
    const head = this.#room.journal.head();
    const posts: Post[] = [];
    if (sinceSeq !== undefined) {
      for await (const post of this.#room.readModel.posts.changedAfter(sinceSeq)) {
        signal?.throwIfAborted();
        if (!isIn(post)) continue;
        if (posts.length === limit) return { posts, seq: posts.at(-1)!.seq, more: true };
        posts.push(post);
      }
      // A post may be newer than the head read before, and must not be returned again.
      return { posts, seq: Math.max(head, posts.at(-1)?.seq ?? 0), more: false };
    }
    let more = false;
    const candidates =
      after === undefined
        ? this.#newestFirst(root, wantedTopic, before, signal)
        : this.#oldestFirst(root, wantedTopic, after, signal);
    for await (const post of candidates) {
      signal?.throwIfAborted();
      if (!isIn(post)) continue;
      if (before !== undefined && post.number >= before) break; // only with `after`
      if (sinceTime !== undefined && (post.editedAt ?? post.at) < sinceTime) continue;
      if (posts.length === limit) {
        more = true;
        break;
      }
      posts.push(post);
    }
    return { posts: after === undefined ? posts.reverse() : posts, seq: head, more };
  }

  find(number: number): Post | undefined {
    return this.#room.readModel.posts.get(number);
  }

  /**
   * Posts written or edited at or after a time, in the order of these changes, without deleted ones. Unlike `read`, it
   * starts with the oldest and reads no more than it returns.
   * @param after only posts whose last change has a greater sequence number
   */
  async writtenSince(time: EpochMs, limit: number, after = 0): Promise<{ posts: Post[]; more: boolean }> {
    const posts: Post[] = [];
    for await (const post of this.#room.readModel.posts.changedAfter(
      Math.max(this.#room.readModel.posts.seqBefore(time), after),
    )) {
      if (post.text === null || (post.editedAt ?? post.at) < time) continue;
      if (posts.length === limit) return { posts, more: true };
      posts.push(post);
    }
    return { posts, more: false };
  }

  /**
   * Posts that contain all terms of a text, newest first: words of the post, of its author's name, and mentions as
   * `@name`. Case and Vietnamese diacritics are ignored; the last word matches as a prefix.
   * @throws AppError INVALID_REQUEST
   */
  async search({
    text,
    topic,
    before,
    limit = DEFAULT_LIMIT,
    signal,
  }: SearchOptions): Promise<{ posts: Post[]; more: boolean }> {
    const wantedTopic = topic === undefined ? undefined : parseTopic(topic);
    const query = parseSearchQuery(text);
    if (!query) {
      throw new AppError('INVALID_REQUEST', 'Search for at least one word or number.', {
        data: { field: 'text' },
      });
    }
    const posts: Post[] = [];
    for await (const post of this.#room.readModel.searchIndex.search(query, { topic: wantedTopic, before, signal })) {
      signal?.throwIfAborted();
      if (posts.length === limit) return { posts, more: true };
      posts.push(post);
    }
    return { posts, more: false };
  }

  /**
   * Earlier texts of a post, oldest first. Those of a deleted post are only for its author and moderators.
   * @throws AppError NOT_FOUND, NOT_ALLOWED
   */
  async revisions(
    reader: Writer | typeof DAEMON_OWNER,
    number: number,
  ): Promise<{ post: Post; revisions: Revision[] }> {
    const post = this.#find(number);
    if (post.text === null && !(reader === DAEMON_OWNER || this.#mayChange(reader, post))) {
      throw new AppError('NOT_ALLOWED', `Post #${number} was deleted: only its author and moderators can see it.`);
    }
    const revisions: Revision[] = [];
    for await (const revision of this.#room.readModel.posts.revisions(number)) {
      revisions.push(revision);
      if (revisions.length > MAX_REVISIONS) revisions.shift();
    }
    return { post, revisions };
  }

  /** Posts before a number, newest first, from the index with the fewest other posts. */
  async *#newestFirst(
    root: Post | undefined,
    topic: string | undefined,
    before: number | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Post> {
    if (root) {
      yield* this.#room.readModel.posts.replies(root.number, before);
      if (before === undefined || root.number < before) yield root;
    } else if (topic !== undefined) {
      yield* this.#room.readModel.searchIndex.postsInTopic(topic, { before, signal });
    } else {
      yield* this.#room.readModel.posts.newestFirst(before);
    }
  }

  /** Posts after a number, oldest first. */
  async *#oldestFirst(
    root: Post | undefined,
    topic: string | undefined,
    after: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Post> {
    if (root) {
      if (after < root.number) yield root;
      yield* this.#room.readModel.posts.repliesAfter(root.number, after);
    } else if (topic !== undefined) {
      yield* this.#room.readModel.searchIndex.postsInTopic(topic, { after, signal });
    } else {
      yield* this.#room.readModel.posts.oldestFirst(after);
    }
  }

  #find(number: number, field = 'number'): Post {
    const post = this.#room.readModel.posts.get(number);
    if (!post) throw new AppError('NOT_FOUND', `There is no post #${number}.`, { data: { field } });
    return post;
  }

  #assertMayChange(writer: Writer, number: number): void {
    const post = this.#find(number);
    if (post.text === null) throw postGoneError(number);
    if (!this.#mayChange(writer, post)) {
      throw new AppError('NOT_ALLOWED', `Post #${number} is ${post.member}'s: only they or a moderator can change it.`);
    }
  }

  #mayChange({ name }: Writer, post: Post): boolean {
    if (canonicalName(post.member) === canonicalName(name)) return true;
    const role = this.#room.readModel.accounts.roleOf(name);
    return role === 'owner' || role === 'moderator';
  }
}

/** The changed post. Throws GONE if it was deleted meanwhile. */
function changedPost([change]: readonly ReadModelChange[], number = 0): Post {
  if (change?.type === 'post' || change?.type === 'repeatedPost') return change.post;
  throw postGoneError(number);
}

function postGoneError(number: number): AppError {
  return new AppError('GONE', `Post #${number} was deleted.`);
}
