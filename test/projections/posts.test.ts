import { expect } from 'chai';
import type { PostChange } from '../../src/projections/posts.ts';
import { keys } from '../../src/store/keys.ts';
import { TestRoom } from './room.ts';

describe('PostsProjection', () => {
  let room: TestRoom;

  beforeEach(async () => {
    room = await new TestRoom().start();
  });

  afterEach(async () => {
    await room.checked();
    await room.stop();
  });

  const post = (text: string, fields: { clientId?: string; member?: string; replyTo?: number } = {}) =>
    room.append('forum.posted', 1000, { member: 'Yoda', text, topic: 'lobby', replyTo: null, ...fields });
  const edit = (number: number, text: string) => room.append('forum.edited', 2000, { number, text, by: 'Yoda' });
  const remove = (number: number) => room.append('forum.deleted', 3000, { number, by: 'Mace' });
  const postOf = ({ changes }: Awaited<ReturnType<typeof post>>) => (changes[0] as PostChange).post;
  const all = async <T>(posts: AsyncIterable<T>) => {
    const found: T[] = [];
    for await (const each of posts) found.push(each);
    return found;
  };

  it('numbers posts from 1, in the order of the journal', async () => {
    const posts = await Promise.all(['a', 'b', 'c'].map((text) => post(text)));
    expect(posts.map((appended) => postOf(appended).number)).to.deep.equal([1, 2, 3]);
    expect(room.view.posts.get(2)).to.deep.equal({
      number: 2,
      member: 'Yoda',
      text: 'b',
      topic: 'lobby',
      replyTo: null,
      mentions: [],
      at: 1000,
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      seq: 2,
    });
    expect(room.view.posts.get(4)).to.equal(undefined);
  });

  it('never reuses the number of a deleted post', async () => {
    await post('a');
    await remove(1);
    expect(postOf(await post('b')).number).to.equal(2);
    expect(room.view.posts.get(1)).to.include({ text: null, deletedAt: 3000, deletedBy: 'Mace', seq: 2 });
  });

  it('keeps the earlier texts of an edited post, each once', async () => {
    await post('first');
    expect(postOf(await edit(1, 'second'))).to.include({ text: 'second', editedAt: 2000, seq: 2 });
    await edit(1, 'third');
    await remove(1);
    expect(room.store.read(keys.revision(1, 1))).to.deep.equal({ text: 'first', mentions: [], at: 1000 });
    expect(room.store.read(keys.revision(1, 2))).to.deep.equal({ text: 'second', mentions: [], at: 2000 });
    expect(room.store.read(keys.revision(1, 3))).to.deep.equal({ text: 'third', mentions: [], at: 2000 });
  });

  it('keeps a post deleted after any number of later posts', async () => {
    await post('a');
    const [, late, again] = await Promise.all([remove(1), edit(1, 'late'), remove(1)]);
    expect(late!.changes).to.deep.equal([]);
    expect(again!.changes).to.deep.equal([]);
    expect(room.view.posts.get(1)).to.include({ text: null, seq: 2 });
    expect(await all(room.view.posts.changedAfter(0))).to.have.length(1);
  });

  it('ignores changes of a missing post', async () => {
    expect((await edit(7, 'x')).changes).to.deep.equal([]);
    expect((await remove(7)).changes).to.deep.equal([]);
  });

  it('treats the same clientId of a member as the same post, concurrently and later', async () => {
    const same = await Promise.all([
      post('once', { clientId: 'x' }),
      post('once', { clientId: 'x' }),
      post('other member', { clientId: 'x', member: 'Mace' }),
      post('once', { clientId: 'x', member: 'YODA' }),
    ]);
    expect(same.map((appended) => postOf(appended).number)).to.deep.equal([1, 1, 2, 1]);
    expect(same.map(({ changes }) => changes[0]!.type)).to.deep.equal(['post', 'repeatedPost', 'post', 'repeatedPost']);
    expect(postOf(await post('later', { clientId: 'x' })).text).to.equal('once');
    expect(room.view.posts.byClientId('yoda', 'x')!.number).to.equal(1);
    expect(room.view.posts.byClientId('yoda', 'y')).to.equal(undefined);
    expect(room.store.read(keys.posts)).to.equal(2);
  });

  it('returns changes after a seq in order: each post once, at its last change', async () => {
    for (const text of ['a', 'b', 'c']) await post(text);
    await edit(1, 'a again');
    await remove(2);
    const since = async (seq: number) => (await all(room.view.posts.changedAfter(seq))).map(({ number }) => number);
    expect(await since(0)).to.deep.equal([3, 1, 2]);
    expect(await since(3)).to.deep.equal([1, 2]);
    expect(await since(4)).to.deep.equal([2]);
    expect(await since(5)).to.deep.equal([]);
  });

  it('returns increasing seqs, even if a post changes during the read', async () => {
    for (let i = 1; i <= 500; i++) void post(`${i}`);
    await post('last');
    const seqs: number[] = [];
    for await (const { seq } of room.view.posts.changedAfter(0)) {
      if (seqs.length === 10) await edit(400, 'changed under the reader');
      seqs.push(seq);
    }
    expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));
    expect(seqs).to.have.length(500);
    expect(seqs).to.not.include(400);
    expect((await all(room.view.posts.changedAfter(seqs.at(-1)!))).map(({ number }) => number)).to.deep.equal([400]);
  });

  it('reads backwards from the newest or from a number', async () => {
    for (let i = 1; i <= 12; i++) await post(`${i}`);
    const numbers = async (before?: number) =>
      (await all(room.view.posts.newestFirst(before))).map(({ number }) => number);
    expect(await numbers()).to.deep.equal([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(await numbers(3)).to.deep.equal([2, 1]);
    expect(await numbers(1)).to.deep.equal([]);
    expect(await numbers(1000)).to.have.length(12);
  });

  it('notifies listeners of each change with its seq, in order, until they leave', async () => {
    const heard: [string, number][] = [];
    const leave = room.view.onChange(({ type }, seq) => heard.push([type, seq]));
    await Promise.all([post('a'), edit(1, 'b'), remove(1)]);
    leave();
    await post('c');
    expect(heard).to.deep.equal([
      ['post', 1],
      ['post', 2],
      ['post', 3],
    ]);
  });

  it('refuses a record of an unknown kind, and forgets it', async () => {
    for (const kind of ['forum.unheard', '__proto__', 'constructor']) {
      const failure = await room.engine.journal.append({ kind, at: 1 }).then(
        () => undefined,
        (error: Error & { code: string }) => error,
      );
      expect(failure).to.include({ code: 'INTERNAL' });
    }
    expect(room.engine.journal.head()).to.equal(0);
  });
});
