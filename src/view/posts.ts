import { nameKey } from '../domain/name.ts';
import type { Post } from '../domain/post.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { RecordOf } from './records.ts';
import type { Part } from './view.ts';

export interface PostChange extends Change {
  readonly type: 'post';
  readonly post: Post;
}

/** The forum: posts by number, and an index of their last changes, which is what somebody who was away reads. */
export class PostsView implements Part {
  readonly kinds = {
    'forum.posted': (record: RecordOf<'forum.posted'>, draft: Draft) => this.#posted(record, draft),
    'forum.edited': (record: RecordOf<'forum.edited'>, draft: Draft) =>
      this.#change(record.number, record.seq, draft, (post) => ({ ...post, text: record.text, editedAt: record.at })),
    'forum.deleted': (record: RecordOf<'forum.deleted'>, draft: Draft) =>
      this.#change(record.number, record.seq, draft, (post) => ({
        ...post,
        text: null,
        deletedAt: record.at,
        deletedBy: record.by,
      })),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {}

  committed(): void {}

  get(number: number): Post | undefined {
    return this.#store.read<Post>(keys.post(number));
  }

  /** The post that a member wrote under an id of his own. */
  byClientId(member: string, clientId: string): Post | undefined {
    const number = this.#store.read<number>(keys.clientPost(nameKey(member), clientId));
    return number === undefined ? undefined : this.get(number);
  }

  /**
   * Posts with a change after `seq`, in the order of their last changes as of now. One that is changed again while
   * this is read is left out: it comes after everything that was there, and its seq must not be taken for a cursor.
   */
  async *changedAfter(seq: number): AsyncGenerator<Post> {
    for await (const [key, text] of this.#store.range({ gt: keys.change(seq), lt: within('o/').lt }, 200)) {
      const post = this.get(JSON.parse(text) as number);
      if (post?.seq === seqOf(key)) yield post;
    }
  }

  /** Posts before a number (or all), newest first. */
  async *backwards(before?: number): AsyncGenerator<Post> {
    const lt = before === undefined ? within('p/').lt : keys.post(before);
    for await (const [, text] of this.#store.range({ gte: 'p/', lt, reverse: true }, 200))
      yield JSON.parse(text) as Post;
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
      at: record.at,
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      seq: record.seq,
    };
    draft.write(keys.posts, number);
    draft.write(keys.post(number), post);
    draft.write(keys.change(record.seq), number);
    return [{ type: 'post', post } satisfies PostChange];
  }

  #change(number: number, seq: number, draft: Draft, change: (post: Post) => Post): Change[] {
    const before = draft.read<Post>(keys.post(number));
    // Lost (goldctl repair), or deleted while this edit was under way: what is deleted stays deleted.
    if (before?.text == null) return [];
    const post = { ...change(before), seq };
    draft.write(keys.revision(number, before.seq), { text: before.text, at: before.editedAt ?? before.at });
    draft.delete(keys.change(before.seq));
    draft.write(keys.change(seq), number);
    draft.write(keys.post(number), post);
    return [{ type: 'post', post } satisfies PostChange];
  }
}
