import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import { nameKey } from '../domain/name.ts';
import { LOBBY, type Post, parseText, parseTopic } from '../domain/post.ts';
import { parseQuery } from '../domain/words.ts';
import type { Appended, Journal } from '../engine/contract.ts';
import type { Revision } from '../view/posts.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';
import type { Author, WriteQuota } from './write-quota.ts';

/** Somebody who is signed in. What they may do is looked up for each call: a role that is held here would grow old. */
export type Writer = Author;

/** Whoever reads over the control socket without an account: they own the daemon. */
export const DAEMON_OWNER = Symbol('the owner of the daemon');

export interface NewPost {
  readonly text: string;
  readonly topic?: string | undefined;
  readonly replyTo?: number | undefined;
  readonly clientId?: string | undefined;
}

export interface Reading {
  readonly sinceSeq?: number | undefined;
  readonly sinceTime?: Instant | undefined;
  readonly before?: number | undefined;
  readonly topic?: string | undefined;
  /** A post: it and the answers to it. */
  readonly thread?: number | undefined;
  readonly limit?: number | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export interface Search {
  readonly text: string;
  readonly topic?: string | undefined;
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

const LIMIT = 50;
/** Earlier texts that are given of one post: the last ones. */
const REVISIONS = 200;

/** The forum: posts of members, in topics. */
export class Forum {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #now: () => Instant;
  readonly #quota: WriteQuota | undefined;
  /** Characters of one post at most. */
  postCharacters: number;

  /** @param room.quota what members may write; left out: all they want */
  constructor(room: {
    journal: Journal;
    view: View;
    now: () => Instant;
    postCharacters: number;
    quota?: WriteQuota;
  }) {
    this.#quota = room.quota;
    this.#journal = room.journal;
    this.#view = room.view;
    this.#now = room.now;
    this.postCharacters = room.postCharacters;
  }

  /** @throws Failure INVALID_REQUEST, TOO_LARGE, NOT_FOUND (the post that it answers), TOO_MANY_REQUESTS, NOT_AVAILABLE */
  async post(writer: Writer, { text, topic, replyTo, clientId }: NewPost): Promise<Post> {
    const clean = parseText(text, this.postCharacters);
    const inTopic = topic === undefined ? undefined : parseTopic(topic);
    const answered = replyTo === undefined ? undefined : this.#find(replyTo, 'replyTo');
    if (clientId !== undefined) {
      const before = this.#view.posts.byClientId(writer.name, clientId);
      if (before) return before;
    }
    this.#quota?.post(writer, clean);
    const { changes } = await append(this.#journal, 'forum.posted', this.#now(), {
      member: writer.name,
      text: clean,
      topic: inTopic ?? answered?.topic ?? LOBBY,
      replyTo: replyTo ?? null,
      ...(clientId === undefined ? {} : { clientId }),
    });
    return postOf(changes);
  }

  /** @throws Failure NOT_FOUND, GONE, NOT_ALLOWED, INVALID_REQUEST, TOO_LARGE, TOO_MANY_REQUESTS, NOT_AVAILABLE */
  async edit(writer: Writer, number: number, text: string): Promise<Post> {
    this.#mine(writer, number);
    const clean = parseText(text, this.postCharacters);
    this.#quota?.post(writer, clean);
    const { changes } = await append(this.#journal, 'forum.edited', this.#now(), {
      number,
      text: clean,
      by: writer.name,
    });
    return changed(changes, number);
  }

  /** @throws Failure NOT_FOUND, GONE, NOT_ALLOWED */
  async delete(writer: Writer, number: number): Promise<Post> {
    this.#mine(writer, number);
    const { changes } = await append(this.#journal, 'forum.deleted', this.#now(), { number, by: writer.name });
    return changed(changes, number);
  }

  /** Oldest first. `seq`: where a later `sinceSeq` goes on; `more`: the limit cut something off. */
  async read({
    sinceSeq,
    sinceTime,
    before,
    topic,
    thread,
    limit = LIMIT,
    signal,
  }: Reading): Promise<{ posts: Post[]; seq: number; more: boolean }> {
    const wanted = topic === undefined ? undefined : parseTopic(topic);
    const root = thread === undefined ? undefined : this.#find(thread, 'thread');
    const isIn = (post: Post) =>
      (wanted === undefined || post.topic === wanted) &&
      (root === undefined || post.number === root.number || post.replyTo === root.number);
    const head = this.#journal.head();
    const posts: Post[] = [];
    if (sinceSeq !== undefined) {
      for await (const post of this.#view.posts.changedAfter(sinceSeq)) {
        signal?.throwIfAborted();
        if (!isIn(post)) continue;
        if (posts.length === limit) return { posts, seq: posts.at(-1)!.seq, more: true };
        posts.push(post);
      }
      // What is read may be newer than the head was: it must not come again.
      return { posts, seq: Math.max(head, posts.at(-1)?.seq ?? 0), more: false };
    }
    let more = false;
    for await (const post of this.#backwards(root, wanted, before, signal)) {
      signal?.throwIfAborted();
      if (!isIn(post)) continue;
      if (sinceTime !== undefined && (post.editedAt ?? post.at) < sinceTime) continue;
      if (posts.length === limit) {
        more = true;
        break;
      }
      posts.push(post);
    }
    return { posts: posts.reverse(), seq: head, more };
  }

  /** A post, also a deleted one; undefined where there is none. */
  find(number: number): Post | undefined {
    return this.#view.posts.get(number);
  }

  /**
   * Posts that were written or edited at a time or later, in the order of that, without deleted ones. Unlike `read`, it
   * begins with the oldest and looks at no more than it gives.
   * @param after only those whose last change has a greater seq
   */
  async writtenSince(time: Instant, limit: number, after = 0): Promise<{ posts: Post[]; more: boolean }> {
    const posts: Post[] = [];
    for await (const post of this.#view.posts.changedAfter(Math.max(this.#view.posts.seqBefore(time), after))) {
      if (post.text === null || (post.editedAt ?? post.at) < time) continue;
      if (posts.length === limit) return { posts, more: true };
      posts.push(post);
    }
    return { posts, more: false };
  }

  /**
   * Posts that have all words of a text, the newest first: words of the post, of its writer's name, and mentions as
   * `@name`. Case and Vietnamese marks are folded; the last word may be the beginning of one.
   * @throws Failure INVALID_REQUEST
   */
  async search({ text, topic, before, limit = LIMIT, signal }: Search): Promise<{ posts: Post[]; more: boolean }> {
    const wanted = topic === undefined ? undefined : parseTopic(topic);
    const query = parseQuery(text);
    if (!query) {
      throw new Failure('INVALID_REQUEST', 'A search needs a word: letters or digits.', { data: { field: 'text' } });
    }
    const posts: Post[] = [];
    for await (const post of this.#view.words.find(query, { topic: wanted, before, signal })) {
      signal?.throwIfAborted();
      if (posts.length === limit) return { posts, more: true };
      posts.push(post);
    }
    return { posts, more: false };
  }

  /**
   * Earlier texts of a post, oldest first. Those of a deleted one are for its writer and moderators.
   * @throws Failure NOT_FOUND, NOT_ALLOWED
   */
  async revisions(
    reader: Writer | typeof DAEMON_OWNER,
    number: number,
  ): Promise<{ post: Post; revisions: Revision[] }> {
    const post = this.#find(number);
    if (post.text === null && !(reader === DAEMON_OWNER || this.#mayChange(reader, post))) {
      throw new Failure('NOT_ALLOWED', `Post #${number} was deleted: its texts are for its writer and moderators.`);
    }
    const revisions: Revision[] = [];
    for await (const revision of this.#view.posts.revisions(number)) {
      revisions.push(revision);
      if (revisions.length > REVISIONS) revisions.shift();
    }
    return { post, revisions };
  }

  /** Posts before a number, newest first, from where there are the fewest others among them. */
  async *#backwards(
    root: Post | undefined,
    topic: string | undefined,
    before: number | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Post> {
    if (root) {
      yield* this.#view.posts.replies(root.number, before);
      if (before === undefined || root.number < before) yield root;
    } else if (topic !== undefined) {
      yield* this.#view.words.inTopic(topic, before, signal);
    } else {
      yield* this.#view.posts.backwards(before);
    }
  }

  #find(number: number, field = 'number'): Post {
    const post = this.#view.posts.get(number);
    if (!post) throw new Failure('NOT_FOUND', `There is no post #${number}.`, { data: { field } });
    return post;
  }

  #mine(writer: Writer, number: number): void {
    const post = this.#find(number);
    if (post.text === null) throw gone(number);
    if (!this.#mayChange(writer, post)) {
      throw new Failure(
        'NOT_ALLOWED',
        `Post #${number} is ${post.member}'s: only its writer or a moderator may change it.`,
      );
    }
  }

  #mayChange({ name }: Writer, post: Post): boolean {
    if (nameKey(post.member) === nameKey(name)) return true;
    const role = this.#view.accounts.roleOf(name);
    return role === 'owner' || role === 'moderator';
  }
}

type Changes = Appended['changes'];

function postOf(changes: Changes): Post {
  return changes[0]!.post as Post;
}

/** The post after its change, or GONE: somebody deleted it in the meantime. */
function changed(changes: Changes, number: number): Post {
  if (changes.length === 0) throw gone(number);
  return postOf(changes);
}

function gone(number: number): Failure {
  return new Failure('GONE', `Post #${number} was deleted.`);
}
