import type { Instant } from '../domain/instant.ts';
import { nameKey } from '../domain/name.ts';
import { type Post, parseTopic } from '../domain/post.ts';
import type { Bus, Journal } from '../engine/contract.ts';
import type { View } from '../view/view.ts';
import type { Unread as Counts, Recent } from '../view/words.ts';
import { append } from './append.ts';

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

/** The forum's topics, and what each member has not read in them: posts of others beyond the mark that he set. */
export class Unread {
  readonly #journal: Journal;
  readonly #bus: Bus;
  readonly #view: View;
  readonly #now: () => Instant;

  constructor(room: { journal: Journal; bus: Bus; view: View; now: () => Instant }) {
    this.#journal = room.journal;
    this.#bus = room.bus;
    this.#view = room.view;
    this.#now = room.now;
  }

  /** The topics last written in, the latest first. @param reader whose unread posts are counted */
  async topics(reader?: string): Promise<(TopicStatus & Partial<Counts>)[]> {
    const { posts } = this.#view;
    const known: [topic: string, posts: number, last: number][] = [];
    for await (const [topic, { posts: count, last }] of posts.topics()) known.push([topic, count, last]);
    known.sort(([, , a], [, , b]) => b - a);
    const recent = reader === undefined ? undefined : await this.#view.words.recent();
    const listed: (TopicStatus & Partial<Counts>)[] = [];
    for (const [topic, count, number] of known.slice(0, TOPICS)) {
      const last = posts.get(number);
      if (!last) continue; // lost (goldctl repair)
      const counts = recent && this.#count(recent, topic, nameKey(reader!));
      listed.push({ topic, posts: count, last, ...counts });
      if (counts) await turn();
    }
    return listed;
  }

  /**
   * The member has read a topic, or all of them, up to a seq. Noted only where that leaves less unread than before:
   * marks do not go back, and what has no post of others before it is no news.
   * @throws Failure INVALID_REQUEST
   */
  async mark(reader: string, seq: number, topic?: string): Promise<Reading> {
    const wanted = topic === undefined ? undefined : parseTopic(topic);
    const { posts, words } = this.#view;
    const recent = await words.recent();
    const number = Math.min(posts.numberAt(seq), recent.newest);
    let moves = false;
    for (const each of wanted === undefined ? await this.#names() : [wanted]) {
      const { unread } = this.#count(recent, each, nameKey(reader), number);
      if (unread > 0) moves = true;
      if (moves) break;
      await turn();
    }
    if (moves) {
      await append(this.#journal, 'forum.marked', this.#now(), { member: reader, topic: wanted ?? null, number });
    }
    const reading = await this.#reading(reader, wanted);
    if (moves) this.#bus.publish('unread', { member: nameKey(reader), event: reading });
    return reading;
  }

  async #reading(reader: string, topic: string | undefined): Promise<Reading> {
    const seq = this.#journal.head();
    const recent = await this.#view.words.recent();
    let [unread, mentions] = [0, 0];
    for (const each of topic === undefined ? await this.#names() : [topic]) {
      const counts = this.#count(recent, each, nameKey(reader));
      unread += counts.unread;
      mentions += counts.mentions;
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

  async #names(): Promise<string[]> {
    const names: string[] = [];
    for await (const [topic] of this.#view.posts.topics()) names.push(topic);
    return names;
  }
}

/** Counting may be long: others get their turn between topics. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
