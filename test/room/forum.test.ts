import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { appendToJournal } from '../../src/room/append-to-journal.ts';
import { DAEMON_OWNER, type Writer } from '../../src/room/forum.ts';
import { HOUR, MINUTE, NOON, Room, refusal } from './room.ts';

const YODA: Writer = { name: 'Yoda' };
const HANS: Writer = { name: 'Hans' };
const LUKE: Writer = { name: 'Luke' };
const OWNER: Writer = { name: 'Leia' };

describe('Forum', () => {
  let room: Room;
  const post = (text: string, more: object = {}, writer = YODA) => room.forum.post(writer, { text, ...more });
  const texts = async (reading: Parameters<Room['forum']['read']>[0] = {}) =>
    (await room.forum.read(reading)).posts.map(({ text }) => text);
  /** Luke, a moderator, and Leia, an owner. */
  const makeStaff = async () => {
    await room.account(LUKE.name, 'moderator');
    await room.account(OWNER.name, 'owner');
  };
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  describe('post', () => {
    it('stores author, text, topic and time', async () => {
      expect(await post('Vàng lên rồi', { topic: '#Vàng' })).to.deep.include({
        number: 1,
        member: 'Yoda',
        text: 'Vàng lên rồi',
        topic: 'vàng',
        replyTo: null,
        mentions: [],
        at: NOON,
        editedAt: null,
        deletedAt: null,
        deletedBy: null,
        seq: 1,
      });
      expect((await post('two')).topic).to.equal('lobby');
    });

    it('returns one post for the same clientId, also for concurrent requests', async () => {
      const both = await Promise.all([post('once', { clientId: 'c1' }), post('once', { clientId: 'c1' })]);
      expect(both[1]).to.deep.equal(both[0]);
      expect(await post('once more', { clientId: 'c1' })).to.deep.equal(both[0]);
      expect(await texts()).to.deep.equal(['once']);
    });

    it('returns the current state of the post if its clientId is repeated', async () => {
      const { number } = await post('first', { clientId: 'c1' });
      await room.forum.edit(YODA, number, 'second');
      expect((await post('first', { clientId: 'c1' })).text).to.equal('second');
      await room.forum.delete(YODA, number);
      expect((await post('first', { clientId: 'c1' })).text).to.equal(null);
      expect(await texts()).to.deep.equal([null]);
    });

    it('keeps clientIds separate per member', async () => {
      const [one, other] = [await post('mine', { clientId: 'c' }), await post('mine', { clientId: 'c' }, HANS)];
      expect([one.number, other.number]).to.deep.equal([1, 2]);
      expect((await post('x', { clientId: 'c' }, { name: 'YODA' })).number).to.equal(1);
      // name and id must not be confused with each other
      await post('a', { clientId: 'b/c' });
      expect((await post('b', { clientId: 'c' }, { name: 'Yoda-b' })).text).to.equal('b');
    });

    it('gives each number once to concurrent writers', async () => {
      const posts = await Promise.all(Array.from({ length: 100 }, (_, i) => post(`${i}`, {}, i % 2 ? YODA : HANS)));
      expect(posts.map(({ number }) => number).sort((a, b) => a - b)).to.deep.equal(
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
    });

    it('puts a reply into the topic of its post, unless another topic is given', async () => {
      await post('question', { topic: 'gold' });
      expect(await post('answer', { replyTo: 1 })).to.include({ replyTo: 1, topic: 'gold' });
      expect(await post('elsewhere', { replyTo: 1, topic: 'btc' })).to.include({ replyTo: 1, topic: 'btc' });
      await room.forum.delete(YODA, 1);
      expect(await post('too late?', { replyTo: 1 })).to.include({ replyTo: 1, topic: 'gold' });
      const failure = await refusal(() => post('?', { replyTo: 99 }), 'NOT_FOUND');
      expect(failure.message).to.equal('There is no post #99.');
      expect(failure.data).to.deep.equal({ field: 'replyTo' });
    });

    it('counts characters, not bytes or UTF-16 units', async () => {
      expect((await post('😀'.repeat(4096))).text).to.have.length(8192);
      expect((await post(`${'ệ'.normalize('NFD').repeat(4096)} `)).text).to.equal('ệ'.repeat(4096));
      const failure = await refusal(() => post('😀'.repeat(4097)), 'TOO_LARGE');
      expect(failure.data).to.deep.equal({ field: 'text', limit: 4096 });
      await refusal(() => room.forum.edit(YODA, 1, 'x'.repeat(4097)), 'TOO_LARGE');
      expect(await texts()).to.have.length(2);
    });

    it('keeps line breaks and removes all other control characters', async () => {
      const { text } = await post(' \u001b[31mred\u001b[0m\r\nnext\tline\u202e\u200b\u0007 ');
      expect(text).to.equal('[31mred[0m\nnext line');
      for (const nothing of ['', '  \n ', '\u0000\u001b', '\u200b\u2060', '\u3164']) {
        await refusal(() => post(nothing), 'INVALID_REQUEST');
      }
    });

    it('refuses invalid topics', async () => {
      for (const topic of ['', '#', 'two words', 'a/b', 'x'.repeat(33), '\u001b[0m']) {
        expect((await refusal(() => post('x', { topic }), 'INVALID_REQUEST')).data).to.deep.equal({ field: 'topic' });
      }
      expect((await post('x', { topic: '__proto__' })).topic).to.equal('__proto__');
    });
  });

  describe('edit and delete', () => {
    beforeEach(async () => {
      await post('original');
      await makeStaff();
    });

    it('are allowed for the author, a moderator and the owner', async () => {
      for (const writer of [YODA, { name: 'YODA' }, LUKE, OWNER]) {
        room.now += MINUTE;
        const edited = await room.forum.edit(writer, 1, `by ${writer.name}`);
        expect(edited).to.include({ text: `by ${writer.name}`, member: 'Yoda', at: NOON, editedAt: room.now });
      }
      for (const call of [() => room.forum.edit(HANS, 1, 'mine'), () => room.forum.delete(HANS, 1)]) {
        expect((await refusal(call, 'NOT_ALLOWED')).message).to.include("#1 is Yoda's");
      }
      expect(await room.forum.delete(LUKE, 1)).to.include({ text: null, deletedBy: 'Luke', deletedAt: room.now });
    });

    it('depend on the current role of the account, and are refused without an account', async () => {
      await appendToJournal(room.engine.journal, 'account.role', room.now, { name: LUKE.name, role: 'member' });
      for (const writer of [LUKE, { name: 'nobody' }]) {
        await refusal(() => room.forum.edit(writer, 1, 'mine'), 'NOT_ALLOWED');
        await refusal(() => room.forum.delete(writer, 1), 'NOT_ALLOWED');
      }
      await appendToJournal(room.engine.journal, 'account.role', room.now, { name: LUKE.name, role: 'moderator' });
      expect(await room.forum.delete(LUKE, 1)).to.include({ deletedBy: 'Luke' });
    });

    it('distinguishes deleted posts from numbers that never existed', async () => {
      await room.forum.delete(YODA, 1);
      await refusal(() => room.forum.edit(YODA, 1, 'again'), 'GONE');
      await refusal(() => room.forum.delete(YODA, 1), 'GONE');
      await refusal(() => room.forum.edit(YODA, 2, 'x'), 'NOT_FOUND');
      await refusal(() => room.forum.delete(YODA, Number.MAX_SAFE_INTEGER), 'NOT_FOUND');
    });

    it('keeps the deletion if an edit comes at the same time', async () => {
      const settled = await Promise.allSettled([
        room.forum.delete(YODA, 1),
        room.forum.edit(LUKE, 1, 'saved'),
        room.forum.delete(LUKE, 1),
      ]);
      expect(settled.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'rejected']);
      expect(((settled[1] as PromiseRejectedResult).reason as AppError).code).to.equal('GONE');
      expect((await room.forum.read({})).posts[0]).to.include({ text: null, deletedBy: 'Yoda' });
    });

    it('keeps an edit before the deletion, and the last of two edits', async () => {
      await Promise.all([room.forum.edit(YODA, 1, 'one'), room.forum.edit(LUKE, 1, 'two')]);
      expect(await texts()).to.deep.equal(['two']);
      const [edited, deleted] = await Promise.all([room.forum.edit(YODA, 1, 'three'), room.forum.delete(LUKE, 1)]);
      expect([edited.text, deleted.text]).to.deep.equal(['three', null]);
    });

    it('never reuses a number, also after a restart', async () => {
      await post('two');
      await room.forum.delete(YODA, 2);
      await room.engine.stop();
      room = await Room.open({ store: room.store });
      expect((await post('three')).number).to.equal(3);
      expect(await texts()).to.deep.equal(['original', null, 'three']);
    });
  });

  describe('writtenSince', () => {
    it('returns posts written or edited since a time, in that order, without deleted ones', async () => {
      const at = (minute: number) => NOON + minute * MINUTE;
      for (let i = 1; i <= 20; i++) {
        room.now = at(i);
        await post(`${i}`);
      }
      const since = async (time: number, limit = 100, after?: number) => {
        const { posts, more } = await room.forum.writtenSince(time, limit, after);
        return [posts.map(({ number }) => number), more];
      };
      expect(await since(at(18))).to.deep.equal([[18, 19, 20], false]);
      expect(await since(at(17) + 1)).to.deep.equal([[18, 19, 20], false]);
      expect(await since(at(18), 2)).to.deep.equal([[18, 19], true]);
      expect(await since(at(18), 100, room.forum.find(18)!.seq)).to.deep.equal([[19, 20], false]);
      expect(await since(at(18), 100, room.forum.find(3)!.seq)).to.deep.equal([[18, 19, 20], false]);
      expect(await since(at(21))).to.deep.equal([[], false]);
      room.now = at(30);
      await room.forum.edit(YODA, 3, 'edited');
      await room.forum.delete(YODA, 19);
      await room.forum.delete(YODA, 4);
      room.now = at(31);
      await post('21');
      expect(await since(at(18))).to.deep.equal([[18, 20, 3, 21], false]);
      expect(await since(at(21))).to.deep.equal([[3, 21], false]);
      expect((await since(0))[0]).to.have.length(19);
      expect(room.forum.find(3)).to.include({ text: 'edited', editedAt: at(30) });
      expect(room.forum.find(22)).to.equal(undefined);
    });
  });

  describe('read', () => {
    /** Posts 1-60, a minute apart; every third one about gold. */
    const write = async (count = 60) => {
      for (let i = 1; i <= count; i++) {
        room.now = NOON + i * MINUTE;
        await post(`${i}`, i % 3 === 0 ? { topic: 'gold' } : {});
      }
    };
    const numbers = (from: number, to: number, step = 1) =>
      Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => `${from + i * step}`);

    it('is empty before the first post', async () => {
      expect(await room.forum.read({})).to.deep.equal({ posts: [], seq: 0, more: false });
      expect(await room.forum.read({ sinceSeq: 7 })).to.deep.equal({ posts: [], seq: 0, more: false });
    });

    it('returns the newest 50, oldest first, and whether there are more', async () => {
      await write();
      const read = await room.forum.read({});
      expect(read.posts.map(({ text }) => text)).to.deep.equal(numbers(11, 60));
      expect([read.more, read.seq]).to.deep.equal([true, 60]);
    });

    it('pages backwards', async () => {
      await write(25);
      const pages: string[][] = [];
      let before: number | undefined;
      for (;;) {
        const { posts, more } = await room.forum.read({ before, limit: 10 });
        pages.push(posts.map(({ text }) => text!));
        before = posts[0]!.number;
        if (!more) break;
      }
      expect(pages).to.deep.equal([numbers(16, 25), numbers(6, 15), numbers(1, 5)]);
      expect(await room.forum.read({ before: 1 })).to.deep.include({ posts: [], more: false });
      expect(await texts({ before: Number.MAX_SAFE_INTEGER, limit: 1 })).to.deep.equal(['25']);
    });

    it('reports no more pages if the page ends with the first post', async () => {
      await write(10);
      expect((await room.forum.read({ limit: 10 })).more).to.equal(false);
      expect((await room.forum.read({ limit: 9 })).more).to.equal(true);
    });

    it('filters by topic, in any spelling', async () => {
      await write(12);
      expect(await texts({ topic: '#GOLD' })).to.deep.equal(numbers(3, 12, 3));
      expect(await texts({ topic: 'gold', limit: 2 })).to.deep.equal(['9', '12']);
      expect((await room.forum.read({ topic: 'gold', limit: 4 })).more).to.equal(false);
      expect(await texts({ topic: 'silver' })).to.deep.equal([]);
      await refusal(() => room.forum.read({ topic: 'two words' }), 'INVALID_REQUEST');
    });

    it('returns posts written or edited since a time', async () => {
      await write(10);
      expect(await texts({ sinceTime: NOON + 8 * MINUTE })).to.deep.equal(['8', '9', '10']);
      room.now = NOON + HOUR;
      await room.forum.edit(YODA, 2, 'two, edited');
      expect(await texts({ sinceTime: NOON + 10 * MINUTE })).to.deep.equal(['two, edited', '10']);
      expect(await texts({ sinceTime: NOON + HOUR + 1 })).to.deep.equal([]);
    });

    it('returns every missed change once, page by page, in the order of the changes', async () => {
      await write(10);
      const { seq } = await room.forum.read({});
      await room.forum.edit(YODA, 3, 'three');
      await room.forum.delete(YODA, 4);
      await room.forum.edit(YODA, 3, 'three again');
      await post('eleven', { topic: 'gold' });
      const all = await room.forum.read({ sinceSeq: seq });
      expect(all.posts.map(({ number, text }) => [number, text])).to.deep.equal([
        [4, null],
        [3, 'three again'],
        [11, 'eleven'],
      ]);
      expect([all.seq, all.more]).to.deep.equal([room.engine.journal.head(), false]);
      const seen: number[] = [];
      for (let sinceSeq = seq; ; ) {
        const page = await room.forum.read({ sinceSeq, limit: 1 });
        seen.push(...page.posts.map(({ number }) => number));
        sinceSeq = page.seq;
        if (!page.more) break;
      }
      expect(seen).to.deep.equal([4, 3, 11]);
      expect(await texts({ sinceSeq: seq, topic: 'gold' })).to.deep.equal(['three again', 'eleven']);
      expect(await room.forum.read({ sinceSeq: all.seq })).to.deep.equal({ posts: [], seq: all.seq, more: false });
      expect(await texts({ sinceSeq: Number.MAX_SAFE_INTEGER })).to.deep.equal([]);
    });

    it('loses and repeats nothing during concurrent writes and edits', async () => {
      const seen = new Map<number, number>();
      let [sinceSeq, repeated] = [0, 0];
      const writing = (async () => {
        for (let i = 0; i < 60; i++) {
          await Promise.all([post(`${i}`), ...(i > 4 ? [room.forum.edit(YODA, i - 4, `${i} edited`)] : [])]);
        }
      })();
      let done = false;
      void writing.then(() => {
        done = true;
      });
      for (let last = false; !last; ) {
        last = done;
        const page = await room.forum.read({ sinceSeq, limit: 7 });
        for (const { number, seq } of page.posts) {
          if (seen.get(number) === seq) repeated++;
          seen.set(number, seq);
        }
        sinceSeq = page.seq;
        if (page.more) last = false;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
      expect(repeated).to.equal(0);
      const { posts } = await room.forum.read({ limit: 200 });
      expect([...seen].sort(([a], [b]) => a - b)).to.deep.equal(posts.map(({ number, seq }) => [number, seq]));
    });
  });

  describe('thread', () => {
    it('returns a post and its replies, oldest first, page by page', async () => {
      await post('question', { topic: 'gold' });
      await post('something else');
      for (let i = 1; i <= 5; i++) await post(`answer ${i}`, { replyTo: 1 });
      await post('answer to an answer', { replyTo: 3 });
      await room.forum.delete(YODA, 4);
      expect(await texts({ thread: 1 })).to.deep.equal([
        'question',
        'answer 1',
        null,
        'answer 3',
        'answer 4',
        'answer 5',
      ]);
      expect(await room.forum.read({ thread: 1, limit: 6 })).to.include({ more: false });
      const newest = await room.forum.read({ thread: 1, limit: 4 });
      expect([newest.posts.map(({ number }) => number), newest.more]).to.deep.equal([[4, 5, 6, 7], true]);
      expect(await texts({ thread: 1, before: 4 })).to.deep.equal(['question', 'answer 1']);
      expect(await texts({ thread: 3 })).to.deep.equal(['answer 1', 'answer to an answer']);
      expect(await texts({ thread: 1, sinceSeq: 6 })).to.deep.equal(['answer 5', null]);
      await refusal(() => room.forum.read({ thread: 99 }), 'NOT_FOUND');
    });
  });

  describe('mentions', () => {
    beforeEach(async () => {
      for (const name of ['Yoda', 'Hans']) await room.account(name);
    });

    it('name existing accounts, and follow edits', async () => {
      expect((await post('@hans and @nobody, mail x@yoda')).mentions).to.deep.equal(['Hans']);
      expect((await room.forum.edit(YODA, 1, 'no, @YODA.')).mentions).to.deep.equal(['Yoda']);
      expect((await room.forum.read({})).posts[0]!.mentions).to.deep.equal(['Yoda']);
      await room.account('nobody');
      expect((await room.forum.read({})).posts[0]!.mentions).to.deep.equal(['Yoda']);
      expect((await room.forum.delete(YODA, 1)).mentions).to.deep.equal([]);
    });
  });

  describe('search', () => {
    const found = async (text: string, more: object = {}) =>
      (await room.forum.search({ text, ...more })).posts.map(({ number }) => number);

    beforeEach(async () => {
      await room.account('Hans');
      await post('Giá vàng lên rồi');
      await post('VANG xuống', { topic: 'gold' });
      await post('bạc @hans', {}, HANS);
      await post('vàng và bạc', { topic: 'gold' });
    });

    it('ignores case and marks, matches all words, and returns the newest first', async () => {
      expect(await found('vang')).to.deep.equal([4, 2, 1]);
      expect(await found('vàng bạc')).to.deep.equal([4]);
      expect(await found('ba')).to.deep.equal([4, 3]);
      expect(await found('vang', { topic: '#Gold' })).to.deep.equal([4, 2]);
      expect(await found('platinum')).to.deep.equal([]);
    });

    it('finds authors and mentions', async () => {
      expect(await found('yoda vang')).to.deep.equal([4, 2, 1]);
      expect(await found('@hans')).to.deep.equal([3]);
      expect(await found('HANS bac')).to.deep.equal([3]);
    });

    it('follows edits and deletions', async () => {
      await room.view.searchIndex.catchUp();
      await room.forum.edit(YODA, 1, 'bạc lên rồi');
      await room.forum.delete(YODA, 4);
      expect(await found('vang')).to.deep.equal([2]);
      expect(await found('bac')).to.deep.equal([3, 1]);
      await room.view.searchIndex.catchUp();
      expect(await found('vang')).to.deep.equal([2]);
      expect(await found('bac')).to.deep.equal([3, 1]);
    });

    it('pages through results, and reports whether there are more', async () => {
      const first = await room.forum.search({ text: 'vang', limit: 2 });
      expect([first.posts.map(({ number }) => number), first.more]).to.deep.equal([[4, 2], true]);
      const next = await room.forum.search({ text: 'vang', limit: 2, before: 2 });
      expect([next.posts.map(({ number }) => number), next.more]).to.deep.equal([[1], false]);
      expect((await room.forum.search({ text: 'vang', limit: 3 })).more).to.equal(false);
    });

    it('refuses a text without words', async () => {
      for (const text of [' ', '!?', '@'])
        expect((await refusal(() => room.forum.search({ text }), 'INVALID_REQUEST')).data).to.deep.equal({
          field: 'text',
        });
      await refusal(() => room.forum.search({ text: 'x', topic: 'two words' }), 'INVALID_REQUEST');
    });
  });

  describe('revisions', () => {
    it('are earlier texts of a post, oldest first', async () => {
      await post('one');
      expect(await room.forum.revisions(HANS, 1)).to.deep.include({ revisions: [] });
      room.now += MINUTE;
      await room.forum.edit(YODA, 1, 'two');
      room.now += MINUTE;
      await room.forum.edit(YODA, 1, 'three');
      const { post: now, revisions } = await room.forum.revisions(HANS, 1);
      expect(now).to.include({ text: 'three', at: NOON });
      expect(revisions).to.deep.equal([
        { text: 'one', mentions: [], at: NOON, seq: 1 },
        { text: 'two', mentions: [], at: NOON + MINUTE, seq: 2 },
      ]);
    });

    it('of a deleted post are for its author and moderators', async () => {
      await post('regretted');
      await room.forum.delete(YODA, 1);
      await makeStaff();
      await refusal(() => room.forum.revisions(HANS, 1), 'NOT_ALLOWED');
      for (const reader of [YODA, LUKE, OWNER, DAEMON_OWNER] as const) {
        expect((await room.forum.revisions(reader, 1)).revisions.map(({ text }) => text)).to.deep.equal(['regretted']);
      }
      await refusal(() => room.forum.revisions(YODA, 2), 'NOT_FOUND');
    });

    it('are limited to the last 200', async () => {
      await post('0');
      for (let i = 1; i <= 201; i++) await room.forum.edit(YODA, 1, `${i}`);
      const { revisions } = await room.forum.revisions(YODA, 1);
      expect([revisions.length, revisions[0]!.text, revisions.at(-1)!.text]).to.deep.equal([200, '1', '200']);
    });
  });

  it('throws NOT_AVAILABLE once the daemon stops', async () => {
    await room.engine.stop();
    const failure = await post('late').catch((thrown: unknown) => thrown);
    expect(failure).to.be.instanceOf(AppError);
    expect((failure as AppError).code).to.equal('NOT_AVAILABLE');
    room = await Room.open({ store: room.store });
  });
});
