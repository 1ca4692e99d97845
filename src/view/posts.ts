import type { Instant } from '../domain/instant.ts';
import { mentionsIn } from '../domain/mention.ts';
import { nameKey } from '../domain/name.ts';
import type { Post } from '../domain/post.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { Account } from './accounts.ts';
import type { RecordOf } from './records.ts';
import type { Part } from './view.ts';

export interface PostChange extends Change {
  readonly type: 'post';
  readonly post: Post;
}

/** A post as it is stored. `first`: seq of its first record, where that is not its last one. */
interface StoredPost extends Post {
  readonly first?: number;
}

/** What a post said from `seq` on, until it was changed. */
export interface Revision {
  readonly text: string;
  readonly mentions: string[];
  readonly at: Instant;
  readonly seq: number;
}

export interface Topic {
  /** How many stand in it. */
  readonly posts: number;
  /** Numbers of its first and its last post, deleted or not. */
  readonly first: number;
  readonly last: number;
}

/** The forum: posts by number, and an index of their last changes, which is what somebody who was away reads. */
export class PostsView implements Part {
  readonly kinds = {
    'forum.posted': (record: RecordOf<'forum.posted'>, draft: Draft) => this.#posted(record, draft),
    'forum.edited': (record: RecordOf<'forum.edited'>, draft: Draft) =>
      this.#change(record.number, record.seq, draft, (post) => ({
        ...post,
        text: record.text,
        mentions: mentions(record.text, draft),
        editedAt: record.at,
      })),
    'forum.deleted': (record: RecordOf<'forum.deleted'>, draft: Draft) =>
      this.#change(record.number, record.seq, draft, (post) => {
        countTopic(post.topic, draft, -1);
        return { ...post, text: null, mentions: [], deletedAt: record.at, deletedBy: record.by };
      }),
    'forum.marked': (record: RecordOf<'forum.marked'>, draft: Draft): Change[] => {
      const key = keys.mark(nameKey(record.member), record.topic ?? '');
      if (record.number > (draft.read<number>(key) ?? 0)) draft.write(key, record.number);
      return [];
    },
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {}

  committed(): void {}

  /** The number of the newest. */
  get newest(): number {
    return this.#store.read<number>(keys.posts) ?? 0;
  }

  get(number: number): Post | undefined {
    const text = this.#store.get(keys.post(number));
    return text === undefined ? undefined : read(text);
  }

  /** The newest post whose first record is this one or an earlier one, 0 for none. */
  numberAt(seq: number): number {
    let [low, high] = [0, this.newest];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const post = this.#store.read<StoredPost>(keys.post(middle));
      if ((post?.first ?? post?.seq ?? 0) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A seq after which everything of a time or later has come: that of the last post from before it, 0 for none. */
  seqBefore(time: Instant): number {
    let [low, high, seq] = [0, this.newest, 0];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const post = this.#store.read<StoredPost>(keys.post(middle));
      if ((post?.at ?? Number.NEGATIVE_INFINITY) < time) [low, seq] = [middle, post?.first ?? post?.seq ?? seq];
      else high = middle - 1;
    }
    return seq;
  }

  /** Up to which post a member has read a topic, 0 for none. */
  mark(member: string, topic: string): number {
    const name = nameKey(member);
    const [one, all] = [keys.mark(name, topic), keys.mark(name, '')].map((key) => this.#store.read<number>(key) ?? 0);
    return Math.max(one!, all!);
  }

  topic(topic: string): Topic | undefined {
    return this.#store.read<Topic>(keys.topic(topic));
  }

  /** Every topic that was ever written in. */
  async *topics(): AsyncGenerator<[topic: string, Topic]> {
    for await (const [key, text] of this.#store.range(within('g/'))) yield [key.slice(2), JSON.parse(text) as Topic];
  }

  /** Earlier texts of a post, oldest first. */
  async *revisions(number: number): AsyncGenerator<Revision> {
    for await (const entry of this.#store.range(within(keys.revisions(number)))) yield revision(entry);
  }

  /** What a post said as of a seq, where that is an earlier text of it. */
  async revisionAt(number: number, seq: number): Promise<Revision | undefined> {
    const range = { gte: keys.revisions(number), lte: keys.revision(number, seq), reverse: true, limit: 1 };
    const [entry] = await this.#store.entries(range);
    return entry && revision(entry);
  }

  /** Answers to a post before a number (or all), newest first. */
  async *replies(number: number, before?: number): AsyncGenerator<Post> {
    const { gte, lt } = within(keys.replies(number));
    const range = { gte, lt: before === undefined ? lt : keys.reply(number, before), reverse: true };
    for await (const [key] of this.#store.range(range, 200)) {
      const post = this.get(Number(key.slice(-12)));
      if (post) yield post;
    }
  }

  /** The post that a member wrote under an id of his own. */
  byClientId(member: string, clientId: string): Post | undefined {
    const number = this.#store.read<number>(keys.clientPost(nameKey(member), clientId));
    return number === undefined ? undefined : this.get(number);
  }

  /**
   * Posts with a change after `seq`, in the order of their last changes as of now. One that is changed again while
   * this is read is left out: it comes after everything that was there, and its seq must not be taken for a cursor.
   * @param head changes after it are left out too
   */
  async *changedAfter(seq: number, head = Number.MAX_SAFE_INTEGER): AsyncGenerator<Post> {
    for await (const [key, text] of this.#store.range({ gt: keys.change(seq), lte: keys.change(head) }, 200)) {
      const post = this.get(JSON.parse(text) as number);
      if (post?.seq === seqOf(key)) yield post;
    }
  }

  /** As `changedAfter`, but one that is changed again while this is read is not left out. */
  async *touchedAfter(seq: number, head: number): AsyncGenerator<Post> {
    for await (const [, text] of this.#store.range({ gt: keys.change(seq), lte: keys.change(head) }, 200)) {
      const post = this.get(JSON.parse(text) as number);
      if (post) yield post;
    }
  }

  /** Posts before a number (or all), newest first. */
  async *backwards(before?: number): AsyncGenerator<Post> {
    const lt = before === undefined ? within('p/').lt : keys.post(before);
    for await (const [, text] of this.#store.range({ gte: 'p/', lt, reverse: true }, 200)) yield read(text);
  }

  #posted(record: RecordOf<'forum.posted'>, draft: Draft): Change[] {
    const { member, text, topic, replyTo, clientId } = record;
    if (clientId !== undefined) {
      const key = keys.clientPost(nameKey(member), clientId);
      const number = draft.read<number>(key);
      if (number !== undefined) {
        // The same post sent twice at the same time: the second one stands for the first.
        return [{ type: 'repeated', post: draft.read<Post>(keys.post(number))! }];
      }
      draft.write(key, (draft.read<number>(keys.posts) ?? 0) + 1);
    }
    const number = (draft.read<number>(keys.posts) ?? 0) + 1;
    const post: Post = {
      number,
      member,
      text,
      topic,
      replyTo,
      mentions: mentions(text, draft),
      at: record.at,
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      seq: record.seq,
    };
    draft.write(keys.posts, number);
    draft.write(keys.post(number), post);
    draft.write(keys.change(record.seq), number);
    if (replyTo !== null) draft.write(keys.reply(replyTo, number), 1);
    countTopic(topic, draft, 1, number);
    return [{ type: 'post', post } satisfies PostChange];
  }

  #change(number: number, seq: number, draft: Draft, change: (post: Post) => Post): Change[] {
    const stored = draft.read<StoredPost>(keys.post(number));
    // Lost (goldctl repair), or deleted while this edit was under way: what is deleted stays deleted.
    if (stored?.text == null) return [];
    const { first = stored.seq, ...before } = stored;
    const post: Post = { ...change(before), seq };
    const revision = { text: before.text, mentions: before.mentions, at: before.editedAt ?? before.at };
    draft.write(keys.revision(number, before.seq), revision);
    draft.delete(keys.change(before.seq));
    draft.write(keys.change(seq), number);
    draft.write(keys.post(number), { ...post, first } satisfies StoredPost);
    return [{ type: 'post', post } satisfies PostChange];
  }
}

function read(text: string): Post {
  const { first: _, ...post } = JSON.parse(text) as StoredPost;
  return post;
}

function revision([key, text]: readonly [string, string]): Revision {
  return { ...(JSON.parse(text) as Omit<Revision, 'seq'>), seq: Number(key.slice(-16)) };
}

function mentions(text: string, draft: Draft): string[] {
  return mentionsIn(text, (name) => draft.read<Account>(keys.account(nameKey(name)))?.name);
}

function countTopic(topic: string, draft: Draft, by: 1 | -1, number?: number): void {
  const key = keys.topic(topic);
  const before = draft.read<Topic>(key);
  draft.write(key, {
    posts: (before?.posts ?? 0) + by,
    first: before?.first ?? number ?? 0,
    last: number ?? before?.last ?? 0,
  } satisfies Topic);
}
