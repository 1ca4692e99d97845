import { expect } from 'chai';
import fc from 'fast-check';
import type { Writer } from '../../src/room/forum.ts';
import { Room, refusal } from './room.ts';

const NAMES = ['Yoda', 'Hans', 'Luke'];
const TOPICS = ['lobby', 'gold', 'crypto'];

interface ModelPost {
  readonly number: number;
  readonly seq: number;
  readonly topic: string;
  readonly member: string;
  deleted: boolean;
  mentions: string[];
}

describe('UnreadTracker', () => {
  let room: Room;
  let writers: Writer[];
  let told: { member: string; event: Record<string, unknown> }[];
  beforeEach(async () => {
    room = await Room.open();
    writers = [];
    for (const name of NAMES) writers.push(await room.account(name));
    told = [];
    room.engine.bus.subscribe('unread', (message) => told.push(message as (typeof told)[number]));
  });
  afterEach(() => room.close());

  const [yoda, hans] = NAMES as [string, string];
  const post = (text: string, topic = 'lobby', member = 0) => room.forum.post(writers[member]!, { text, topic });
  const counts = async (reader: string) =>
    Object.fromEntries(
      (await room.unread.topics(reader)).map(({ topic, unread, mentions }) => [topic, [unread, mentions]]),
    );
  const records = () => room.engine.journal.head();

  it('lists topics with the number of their posts and the last one, latest first', async () => {
    expect(await room.unread.topics()).to.deep.equal([]);
    await post('one');
    await post('two', 'gold');
    await post('three', 'gold');
    await post('four');
    await room.forum.delete(writers[0]!, 3);
    const topics = await room.unread.topics();
    expect(topics.map(({ topic, posts, last }) => [topic, posts, last.number])).to.deep.equal([
      ['lobby', 2, 4],
      ['gold', 1, 3],
    ]);
    expect(topics[0]).to.have.all.keys('topic', 'posts', 'last');
  });

  it('counts undeleted posts of others, and mentions among them', async () => {
    await post('hello @hans');
    await post('hello', 'gold', 1);
    const { number } = await post('bye @hans', 'gold');
    expect(await counts(hans)).to.deep.equal({ lobby: [1, 1], gold: [1, 1] });
    expect(await counts('HANS')).to.deep.equal({ lobby: [1, 1], gold: [1, 1] });
    expect(await counts(yoda)).to.deep.equal({ lobby: [0, 0], gold: [1, 0] });
    await room.forum.edit(writers[0]!, number, 'bye');
    expect(await counts(hans)).to.deep.include({ gold: [1, 0] });
    await room.forum.delete(writers[0]!, number);
    expect(await counts(hans)).to.deep.include({ gold: [0, 0] });
  });

  it('marks read up to a seq, for one topic or all, and sends the remaining counts to every terminal', async () => {
    const first = await post('1 @hans', 'gold');
    await post('2', 'gold');
    await post('3');
    expect(await room.unread.markRead(hans, first.seq, '#Gold')).to.deep.equal({
      topic: 'gold',
      seq: records(),
      unread: 1,
      mentions: 0,
    });
    expect(await counts(hans)).to.deep.equal({ lobby: [1, 0], gold: [1, 0] });
    expect(await room.unread.markRead(hans, records())).to.deep.equal({ seq: records(), unread: 0, mentions: 0 });
    expect(await counts(hans)).to.deep.equal({ lobby: [0, 0], gold: [0, 0] });
    expect(told).to.deep.equal([
      { member: 'hans', event: { topic: 'gold', seq: 7, unread: 1, mentions: 0 } },
      { member: 'hans', event: { seq: 8, unread: 0, mentions: 0 } },
    ]);
    await post('4', 'gold');
    expect(await counts(hans)).to.deep.include({ gold: [1, 0] });
  });

  it('writes nothing if nothing changes: marks never move back, and a position is marked once', async () => {
    const { seq } = await post('1');
    await post('2');
    await post('own', 'lobby', 1);
    await room.unread.markRead(hans, records(), 'lobby');
    const before = records();
    await room.unread.markRead(hans, before, 'lobby');
    await room.unread.markRead(hans, seq, 'lobby');
    await room.unread.markRead(hans, 0);
    await room.unread.markRead(hans, Number.MAX_SAFE_INTEGER);
    await room.unread.markRead(hans, before, 'never-written-in');
    await post('own again', 'lobby', 1);
    await room.unread.markRead(hans, records());
    expect(records()).to.equal(before + 1);
    expect(told).to.have.length(1);
    expect(await counts(hans)).to.deep.equal({ lobby: [0, 0] });
    await refusal(() => room.unread.markRead(hans, 1, 'two words'), 'INVALID_REQUEST');
  });

  it('counts a post at its original position, even after edits', async () => {
    await post('1');
    const second = await post('2');
    await room.unread.markRead(hans, second.seq);
    await room.forum.edit(writers[0]!, 1, 'edited');
    expect(await counts(hans)).to.deep.equal({ lobby: [0, 0] });
    await post('3');
    await room.forum.edit(writers[0]!, 2, 'edited too');
    await room.forum.edit(writers[0]!, 3, 'edited as well');
    expect(await room.unread.markRead(hans, second.seq)).to.include({ unread: 1 });
    expect(await counts(hans)).to.deep.equal({ lobby: [1, 0] });
  });

  it('survives a restart', async () => {
    await post('1');
    await room.unread.markRead(hans, records());
    await post('2');
    const { store } = room;
    await room.close();
    room = await Room.open({ store });
    expect(await counts(hans)).to.deep.equal({ lobby: [1, 0] });
  });

  it('equals a count over all posts, for any actions of three members on two terminals each', async () => {
    const number = fc.nat();
    const member = fc.nat(2);
    const topic = fc.nat(2);
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('post' as const), member, topic, mentions: fc.nat(7) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('edit' as const), number, mentions: fc.nat(7) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), number }) },
      // Two terminals of a member mark concurrently, each what it has seen.
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('mark' as const),
          member,
          marks: fc.array(fc.record({ topic: fc.option(topic), back: fc.nat(12) }), { minLength: 1, maxLength: 2 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'index' as const }) },
    );
    const posts: ModelPost[] = [];
    const marks = new Map<string, number>();
    const textOf = (mentions: number) => `hi ${NAMES.filter((_, i) => mentions & (1 << i)).map((name) => `@${name}`)}`;
    const named = (mentions: number) => NAMES.filter((_, i) => mentions & (1 << i));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (script) => {
        for (const each of script) {
          if (each.kind === 'index') await room.view.searchIndex.catchUp();
          else if (each.kind === 'post') {
            const { number, seq } = await post(textOf(each.mentions), TOPICS[each.topic], each.member);
            const fields = { topic: TOPICS[each.topic]!, member: NAMES[each.member]!, mentions: named(each.mentions) };
            posts.push({ number, seq, deleted: false, ...fields });
          } else if (each.kind === 'mark') {
            const head = records();
            const reader = NAMES[each.member]!;
            await Promise.all(
              each.marks.map(async ({ topic, back }) => {
                const name = topic === null ? undefined : TOPICS[topic];
                const seq = Math.max(0, head - back);
                await room.unread.markRead(reader, seq, name);
                for (const one of name === undefined ? TOPICS : [name]) {
                  const key = `${reader} ${one}`;
                  marks.set(key, Math.max(marks.get(key) ?? 0, seq));
                }
              }),
            );
          } else if (posts.length > 0) {
            const model = posts[each.number % posts.length]!;
            if (model.deleted) continue;
            const writer = { name: model.member, role: 'member' as const };
            if (each.kind === 'edit') {
              await room.forum.edit(writer, model.number, textOf(each.mentions));
              model.mentions = named(each.mentions);
            } else {
              await room.forum.delete(writer, model.number);
              model.deleted = true;
            }
          }
        }
        for (const reader of NAMES) {
          const expected: Record<string, number[]> = {};
          for (const one of new Set(posts.map(({ topic }) => topic))) {
            const unread = posts.filter(
              ({ topic, seq, member, deleted }) =>
                topic === one && !deleted && member !== reader && seq > (marks.get(`${reader} ${one}`) ?? 0),
            );
            expected[one] = [unread.length, unread.filter(({ mentions }) => mentions.includes(reader)).length];
          }
          expect(await counts(reader)).to.deep.equal(expected);
        }
      }),
      { numRuns: 40 },
    );
  });
});
