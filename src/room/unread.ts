import type { Instant } from '../domain/instant.ts';
import { nameKey } from '../domain/name.ts';
import { type Post, parseTopic } from '../domain/post.ts';
import type { Bus, Journal } from '../engine/contract.ts';
import type { View } from '../view/view.ts';
import type { Unread as Counts, Recent } from '../view/words.ts';
import { append } from './append.ts';
import { HeadCache } from './head-cache.ts';

export interface TopicStatus {
  readonly topic: string;
  /** How many stand in it. */
  readonly posts: number;
  readonly last: Post;
}

/** What a member has not read of a topic, or of all of them where none is named, as of `seq`. */
export interface Reading extends Counts {
  readonly topic?: string;
  readonly seq: number;
}

/** Topics that are listed: those last written in. */
const TOPICS = 500;
/** Members whose counts are kept until something is written. */
const READERS = 8;

/** The forum's topics, and what each member has not read in them: posts of others beyond the mark that he set. */
export class Unread {
  readonly #journal: Journal;
  readonly #bus: Bus;
  readonly #view: View;
  readonly #now: () => Instant;

  readonly #listed: HeadCache<TopicStatus[]>;
  readonly #counted: HeadCache<(TopicStatus & Counts)[]>;

  constructor(room: { journal: Journal; bus: Bus; view: View; now: () => Instant }) {
    const head = () => room.journal.head();
    this.#listed = new HeadCache({ head, size: 1 });
    this.#counted = new HeadCache({ head, size: READERS });
    this.#journal = room.journal;
    this.#bus = room.bus;
    this.#view = room.view;
    this.#now = room.now;
  }

  /**
   * The topics last written in, the latest first. Who asks again before anything is written gets the same list.
   * @param reader whose unread posts are counted
   * @throws Failure CONNECTION_ENDED where the signal is aborted
   */
  topics(reader?: string, signal?: AbortSignal): Promise<(TopicStatus & Partial<Counts>)[]> {
    if (reader === undefined) return this.#latest(signal);
    return this.#counted.get(nameKey(reader), () => this.#countAll(nameKey(reader), signal), signal);
  }

  #latest(signal: AbortSignal | undefined): Promise<TopicStatus[]> {
    return this.#listed.get('', () => this.#list(signal), signal);
  }

  async #list(signal: AbortSignal | undefined): Promise<TopicStatus[]> {
    const { posts } = this.#view;
    const known: [topic: string, posts: number, last: number][] = [];
    for await (const [topic, { posts: count, last }] of posts.topics()) {
      signal?.throwIfAborted();
      known.push([topic, count, last]);
    }
    known.sort(([, , a], [, , b]) => b - a);
    const listed: TopicStatus[] = [];
    for (const [topic, count, number] of known.slice(0, TOPICS)) {
      const last = posts.get(number);
      if (last) listed.push({ topic, posts: count, last }); // else lost (goldctl repair)
    }
    return listed;
  }

  async #countAll(reader: string, signal: AbortSignal | undefined): Promise<(TopicStatus & Counts)[]> {
    const counted: (TopicStatus & Counts)[] = [];
    const listed = await this.#latest(signal);
    const recent = await this.#view.words.recent();
    for (const each of listed) {
      signal?.throwIfAborted();
      counted.push({ ...each, ...this.#count(recent, each.topic, reader) });
      await turn();
    }
    return counted;
  }

  /**
   * The member has read a topic, or all of them, up to a seq. Noted only where that leaves less unread than before:
   * marks do not go back, and what has no post of others before it is no news.
   * @throws Failure INVALID_REQUEST
   */
  async mark(reader: string, seq: number, topic?: string, signal?: AbortSignal): Promise<Reading> {
    const wanted = topic === undefined ? undefined : parseTopic(topic);
    const { posts, words } = this.#view;
    const recent = await words.recent();
    const number = Math.min(posts.numberAt(seq), recent.newest);
    let moves = false;
    for (const each of wanted === undefined ? await this.#names(signal) : [wanted]) {
      const { unread } = this.#count(recent, each, nameKey(reader), number);
      if (unread > 0) moves = true;
      if (moves) break;
      signal?.throwIfAborted();
      await turn();
    }
    if (moves) {
      await append(this.#journal, 'forum.marked', this.#now(), { member: reader, topic: wanted ?? null, number });
    }
    // Where something was noted, the other terminals of the member are told, whoever has gone.
    const reading = await this.#reading(reader, wanted, moves ? undefined : signal);
    if (moves) this.#bus.publish('unread', { member: nameKey(reader), event: reading });
    return reading;
  }

  async #reading(reader: string, topic: string | undefined, signal: AbortSignal | undefined): Promise<Reading> {
    const seq = this.#journal.head();
    const recent = await this.#view.words.recent();
    let [unread, mentions] = [0, 0];
    for (const each of topic === undefined ? await this.#names(signal) : [topic]) {
      const counts = this.#count(recent, each, nameKey(reader));
      unread += counts.unread;
      mentions += counts.mentions;
      signal?.throwIfAborted();
      await turn();
    }
    return { ...(topic === undefined ? {} : { topic }), seq, unread, mentions };
  }

  #count(recent: Recent, topic: string, reader: string, to = recent.newest): Counts {
    const known = this.#view.posts.topic(topic);
    if (!known) return { unread: 0, mentions: 0 };
    const from = Math.max(this.#view.posts.mark(reader, topic), known.first - 1);
    return this.#view.words.unread(recent, topic, reader, from, Math.min(to, known.last));
  }

  async #names(signal: AbortSignal | undefined): Promise<string[]> {
    const names: string[] = [];
    for await (const [topic] of this.#view.posts.topics()) {
      signal?.throwIfAborted();
      names.push(topic);
    }
    return names;
  }
}

/** Counting may be long: others get their turn between topics. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
