import { yieldToEventLoop } from '../domain/deferred.ts';
import type { Post } from '../domain/post.ts';
import { indexTerms, matchesQuery, type SearchQuery } from '../domain/search-terms.ts';
import { keys } from '../store/keys.ts';
import type { Store, StoreWrite } from '../store/store.ts';
import type { PostChange, PostsProjection } from './posts.ts';
import type { Projection } from './projection.ts';

/** Posts per posting list. Bounds what one lookup reads and one change writes. */
const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const MAX_BATCH_CHANGES = 1000;
/** Changes and lists processed before the event loop gets a turn. */
const YIELD_EVERY = 64;
/** Fraction of time that the index may use while others write. */
const MAX_DUTY_CYCLE = 0.25;
/** Changes that trigger indexing. Searches look through unindexed changes one by one, which takes a few ms. */
const INDEX_AFTER_CHANGES = 256;
/** Debounce: index after DEBOUNCE_MS without changes, at the latest after MAX_DELAY_MS or MAX_PENDING changes. */
const DEBOUNCE_MS = 100;
const MAX_DELAY_MS = 10_000;
const MAX_PENDING = 65_536;

export interface UnreadCounts {
  readonly unread: number;
  readonly mentions: number;
}

/** Newest first, or with `after` oldest first. Both limits are exclusive. */
export interface CandidateRange {
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Posts changed since the index was updated. The index is not used for them. */
export interface IndexDelta {
  readonly posts: ReadonlyMap<number, Post>;
  readonly newest: number;
}

/**
 * Which posts contain which terms (domain/search-terms.ts), as posting lists by chunks of posts. It is not part of the
 * journal's batches, so that its size does not slow down appends: it follows a few hundred changes behind. Unindexed
 * posts are checked directly, so results are always current. It can be rebuilt at any time.
 */
export class SearchIndex implements Projection {
  readonly handlers = {};
  readonly onCommitted = {
    post: ({ post }: PostChange) => {
      this.#headSeq = post.seq;
      this.#pending += 1;
      this.#isDirty = true;
      if (this.#pending >= INDEX_AFTER_CHANGES) this.#schedule();
    },
  };

  readonly #store: Store;
  readonly #posts: PostsProjection;
  #indexedSeq = 0;
  #headSeq = 0;
  #pending = 0;
  #pendingSince = 0;
  #isDirty = false;
  /** Callers that cannot continue before the index is up to date. */
  #waiters = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #onFailure: ((failure: unknown) => void) | undefined;

  constructor(store: Store, posts: PostsProjection) {
    this.#store = store;
    this.#posts = posts;
  }

  async load(): Promise<void> {
    this.#indexedSeq = this.#store.read<number>(keys.indexedSeq) ?? 0;
    this.#headSeq = this.#store.read<number>(keys.headSeq) ?? 0;
  }

  get indexedSeq(): number {
    return this.#indexedSeq;
  }

  /**
   * Keeps the index up to date from now on.
   * @param failed called with the reason if indexing stops because the store failed
   */
  start(failed: (failure: unknown) => void): void {
    this.#onFailure = failed;
    void this.#startIndexing();
  }

  async stop(): Promise<void> {
    this.#onFailure = undefined;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Indexes everything that was committed. Not for an index that is started. */
  async catchUp(): Promise<void> {
    for (let more = true; more; ) more = await this.#indexBatch();
  }

  async *search(
    query: SearchQuery,
    {
      topic,
      before,
      signal,
    }: { topic?: string | undefined; before?: number | undefined; signal?: AbortSignal | undefined } = {},
  ) {
    const required = topic === undefined ? query.terms : [`#${topic}`, ...query.terms];
    for await (const post of this.#findCandidates([required], query.prefix, { before, signal })) {
      if ((topic === undefined || post.topic === topic) && matchesQuery(post, query)) yield post;
    }
  }

  /** Posts of a topic, including deleted ones: newest first, or oldest first from a number on. */
  async *postsInTopic(topic: string, range: CandidateRange = {}): AsyncGenerator<Post> {
    for await (const post of this.#findCandidates([[`#${topic}`], [`!${topic}`]], undefined, range)) {
      if (post.topic === topic) yield post;
    }
  }

  async readDelta(): Promise<IndexDelta> {
    // The index is far behind only after a burst, or in a store from before it existed. Then wait for it.
    while (this.#onFailure && this.#headSeq - this.#indexedSeq > MAX_PENDING) {
      this.#waiters += 1;
      await this.#startIndexing();
      this.#waiters -= 1;
    }
    // Head, newest number and snapshot are taken in the same turn: later commits are in none of them.
    const reading = this.#posts.touchedAfter(this.#indexedSeq, this.#headSeq);
    const first = reading.next();
    const newest = this.#posts.newestNumber;
    const posts = new Map<number, Post>();
    for (let entry = await first; !entry.done; entry = await reading.next()) posts.set(entry.value.number, entry.value);
    return { posts, newest };
  }

  /** Counts posts of other members in a topic, after `from` up to `to`. @param reader canonical name of the reader */
  countUnread(delta: IndexDelta, topic: string, reader: string, from: number, to = delta.newest): UnreadCounts {
    let [unread, mentions] = [0, 0];
    for (let chunk = chunkOf(from + 1); chunk <= chunkOf(to); chunk++) {
      const numbersInTopic = this.#postingList(chunk, `#${topic}`);
      if (numbersInTopic.length === 0) continue;
      const own = new Set(this.#postingList(chunk, `=${reader}`));
      const mentioned = new Set(this.#postingList(chunk, `~${reader}`));
      for (const number of numbersInTopic) {
        if (number <= from || number > to || own.has(number) || delta.posts.has(number)) continue;
        unread += 1;
        if (mentioned.has(number)) mentions += 1;
      }
    }
    for (const post of delta.posts.values()) {
      if (post.topic !== topic || post.text === null || post.number <= from || post.number > to) continue;
      const words = indexTerms(post);
      if (words.has(`=${reader}`)) continue;
      unread += 1;
      if (words.has(`~${reader}`)) mentions += 1;
    }
    return { unread, mentions };
  }

  /** Posts that may contain all terms of one of `alternatives` and a term that begins with `start`. */
  async *#findCandidates(
    alternatives: readonly (readonly string[])[],
    start: string | undefined,
    { before = Number.MAX_SAFE_INTEGER, after, signal }: CandidateRange,
  ): AsyncGenerator<Post> {
    const delta = await this.readDelta();
    const last = Math.min(delta.newest, before - 1);
    const isInRange = (number: number): boolean => number <= last && number > (after ?? 0);
    const pending = new Map<number, number[]>();
    for (const number of delta.posts.keys()) {
      if (!isInRange(number)) continue;
      const chunk = chunkOf(number);
      pending.set(chunk, [...(pending.get(chunk) ?? []), number]);
    }
    const [from, to] = [chunkOf((after ?? 0) + 1), chunkOf(last)];
    for (let scanned = 0; scanned <= to - from; scanned++) {
      signal?.throwIfAborted();
      const chunk = after === undefined ? to - scanned : from + scanned;
      const found = new Set(pending.get(chunk));
      for (const words of alternatives) {
        for (const number of await this.#matchesInChunk(chunk, words, start)) if (isInRange(number)) found.add(number);
      }
      for (const number of [...found].sort((a, b) => (after === undefined ? b - a : a - b))) {
        const post = delta.posts.get(number) ?? this.#posts.get(number);
        if (post) yield post;
      }
      if ((scanned + 1) % YIELD_EVERY === 0) await yieldToEventLoop();
    }
  }

  async #matchesInChunk(chunk: number, words: readonly string[], start: string | undefined): Promise<Iterable<number>> {
    let found: Set<number> | undefined;
    for (const word of words) {
      const list = this.#postingList(chunk, word);
      const required = found;
      found = new Set(required ? list.filter((number) => required.has(number)) : list);
      if (found.size === 0) return found;
    }
    if (start === undefined) return found ?? [];
    const prefixMatches = new Set<number>();
    const first = keys.word(chunk, start);
    for await (const [, text] of this.#store.range({ gte: first, lt: `${first}\u{10ffff}` })) {
      for (const number of decodePostingList(chunk, text)) if (!found || found.has(number)) prefixMatches.add(number);
    }
    return prefixMatches;
  }

  #postingList(chunk: number, word: string): number[] {
    return decodePostingList(chunk, this.#store.get(keys.word(chunk, word)));
  }

  #schedule(): void {
    if (!this.#onFailure || this.#running) return;
    const now = performance.now();
    if (!this.#timer) {
      this.#pendingSince = now;
      this.#timer = setTimeout(() => void this.#startIndexing(), DEBOUNCE_MS).unref();
    } else if (this.#pending >= MAX_PENDING || now - this.#pendingSince > MAX_DELAY_MS) {
      void this.#startIndexing();
    } else {
      this.#timer.refresh();
    }
  }

  #startIndexing(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#indexLoop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #indexLoop(): Promise<void> {
    this.#pending = 0;
    try {
      for (;;) {
        const startedAt = performance.now();
        this.#isDirty = false;
        if (!this.#onFailure || !(await this.#indexBatch())) break;
        const pause =
          this.#isDirty && this.#waiters === 0 ? (performance.now() - startedAt) * (1 / MAX_DUTY_CYCLE - 1) : 0;
        await new Promise((resolve) => (pause < 1 ? setImmediate(resolve) : setTimeout(resolve, pause)));
      }
    } catch (failure) {
      this.#onFailure?.(failure);
      this.#onFailure = undefined;
    }
  }

  /** Indexes the next batch of changes. @returns whether there may be more */
  async #indexBatch(): Promise<boolean> {
    const chunks = new Map<number, Map<string, Map<number, boolean>>>();
    const editTerms = (post: Post, words: Iterable<string>, has: boolean) => {
      const chunk = chunkOf(post.number);
      const edits = chunks.get(chunk) ?? new Map<string, Map<number, boolean>>();
      chunks.set(chunk, edits);
      for (const word of words) {
        const edit = edits.get(word);
        if (edit) edit.set(post.number % CHUNK_SIZE, has);
        else edits.set(word, new Map([[post.number % CHUNK_SIZE, has]]));
      }
    };
    const head = this.#headSeq;
    let last = this.#indexedSeq;
    let count = 0;
    for await (const post of this.#posts.changedAfter(this.#indexedSeq, head)) {
      if (post.editedAt !== null || post.deletedAt !== null) {
        // The indexed terms are those of the text at that time. A post without such a text is not indexed yet.
        const revision = await this.#posts.revisionAt(post.number, this.#indexedSeq);
        if (revision) editTerms(post, indexTerms({ ...post, text: revision.text, mentions: revision.mentions }), false);
      }
      editTerms(post, indexTerms(post), true);
      last = post.seq;
      if (++count === MAX_BATCH_CHANGES) break;
      if (count % YIELD_EVERY === 0) await yieldToEventLoop();
    }
    // The last records up to the head may be of other kinds, with nothing to index.
    if (count < MAX_BATCH_CHANGES) last = Math.max(last, head);
    if (count === 0) {
      this.#indexedSeq = last;
      return false;
    }
    const writes: StoreWrite[] = [{ type: 'put', key: keys.indexedSeq, value: JSON.stringify(last) }];
    for (const [chunk, edits] of chunks) {
      for (const [word, edit] of edits) {
        writes.push(this.#editPostingList(keys.word(chunk, word), edit));
        if (writes.length % YIELD_EVERY === 0) await yieldToEventLoop();
      }
    }
    await this.#store.write(writes, { sync: false });
    this.#indexedSeq = last;
    return count === MAX_BATCH_CHANGES;
  }

  #editPostingList(key: string, edit: ReadonlyMap<number, boolean>): StoreWrite {
    const offsets = new Set(this.#store.read<number[]>(key) ?? []);
    for (const [offset, has] of edit) {
      if (has) offsets.add(offset);
      else offsets.delete(offset);
    }
    if (offsets.size === 0) return { type: 'del', key };
    return { type: 'put', key, value: JSON.stringify([...offsets].sort((a, b) => a - b)) };
  }
}

function chunkOf(number: number): number {
  return number >>> CHUNK_BITS;
}

function decodePostingList(chunk: number, text: string | undefined): number[] {
  if (text === undefined) return [];
  return (JSON.parse(text) as number[]).map((offset) => chunk * CHUNK_SIZE + offset);
}
