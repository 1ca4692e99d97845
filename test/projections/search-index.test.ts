import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalName } from '../../src/domain/account.ts';
import type { Post } from '../../src/domain/post.ts';
import { indexTerms, matchesQuery, parseSearchQuery } from '../../src/domain/search-terms.ts';
import { keys, prefixRange } from '../../src/store/keys.ts';
import { TestRoom } from './room.ts';

const MEMBERS = ['Yoda', 'Hà', 'obi-wan'];
const WORDS = ['vàng', 'Vang', 'vangard', 'bạc', 'lên', 'SJC', '152', '@yoda', '@hà', '@nobody', 'Đô', 'la'];
const TOPICS = ['lobby', 'gold', 'vàng'];
const QUERIES = ['vang', 'vang len', 'v', 'sjc 1', '@yo', '@ha bac', 'obi', 'yoda', 'do la', 'ba', 'nothing', 'yoda v'];

type Step =
  | { kind: 'post'; member: number; words: number[]; topic: number }
  | { kind: 'edit'; number: number; words: number[] }
  | { kind: 'delete'; number: number }
  | { kind: 'index' };

const words = fc.array(fc.nat(WORDS.length - 1), { minLength: 1, maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      member: fc.nat(MEMBERS.length - 1),
      words,
      topic: fc.nat(TOPICS.length - 1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('edit' as const), number: fc.nat(), words }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), number: fc.nat() }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'index' as const }) },
);

const textOf = (picked: readonly number[]) => picked.map((word) => WORDS[word]).join(' ');

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of list) found.push(each);
  return found;
}

describe('SearchIndex', () => {
  let room: TestRoom;
  beforeEach(async () => {
    room = await new TestRoom().start();
  });
  afterEach(() => room.stop());

  const members = async () => {
    const password = { hash: '', salt: '', N: 2, r: 1, p: 1 };
    for (const name of MEMBERS) await room.append('account.created', 0, { name, role: 'member', password });
  };
  const post = (text: string, fields: { member?: string; topic?: string } = {}) =>
    room.append('forum.posted', 1000, { member: 'Yoda', text, topic: 'lobby', replyTo: null, ...fields });
  const edit = (number: number, text: string) => room.append('forum.edited', 2000, { number, text, by: 'Yoda' });
  const remove = (number: number) => room.append('forum.deleted', 3000, { number, by: 'Yoda' });
  const find = async (text: string, where: { topic?: string; before?: number } = {}) =>
    (await all(room.view.searchIndex.search(parseSearchQuery(text)!, where))).map(({ number }) => number);
  const lists = async () => new Map(await room.store.entries(prefixRange('w/')));

  /** The expected index: the terms of every current post, and nothing else. */
  const naiveLists = (posts: readonly Post[]) => {
    const expected = new Map<string, number[]>();
    for (const each of posts) {
      for (const word of indexTerms(each)) {
        const key = keys.word(each.number >>> 10, word);
        expected.set(key, [...(expected.get(key) ?? []), each.number % 1024]);
      }
    }
    return expected;
  };

  const check = async () => {
    const posts = await all(room.view.posts.newestFirst());
    for (const text of QUERIES) {
      const query = parseSearchQuery(text)!;
      const expected = posts.filter((each) => matchesQuery(each, query));
      const numbers = (list: readonly Post[]) => list.map(({ number }) => number);
      expect(await find(text), text).to.deep.equal(numbers(expected));
      const before = Math.ceil(posts.length / 2);
      expect(await find(text, { topic: 'gold', before }), `${text} in #gold before ${before}`).to.deep.equal(
        numbers(expected.filter(({ topic, number }) => topic === 'gold' && number < before)),
      );
    }
    const recent = await room.view.searchIndex.readDelta();
    for (const topic of TOPICS) {
      const inTopic = posts.filter((each) => each.topic === topic);
      expect((await all(room.view.searchIndex.postsInTopic(topic))).map(({ seq }) => seq)).to.deep.equal(
        inTopic.map(({ seq }) => seq),
      );
      for (const name of MEMBERS) {
        const from = Math.floor(posts.length / 3);
        const unread = inTopic.filter(({ number, member, text }) => number > from && member !== name && text !== null);
        expect(room.view.searchIndex.countUnread(recent, topic, canonicalName(name), from)).to.deep.equal({
          unread: unread.length,
          mentions: unread.filter(({ mentions }) => mentions.includes(name)).length,
        });
      }
    }
  };

  it('finds what a scan of all posts finds, for any sequence of posts, edits, deletions and index runs', async () => {
    await members();
    // So many that later changes are in several chunks.
    await Promise.all(Array.from({ length: 1010 }, (_, i) => post(textOf([i % WORDS.length, (i * 7) % WORDS.length]))));
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (script) => {
        for (const each of script) {
          const count = room.view.posts.newestNumber;
          if (each.kind === 'index') await room.view.searchIndex.catchUp();
          else if (each.kind === 'post') {
            const fields = { member: MEMBERS[each.member]!, topic: TOPICS[each.topic]! };
            await post(textOf(each.words), fields);
          } else if (count > 0) {
            const number = 1 + (each.number % count);
            await (each.kind === 'edit' ? edit(number, textOf(each.words)) : remove(number));
          }
        }
        if (++steps % 3 === 0) await room.restart();
        await check();
      }),
      { numRuns: 10 },
    );
    await room.view.searchIndex.catchUp();
    const posts = (await all(room.view.posts.newestFirst())).reverse();
    const held = new Map([...(await lists())].map(([key, text]) => [key, JSON.parse(text) as number[]]));
    expect(held).to.deep.equal(naiveLists(posts));
    expect(room.view.searchIndex.indexedSeq).to.equal(room.engine.journal.head());
  });

  it('follows the journal once it is started, and stops on request', async () => {
    for (let i = 0; i < 300; i++) void post(`vàng ${i}`);
    await post('last');
    const failed: unknown[] = [];
    room.view.searchIndex.start((failure) => failed.push(failure));
    while (room.view.searchIndex.indexedSeq < 301) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 256; i++) void post(`bạc ${i}`);
    await post('last');
    while (room.view.searchIndex.indexedSeq < 557) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await find('bac 25')).to.deep.equal([557, 556, 555, 554, 553, 552, 327]);
    await room.view.searchIndex.stop();
    const held = await lists();
    for (let i = 0; i < 600; i++) void post(`đồng ${i}`);
    await post('last');
    expect(await lists()).to.deep.equal(held);
    expect(await find('dong')).to.have.length(600);
    expect(failed).to.deep.equal([]);
  });

  it('pauses after many posts, and not after many other records', async () => {
    const flood = 66_000;
    for (let i = 1; i < flood; i++) void room.append('rates.backfilled', 0, { provider: 'sjc' });
    await room.append('rates.backfilled', 0, { provider: 'sjc' });
    await room.restart();
    const failed: unknown[] = [];
    room.view.searchIndex.start((failure) => failed.push(failure));
    expect(await find('vang')).to.deep.equal([]);
    await post('vàng');
    expect(await find('vang')).to.deep.equal([1]);
    await room.view.searchIndex.stop();
    for (let i = 1; i < flood; i++) void post('bạc');
    await post('bạc');
    room.view.searchIndex.start((failure) => failed.push(failure));
    expect(await find('vang')).to.deep.equal([1]);
    expect(room.view.searchIndex.indexedSeq).to.equal(room.engine.journal.head());
    await room.view.searchIndex.stop();
    expect(failed).to.deep.equal([]);
  });

  it('reports why it stopped', async () => {
    for (let i = 0; i < 3; i++) await post('vàng');
    room.store.write = async () => {
      throw new Error('the disk is full');
    };
    const failure = await new Promise<unknown>((resolve) => room.view.searchIndex.start(resolve));
    expect((failure as Error).message).to.equal('the disk is full');
    expect(await find('vang')).to.deep.equal([3, 2, 1]);
    await room.view.searchIndex.stop();
  });

  it('contains nothing of deleted or replaced texts', async () => {
    await members();
    await post('secret @yoda');
    await room.view.searchIndex.catchUp();
    await edit(1, 'nothing');
    await edit(1, 'password');
    await room.view.searchIndex.catchUp();
    await remove(1);
    await room.view.searchIndex.catchUp();
    expect([...(await lists()).keys()].map((key) => key.slice('w/000000000/'.length))).to.have.members([
      '!lobby',
      '=yoda',
    ]);
  });
});
