import { canonicalName } from '../domain/account.ts';
import { findMentions } from '../domain/mention.ts';
import type { Post } from '../domain/post.ts';
import type { EpochMs } from '../domain/time.ts';
import { keys, prefixRange, seqOfRecordKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { Account } from './accounts.ts';
import type { RecordOf } from './journal-records.ts';
import type { Projection } from './projection.ts';

/** `repeatedPost`: it was sent twice at the same time. */
export interface PostChange {
  readonly type: 'post' | 'repeatedPost';
  readonly post: Post;
}

/** A stored post. `first`: sequence number of its first record, if that is not its last one. */
interface StoredPost extends Post {
  readonly first?: number;
}

/** An earlier text of a post, valid from `seq` until the next change. */
export interface Revision {
  readonly text: string;
  readonly mentions: string[];
  readonly at: EpochMs;
  readonly seq: number;
}

export interface TopicSummary {
  /** Number of posts that are not deleted. */
  readonly posts: number;
  /** Numbers of its first and last post, deleted or not. */
  readonly first: number;
  readonly last: number;
}

/** Posts by number, and an index of their last changes for members who were away. */
export class PostsProjection implements Projection {
  readonly handlers = {
    'forum.posted': (record: RecordOf<'forum.posted'>, writes: WriteBatch) => this.#onPosted(record, writes),
    'forum.edited': (record: RecordOf<'forum.edited'>, writes: WriteBatch) =>
      this.#change(record.number, record.seq, writes, (post) => ({
        ...post,
        text: record.text,
        mentions: findMentionedMembers(record.text, writes),
        editedAt: record.at,
      })),
    'forum.deleted': (record: RecordOf<'forum.deleted'>, writes: WriteBatch) =>
      this.#change(record.number, record.seq, writes, (post) => {
        updateTopicCount(post.topic, writes, -1);
        return { ...post, text: null, mentions: [], deletedAt: record.at, deletedBy: record.by };
      }),
    'forum.marked': (record: RecordOf<'forum.marked'>, writes: WriteBatch): PostChange[] => {
      const key = keys.mark(canonicalName(record.member), record.topic ?? '');
      if (record.number > (writes.read<number>(key) ?? 0)) writes.write(key, record.number);
      return [];
    },
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get newestNumber(): number {
    return this.#store.read<number>(keys.posts) ?? 0;
  }

  get(number: number): Post | undefined {
    const text = this.#store.get(keys.post(number));
    return text === undefined ? undefined : parsePost(text);
  }

  /** Number of the newest post that was created at or before `seq`, 0 for none. */
  numberAtSeq(seq: number): number {
    let [low, high] = [0, this.newestNumber];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const post = this.#store.read<StoredPost>(keys.post(middle));
      if ((post?.first ?? post?.seq ?? 0) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A sequence number before every post of this time or later: that of the last earlier post, 0 for none. */
  seqBefore(time: EpochMs): number {
    let [low, high, seq] = [0, this.newestNumber, 0];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const post = this.#store.read<StoredPost>(keys.post(middle));
      if ((post?.at ?? Number.NEGATIVE_INFINITY) < time) [low, seq] = [middle, post?.first ?? post?.seq ?? seq];
      else high = middle - 1;
    }
    return seq;
  }

  /** The post up to which a member has read a topic, 0 for none. */
  readMark(member: string, topic: string): number {
    const name = canonicalName(member);
    const [own, all] = [keys.mark(name, topic), keys.mark(name, '')].map((key) => this.#store.read<number>(key) ?? 0);
    return Math.max(own!, all!);
  }

  topic(topic: string): TopicSummary | undefined {
    return this.#store.read<TopicSummary>(keys.topic(topic));
  }

  async *topics(): AsyncGenerator<[topic: string, TopicSummary]> {
    for await (const [key, text] of this.#store.range(prefixRange('g/')))
      yield [key.slice(2), JSON.parse(text) as TopicSummary];
  }

  async *revisions(number: number): AsyncGenerator<Revision> {
    for await (const entry of this.#store.range(prefixRange(keys.revisions(number)))) yield parseRevision(entry);
  }

  /** The text of a post as of `seq`, if that is an earlier one. */
  async revisionAt(number: number, seq: number): Promise<Revision | undefined> {
    const range = { gte: keys.revisions(number), lte: keys.revision(number, seq), reverse: true, limit: 1 };
    const [entry] = await this.#store.entries(range);
    return entry && parseRevision(entry);
  }

  async *replies(number: number, before?: number): AsyncGenerator<Post> {
    const { gte, lt } = prefixRange(keys.replies(number));
    const range = { gte, lt: before === undefined ? lt : keys.reply(number, before), reverse: true };
    for await (const [key] of this.#store.range(range, 200)) {
      const post = this.get(Number(key.slice(-12)));
      if (post) yield post;
    }
  }

  /** Replies after a number, oldest first. */
  async *repliesAfter(number: number, after: number): AsyncGenerator<Post> {
    const { lt } = prefixRange(keys.replies(number));
    for await (const [key] of this.#store.range({ gt: keys.reply(number, after), lt }, 200)) {
      const post = this.get(Number(key.slice(-12)));
      if (post) yield post;
    }
  }

  byClientId(member: string, clientId: string): Post | undefined {
    const number = this.#store.read<number>(keys.clientPost(canonicalName(member), clientId));
    return number === undefined ? undefined : this.get(number);
  }

  /**
   * Posts changed after `seq`, in the order of their last changes. A post that changes again during the read is left
   * out: it comes later, and its sequence number must not become a cursor.
   * @param head leave out changes after this sequence number
   */
  async *changedAfter(seq: number, head = Number.MAX_SAFE_INTEGER): AsyncGenerator<Post> {
    for await (const [key, text] of this.#store.range({ gt: keys.change(seq), lte: keys.change(head) }, 200)) {
      const post = this.get(JSON.parse(text) as number);
      if (post?.seq === seqOfRecordKey(key)) yield post;
    }
  }

  /** Like `changedAfter`, but includes posts that change again during the read. */
  async *touchedAfter(seq: number, head: number): AsyncGenerator<Post> {
    for await (const [, text] of this.#store.range({ gt: keys.change(seq), lte: keys.change(head) }, 200)) {
      const post = this.get(JSON.parse(text) as number);
      if (post) yield post;
    }
  }

  async *newestFirst(before?: number): AsyncGenerator<Post> {
    const lt = before === undefined ? prefixRange('p/').lt : keys.post(before);
    for await (const [, text] of this.#store.range({ gte: 'p/', lt, reverse: true }, 200)) yield parsePost(text);
  }

  async *oldestFirst(after: number): AsyncGenerator<Post> {
    for await (const [, text] of this.#store.range({ gt: keys.post(after), lt: prefixRange('p/').lt }, 200))
      yield parsePost(text);
  }

  #onPosted(record: RecordOf<'forum.posted'>, writes: WriteBatch): PostChange[] {
    const { member, text, topic, replyTo, clientId } = record;
    if (clientId !== undefined) {
      const key = keys.clientPost(canonicalName(member), clientId);
      const number = writes.read<number>(key);
      if (number !== undefined) {
        // The same post was sent twice at the same time: the first one counts.
        return [{ type: 'repeatedPost', post: writes.read<Post>(keys.post(number))! }];
      }
      writes.write(key, (writes.read<number>(keys.posts) ?? 0) + 1);
    }
    const number = (writes.read<number>(keys.posts) ?? 0) + 1;
    const post: Post = {
      number,
      member,
      text,
      topic,
      replyTo,
      mentions: findMentionedMembers(text, writes),
      at: record.at,
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      seq: record.seq,
    };
    writes.write(keys.posts, number);
    writes.write(keys.post(number), post);
    writes.write(keys.change(record.seq), number);
    if (replyTo !== null) writes.write(keys.reply(replyTo, number), 1);
    updateTopicCount(topic, writes, 1, number);
    return [{ type: 'post', post }];
  }

  #change(number: number, seq: number, writes: WriteBatch, change: (post: Post) => Post): PostChange[] {
    const stored = writes.read<StoredPost>(keys.post(number));
    // Its record was lost (goldctl repair), or it was deleted concurrently: a deleted post stays deleted.
    if (stored?.text == null) return [];
    const { first = stored.seq, ...before } = stored;
    const post: Post = { ...change(before), seq };
    const revision = { text: before.text, mentions: before.mentions, at: before.editedAt ?? before.at };
    writes.write(keys.revision(number, before.seq), revision);
    writes.delete(keys.change(before.seq));
    writes.write(keys.change(seq), number);
    writes.write(keys.post(number), { ...post, first } satisfies StoredPost);
    return [{ type: 'post', post }];
  }
}

function parsePost(text: string): Post {
  const { first: _, ...post } = JSON.parse(text) as StoredPost;
  return post;
}

function parseRevision([key, text]: readonly [string, string]): Revision {
  return { ...(JSON.parse(text) as Omit<Revision, 'seq'>), seq: Number(key.slice(-16)) };
}

function findMentionedMembers(text: string, writes: WriteBatch): string[] {
  return findMentions(text, (name) => writes.read<Account>(keys.account(canonicalName(name)))?.name);
}

function updateTopicCount(topic: string, writes: WriteBatch, by: 1 | -1, number?: number): void {
  const key = keys.topic(topic);
  const before = writes.read<TopicSummary>(key);
  writes.write(key, {
    posts: (before?.posts ?? 0) + by,
    first: before?.first ?? number ?? 0,
    last: number ?? before?.last ?? 0,
  } satisfies TopicSummary);
}
