import { canonicalName } from '../domain/account.ts';
import { yieldToEventLoop } from '../domain/deferred.ts';
import { defined } from '../domain/defined.ts';
import { type Post, parseTopic } from '../domain/post.ts';
import type { MessageBus } from '../engine/types.ts';
import type { UnreadCounts as Counts, IndexDelta } from '../projections/search-index.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';
import { HeadCache } from './head-cache.ts';

export interface TopicStatus {
  readonly topic: string;
  readonly posts: number;
  readonly last: Post;
}

/** Unread counts of a topic, or of all topics if none is named, as of `seq`. */
export interface ReadPosition extends Counts {
  readonly topic?: string;
  readonly seq: number;
}

const MAX_TOPICS = 500;
/** Members whose counts are cached until the next write. */
const MAX_CACHED_READERS = 8;

/** The forum's topics and each member's unread posts: posts of others after the member's read mark. */
export class UnreadTracker {
  readonly #room: RoomContext & { bus: MessageBus };

  readonly #topicCache: HeadCache<TopicStatus[]>;
  readonly #countCache: HeadCache<(TopicStatus & Counts)[]>;

  constructor(room: RoomContext & { bus: MessageBus }) {
    this.#room = room;
    const head = () => room.journal.head();
    this.#topicCache = new HeadCache({ head, size: 1 });
    this.#countCache = new HeadCache({ head, size: MAX_CACHED_READERS });
  }

  /**
   * Topics with the latest posts first. Cached until the next write.
   * @param reader whose unread posts are counted
   * @throws AppError CONNECTION_ENDED when the signal is aborted
   */
  topics(reader?: string, signal?: AbortSignal): Promise<(TopicStatus & Partial<Counts>)[]> {
    if (reader === undefined) return this.#latestTopics(signal);
    const key = canonicalName(reader);
    return this.#countCache.get(key, () => this.#countAllTopics(key, signal), signal);
  }

  #latestTopics(signal: AbortSignal | undefined): Promise<TopicStatus[]> {
    return this.#topicCache.get('', () => this.#listTopics(signal), signal);
  }

  async #listTopics(signal: AbortSignal | undefined): Promise<TopicStatus[]> {
    const { posts } = this.#room.readModel;
    const known: [topic: string, posts: number, last: number][] = [];
    for await (const [topic, { posts: count, last }] of posts.topics()) {
      signal?.throwIfAborted();
      known.push([topic, count, last]);
    }
    known.sort(([, , a], [, , b]) => b - a);
    const listed: TopicStatus[] = [];
    for (const [topic, count, number] of known.slice(0, MAX_TOPICS)) {
      const last = posts.get(number);
      if (last) listed.push({ topic, posts: count, last }); // otherwise lost (goldctl repair)
    }
    return listed;
  }

  async #countAllTopics(reader: string, signal: AbortSignal | undefined): Promise<(TopicStatus & Counts)[]> {
    const counted: (TopicStatus & Counts)[] = [];
    const listed = await this.#latestTopics(signal);
    const delta = await this.#room.readModel.searchIndex.readDelta();
    for (const each of listed) {
      signal?.throwIfAborted();
      counted.push({ ...each, ...this.#countTopic(delta, each.topic, reader) });
      await yieldToEventLoop();
    }
    return counted;
  }

  /**
   * Marks a topic, or all topics, as read up to a sequence number. Writes nothing unless this reduces the unread
   * counts: read marks never move back.
   * @throws AppError INVALID_REQUEST
   */
  async markRead(reader: string, seq: number, topic?: string, signal?: AbortSignal): Promise<ReadPosition> {
    const normalizedTopic = topic === undefined ? undefined : parseTopic(topic);
    const { posts, searchIndex } = this.#room.readModel;
    const delta = await searchIndex.readDelta();
    const number = Math.min(posts.numberAtSeq(seq), delta.newest);
    let hasUnread = false;
    for (const each of normalizedTopic === undefined ? await this.#topicNames(signal) : [normalizedTopic]) {
      const { unread } = this.#countTopic(delta, each, canonicalName(reader), number);
      if (unread > 0) hasUnread = true;
      if (hasUnread) break;
      signal?.throwIfAborted();
      await yieldToEventLoop();
    }
    if (hasUnread) {
      await appendNow(this.#room, 'forum.marked', {
        member: reader,
        topic: normalizedTopic ?? null,
        number,
      });
    }
    // After a write, notify the member's other clients, even if the caller has disconnected.
    const reading = await this.#readPosition(reader, normalizedTopic, hasUnread ? undefined : signal);
    if (hasUnread) this.#room.bus.publish('unread', { member: canonicalName(reader), event: reading });
    return reading;
  }

  async #readPosition(reader: string, topic?: string, signal?: AbortSignal): Promise<ReadPosition> {
    const seq = this.#room.journal.head();
    const delta = await this.#room.readModel.searchIndex.readDelta();
    let [unread, mentions] = [0, 0];
    for (const each of topic === undefined ? await this.#topicNames(signal) : [topic]) {
      const counts = this.#countTopic(delta, each, canonicalName(reader));
      unread += counts.unread;
      mentions += counts.mentions;
      signal?.throwIfAborted();
      await yieldToEventLoop();
    }
    return { ...defined({ topic }), seq, unread, mentions };
  }

  #countTopic(delta: IndexDelta, topic: string, reader: string, to = delta.newest): Counts {
    const known = this.#room.readModel.posts.topic(topic);
    if (!known) return { unread: 0, mentions: 0 };
    const from = Math.max(this.#room.readModel.posts.readMark(reader, topic), known.first - 1);
    return this.#room.readModel.searchIndex.countUnread(delta, topic, reader, from, Math.min(to, known.last));
  }

  async #topicNames(signal: AbortSignal | undefined): Promise<string[]> {
    const names: string[] = [];
    for await (const [topic] of this.#room.readModel.posts.topics()) {
      signal?.throwIfAborted();
      names.push(topic);
    }
    return names;
  }
}
