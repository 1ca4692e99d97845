import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { Writer } from '../../src/room/forum.ts';
import { Room } from './room.ts';

/** Posts: several pages of the store and several chunks of the search index. */
const POSTS = 1500;

describe('cancelled scans', () => {
  let room: Room;
  let writer: Writer;
  let abort: AbortController;
  /** Posts that were read after the abort. */
  let read: number;

  before(async function () {
    this.timeout(60_000);
    room = await Room.open();
    writer = await room.account('Yoda');
    const post = (i: number) => room.forum.post(writer, { text: `word${i}`, topic: i % 2 === 0 ? 'big' : `t${i}` });
    for (let i = 0; i < POSTS; i += 100) await Promise.all(Array.from({ length: 100 }, (_, j) => post(i + j)));
    await room.view.searchIndex.catchUp();
    // Aborts at the tenth post and counts the posts that are read after it.
    const { posts } = room.view;
    const count = () => {
      if (abort.signal.aborted) read += 1;
      else if (++read === 10) {
        read = 0;
        abort.abort(new AppError('CONNECTION_ENDED'));
      }
    };
    for (const name of ['newestFirst', 'changedAfter', 'topics', 'touchedAfter'] as const) {
      const original = posts[name].bind(posts) as (...given: unknown[]) => AsyncGenerator<never>;
      const counted = async function* (...given: unknown[]) {
        for await (const each of original(...given)) {
          count();
          yield each;
        }
      };
      Object.assign(posts, { [name]: counted });
    }
    const [get, topic] = [posts.get.bind(posts), posts.topic.bind(posts)];
    Object.assign(posts, {
      get: (number: number) => {
        count();
        return get(number);
      },
      topic: (name: string) => {
        count();
        return topic(name);
      },
    });
  });
  after(() => room.close());
  beforeEach(() => {
    abort = new AbortController();
    read = 0;
  });

  const scans: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
    'forum.read by seq': (signal) => room.forum.read({ sinceSeq: 0, topic: 'none', signal }),
    'forum.read by time': (signal) => room.forum.read({ sinceTime: Number.MAX_SAFE_INTEGER, signal }),
    'forum.read of a topic': (signal) => room.forum.read({ topic: 'big', sinceTime: Number.MAX_SAFE_INTEGER, signal }),
    'forum.search': (signal) => room.forum.search({ text: 'word1', limit: POSTS, signal }),
    'forum.topics': (signal) => room.unread.topics(undefined, signal),
    'forum.topics of a member': (signal) => room.unread.topics('Yoda', signal),
    'forum.markRead': (signal) => room.unread.markRead('Yoda', room.engine.journal.head(), undefined, signal),
  };
  for (const [name, scan] of Object.entries(scans)) {
    it(`stops: ${name}`, async () => {
      const outcome = await scan(abort.signal).catch((thrown: AppError) => thrown.code);
      expect(abort.signal.aborted).to.equal(true);
      expect(outcome).to.equal('CONNECTION_ENDED');
      expect(read).to.be.at.most(250); // of 1,500: the rest of the current page or chunk
    });
  }
});
