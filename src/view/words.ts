import type { Post } from '../domain/post.ts';
import { indexWords, matches, type Query } from '../domain/words.ts';
import type { Change } from '../engine/contract.ts';
import { keys } from '../store/keys.ts';
import type { Store, Write } from '../store/store.ts';
import type { PostChange, PostsView } from './posts.ts';
import type { Part } from './view.ts';

/** Posts whose numbers one list may hold: bounds what one look reads, and what one change writes. */
const CHUNK_BITS = 10;
const CHUNK = 1 << CHUNK_BITS;
/** Changes that are indexed in one batch. */
const PAGE = 1000;
/** Changes and lists that are worked on before others get their turn. */
const TURN = 64;
/** While others write, the index takes this part of the time. */
const SHARE = 0.25;
/** Changes that may wait. A search looks through them one by one, which takes a few milliseconds. */
const WAITING = 256;
/** It is waited for a moment without changes, but not for longer than this, nor beyond so many changes. */
const QUIET_MS = 100;
const PATIENCE_MS = 10_000;
const FLOOD = 65_536;

/** Counts of posts that somebody has not read. */
export interface Unread {
  readonly unread: number;
  /** Those of them that mention him. */
  readonly mentions: number;
}

/** What changed since the index was brought up to date: for these posts it is not asked. */
export interface Recent {
  readonly posts: ReadonlyMap<number, Post>;
  /** The newest post then. */
  readonly newest: number;
}

/**
 * Which posts have which words (domain/words.ts), as lists of numbers by chunks of posts. It is no part of the
 * journal's batches, so that a post costs no more for the words it has: it follows them, a few hundred changes behind,
 * and what it does not know yet is looked at as it is. So every answer is as of now. It can be made anew at any time.
 */
export class WordIndex implements Part {
  readonly kinds = {};
  readonly #store: Store;
  readonly #posts: PostsView;
  /** Everything up to here is in the lists. */
  #indexed = 0;
  /** Last record that everybody has heard of. */
  #head = 0;
  #waiting = 0;
  #waitingSince = 0;
  /** Something was committed since this was last looked at. */
  #stirred = false;
  /** How many cannot go on before the lists are up to date. */
  #wanted = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #failed: ((failure: unknown) => void) | undefined;

  constructor(store: Store, posts: PostsView) {
    this.#store = store;
    this.#posts = posts;
  }

  async load(): Promise<void> {
    this.#indexed = this.#store.read<number>(keys.indexed) ?? 0;
    this.#head = this.#store.read<number>(keys.head) ?? 0;
  }

  committed(change: Change): void {
    if (change.type !== 'post') return;
    this.#head = (change as PostChange).post.seq;
    this.#waiting += 1;
    this.#stirred = true;
    if (this.#waiting >= WAITING) this.#later();
  }

  /** Seq of the last change that the lists hold. */
  get indexed(): number {
    return this.#indexed;
  }

  /**
   * Keeps the lists up to date from now on.
   * @param failed is told why it stopped: the store could not be read or written
   */
  start(failed: (failure: unknown) => void): void {
    this.#failed = failed;
    void this.#work();
  }

  /** Resolves when nothing more is read or written. */
  async stop(): Promise<void> {
    this.#failed = undefined;
    clearTimeout(this.#timer);
    await this.#working;
  }

  /** Brings the lists up to date with everything that was committed. Not for an index that is started. */
  async catchUp(): Promise<void> {
    for (let more = true; more; ) more = await this.#page();
  }

  /** Posts that a query finds, newest first. */
  async *find(
    query: Query,
    {
      topic,
      before,
      signal,
    }: { topic?: string | undefined; before?: number | undefined; signal?: AbortSignal | undefined } = {},
  ) {
    const all = topic === undefined ? query.words : [`#${topic}`, ...query.words];
    for await (const post of this.#look([all], query.start, { before, signal })) {
      if ((topic === undefined || post.topic === topic) && matches(post, query)) yield post;
    }
  }

  /** Posts of a topic, deleted ones too, newest first. */
  async *inTopic(topic: string, before?: number, signal?: AbortSignal): AsyncGenerator<Post> {
    for await (const post of this.#look([[`#${topic}`], [`!${topic}`]], undefined, { before, signal })) {
      if (post.topic === topic) yield post;
    }
  }

  /** What the lists do not hold yet. */
  async recent(): Promise<Recent> {
    // Far behind only after a flood, or with a store from before there was an index: then it is waited for.
    while (this.#failed && this.#head - this.#indexed > FLOOD) {
      this.#wanted += 1;
      await this.#work();
      this.#wanted -= 1;
    }
    // Head, number and snapshot are taken in one turn: what is committed later is in none of them.
    const reading = this.#posts.touchedAfter(this.#indexed, this.#head);
    const first = reading.next();
    const newest = this.#posts.newest;
    const posts = new Map<number, Post>();
    for (let entry = await first; !entry.done; entry = await reading.next()) posts.set(entry.value.number, entry.value);
    return { posts, newest };
  }

  /** Posts of others after `from` up to `to` that stand in a topic. @param reader nameKey of who counts */
  unread(recent: Recent, topic: string, reader: string, from: number, to = recent.newest): Unread {
    let [unread, mentions] = [0, 0];
    for (let chunk = chunkOf(from + 1); chunk <= chunkOf(to); chunk++) {
      const there = this.#list(chunk, `#${topic}`);
      if (there.length === 0) continue;
      const own = new Set(this.#list(chunk, `=${reader}`));
      const mentioned = new Set(this.#list(chunk, `~${reader}`));
      for (const number of there) {
        if (number <= from || number > to || own.has(number) || recent.posts.has(number)) continue;
        unread += 1;
        if (mentioned.has(number)) mentions += 1;
      }
    }
    for (const post of recent.posts.values()) {
      if (post.topic !== topic || post.text === null || post.number <= from || post.number > to) continue;
      const words = indexWords(post);
      if (words.has(`=${reader}`)) continue;
      unread += 1;
      if (words.has(`~${reader}`)) mentions += 1;
    }
    return { unread, mentions };
  }

  /** Posts that may have all words of one of `alternatives`, and one that begins with `start`; newest first. */
  async *#look(
    alternatives: readonly (readonly string[])[],
    start: string | undefined,
    { before = Number.MAX_SAFE_INTEGER, signal }: { before?: number | undefined; signal?: AbortSignal | undefined },
  ): AsyncGenerator<Post> {
    const recent = await this.recent();
    const fresh = [...recent.posts.keys()].filter((number) => number < before).sort((a, b) => a - b);
    const last = Math.min(recent.newest, before - 1);
    for (let chunk = chunkOf(last), looked = 1; chunk >= 0; chunk--, looked++) {
      signal?.throwIfAborted();
      const found = new Set<number>();
      while (fresh.length > 0 && chunkOf(fresh.at(-1)!) === chunk) found.add(fresh.pop()!);
      for (const words of alternatives) {
        for (const number of await this.#inChunk(chunk, words, start)) if (number <= last) found.add(number);
      }
      for (const number of [...found].sort((a, b) => b - a)) {
        const post = recent.posts.get(number) ?? this.#posts.get(number);
        if (post) yield post;
      }
      if (looked % TURN === 0) await turn();
    }
  }

  async #inChunk(chunk: number, words: readonly string[], start: string | undefined): Promise<Iterable<number>> {
    let found: Set<number> | undefined;
    for (const word of words) {
      const list = this.#list(chunk, word);
      const all = found;
      found = new Set(all ? list.filter((number) => all.has(number)) : list);
      if (found.size === 0) return found;
    }
    if (start === undefined) return found ?? [];
    const begun = new Set<number>();
    const first = keys.word(chunk, start);
    for await (const [, text] of this.#store.range({ gte: first, lt: `${first}\u{10ffff}` })) {
      for (const number of numbers(chunk, text)) if (!found || found.has(number)) begun.add(number);
    }
    return begun;
  }

  #list(chunk: number, word: string): number[] {
    return numbers(chunk, this.#store.get(keys.word(chunk, word)));
  }

  #later(): void {
    if (!this.#failed || this.#working) return;
    const now = performance.now();
    if (!this.#timer) {
      this.#waitingSince = now;
      this.#timer = setTimeout(() => void this.#work(), QUIET_MS).unref();
    } else if (this.#waiting >= FLOOD || now - this.#waitingSince > PATIENCE_MS) {
      void this.#work();
    } else {
      this.#timer.refresh();
    }
  }

  #work(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#working ??= this.#run().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #run(): Promise<void> {
    this.#waiting = 0;
    try {
      for (;;) {
        const begun = performance.now();
        this.#stirred = false;
        if (!this.#failed || !(await this.#page())) break;
        const pause = this.#stirred && this.#wanted === 0 ? (performance.now() - begun) * (1 / SHARE - 1) : 0;
        await new Promise((resolve) => (pause < 1 ? setImmediate(resolve) : setTimeout(resolve, pause)));
      }
    } catch (failure) {
      this.#failed?.(failure);
      this.#failed = undefined;
    }
  }

  /** Indexes the next few changes; whether there may be more. */
  async #page(): Promise<boolean> {
    const chunks = new Map<number, Map<string, Map<number, boolean>>>();
    const note = (post: Post, words: Iterable<string>, has: boolean) => {
      const chunk = chunkOf(post.number);
      const edits = chunks.get(chunk) ?? new Map<string, Map<number, boolean>>();
      chunks.set(chunk, edits);
      for (const word of words) {
        const edit = edits.get(word);
        if (edit) edit.set(post.number % CHUNK, has);
        else edits.set(word, new Map([[post.number % CHUNK, has]]));
      }
    };
    const head = this.#head;
    let last = this.#indexed;
    let count = 0;
    for await (const post of this.#posts.changedAfter(this.#indexed, head)) {
      if (post.editedAt !== null || post.deletedAt !== null) {
        // Its words as they are in the lists: those of what it said then. Without one it is not in them yet.
        const then = await this.#posts.revisionAt(post.number, this.#indexed);
        if (then) note(post, indexWords({ ...post, text: then.text, mentions: then.mentions }), false);
      }
      note(post, indexWords(post), true);
      last = post.seq;
      if (++count === PAGE) break;
      if (count % TURN === 0) await turn();
    }
    // Records of other kinds may have come since the last change: there is nothing to index up to the head.
    if (count < PAGE) last = Math.max(last, head);
    if (count === 0) {
      this.#indexed = last;
      return false;
    }
    const writes: Write[] = [{ type: 'put', key: keys.indexed, value: JSON.stringify(last) }];
    for (const [chunk, edits] of chunks) {
      for (const [word, edit] of edits) {
        writes.push(this.#edited(keys.word(chunk, word), edit));
        if (writes.length % TURN === 0) await turn();
      }
    }
    await this.#store.write(writes, { sync: false });
    this.#indexed = last;
    return count === PAGE;
  }

  #edited(key: string, edit: ReadonlyMap<number, boolean>): Write {
    const offsets = new Set(this.#store.read<number[]>(key) ?? []);
    for (const [offset, has] of edit) {
      if (has) offsets.add(offset);
      else offsets.delete(offset);
    }
    if (offsets.size === 0) return { type: 'del', key };
    return { type: 'put', key, value: JSON.stringify([...offsets].sort((a, b) => a - b)) };
  }
}

/** Others get their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function chunkOf(number: number): number {
  return number >>> CHUNK_BITS;
}

function numbers(chunk: number, text: string | undefined): number[] {
  if (text === undefined) return [];
  return (JSON.parse(text) as number[]).map((offset) => chunk * CHUNK + offset);
}
