import { expect } from 'chai';
import fc from 'fast-check';
import type { Client } from '../../src/client/client.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { type Answer, Wire } from './wire.ts';

const LIMITS = { signUpsPerHour: 1000, callsPerSecond: 100_000, callsBurst: 100_000 };

describe('the forum and message methods', () => {
  let daemon: DaemonFixture;
  let owner: Client;
  const wires: Wire[] = [];
  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: LIMITS } });
    owner = await daemon.connect({ resume: false });
    await owner.signUp({ name: 'owner', password: 'secret' });
  });
  afterEach(() => {
    for (const wire of wires.splice(0)) wire.close();
  });
  after(() => daemon.stop());

  const keep = (wire: Wire) => {
    wires.push(wire);
    return wire;
  };
  /** A member, and a function that opens another terminal of the same session. */
  const member = async (name: string) => {
    const first = keep(await Wire.greet(daemon.address));
    const { token } = await first.result('account.signUp', { name, password: 'secret' });
    const another = async () => {
      const wire = keep(await Wire.greet(daemon.address));
      await wire.result('account.resume', { token });
      return wire;
    };
    return { first, another };
  };
  const named = (wire: Wire, method: string) => wire.lines.filter((line) => line.method === method);
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any reply
  const topic = async (wire: Wire, name: string): Promise<any> =>
    // biome-ignore lint/suspicious/noExplicitAny: tests inspect any reply
    (await wire.result('forum.topics')).topics.find((each: any) => each.topic === name);

  it('search, list topics and threads, and show revisions', async () => {
    const { first: han } = await member('han');
    const { first: leia } = await member('leia');
    const { post } = await han.result('forum.post', { text: 'Vàng lên @leia', topic: 'gold' });
    expect(post.mentions).to.deep.equal(['leia']);
    await leia.result('forum.post', { text: 'rồi', replyTo: post.number });
    await han.result('forum.edit', { number: post.number, text: 'Vàng xuống @leia' });
    const found = await leia.result('forum.search', { text: 'vang x' });
    expect([found.posts.length, found.posts[0].text, found.more]).to.deep.equal([1, 'Vàng xuống @leia', false]);
    expect((await leia.result('forum.search', { text: '@leia', topic: 'gold', limit: 1 })).posts).to.have.length(1);
    expect((await leia.call('forum.search', { text: '?' })).error?.data.reason).to.equal('INVALID_REQUEST');
    expect((await leia.result('forum.read', { thread: post.number })).posts).to.have.length(2);
    const { revisions } = await leia.result('forum.revisions', { number: post.number });
    expect(revisions).to.deep.equal([{ text: 'Vàng lên @leia', mentions: ['leia'], at: post.at, seq: post.seq }]);
    await han.result('forum.delete', { number: post.number });
    expect((await leia.call('forum.revisions', { number: post.number })).error?.data.reason).to.equal('NOT_ALLOWED');
    expect((await owner.call('forum.revisions', { number: post.number })).revisions).to.have.length(2);
    const local = await daemon.connect({ resume: false });
    expect((await local.call('forum.revisions', { number: post.number })).revisions).to.have.length(2);
    const { topics } = await local.call('forum.topics', {});
    expect(topics[0]).to.have.all.keys('topic', 'posts', 'last');
    expect(await topic(leia, 'gold')).to.include({ posts: 1, unread: 0, mentions: 0 });
  });

  it('pages forward from a number, oldest first, in all topics, one topic and a thread', async () => {
    const { first: han } = await member('chewbacca');
    const numbers: number[] = [];
    for (let i = 0; i < 6; i++) {
      const params = i % 2 === 0 ? { topic: 'onward' } : { topic: 'other', ...(i > 1 ? { replyTo: numbers[1] } : {}) };
      numbers.push((await han.result('forum.post', { text: `text ${i}`, ...params })).post.number);
    }
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = numbers;
    const read = async (params: object): Promise<[number[], boolean]> => {
      const { posts, more } = await han.result('forum.read', params);
      return [posts.map(({ number }: { number: number }) => number), more];
    };
    expect(await read({ after: first, limit: 2 })).to.deep.equal([[second, third], true]);
    expect(await read({ after: fourth, limit: 2 })).to.deep.equal([[fifth, sixth], false]);
    expect(await read({ after: sixth })).to.deep.equal([[], false]);
    expect(await read({ after: 0, topic: 'onward', limit: 2 })).to.deep.equal([[first, third], true]);
    expect(await read({ after: third, topic: 'onward' })).to.deep.equal([[fifth], false]);
    expect(await read({ after: 0, thread: second })).to.deep.equal([[second, fourth, sixth], false]);
    expect(await read({ after: fourth, thread: second })).to.deep.equal([[sixth], false]);
    expect(await read({ after: first, before: third })).to.deep.equal([[second], false]);
  });

  it('keep unread counts per member, and send them only to their other terminals', async () => {
    const { first: desk, another } = await member('lando');
    const laptop = await another();
    const { first: stranger } = await member('boba');
    for (const wire of [desk, laptop, stranger]) await wire.result('watch', { forum: true });
    const { post } = await stranger.result('forum.post', { text: 'hello @lando', topic: 'cloud' });
    await stranger.result('forum.post', { text: 'again', topic: 'cloud' });
    for (const wire of [desk, laptop]) expect(await topic(wire, 'cloud')).to.include({ unread: 2, mentions: 1 });
    const marked = await desk.result('forum.markRead', { seq: post.seq, topic: 'cloud' });
    expect(marked).to.include({ topic: 'cloud', unread: 1, mentions: 0 });
    expect((await laptop.event('unread')).params).to.deep.equal(marked);
    expect(await topic(laptop, 'cloud')).to.include({ unread: 1, mentions: 0 });
    // Marking the same position again sends no event and appends no record.
    const { seq } = await desk.result('hello', { protocol: 1, client: 'test' });
    await desk.result('forum.markRead', { seq: post.seq, topic: 'cloud' });
    await laptop.result('forum.markRead', { seq: 0 });
    expect((await desk.result('hello', { protocol: 1, client: 'test' })).seq).to.equal(seq);
    expect(named(laptop, 'unread')).to.have.length(1);
    expect(named(stranger, 'unread')).to.deep.equal([]);
    const local = await daemon.connect({ resume: false });
    const refused = await local.call('forum.markRead', { seq: 1 }).catch((error) => error);
    expect(refused.code).to.equal('NOT_SIGNED_IN');
  });

  it('send direct messages only to the two members', async () => {
    const { first: padme, another } = await member('padme');
    const { first: anakin } = await member('anakin');
    const { first: spy } = await member('spy');
    await owner.call('account.setRole', { name: 'spy', role: 'moderator' });
    await owner.call('watch', { forum: true });
    let overheard = 0;
    owner.on('message', () => {
      overheard += 1;
    });
    const terminal = await another();
    for (const wire of [padme, terminal, anakin, spy]) await wire.result('watch', { forum: true });
    const { message } = await anakin.result('messages.send', { to: 'PADME', text: 'meet me', clientId: 'm1' });
    expect(message).to.include({ from: 'anakin', to: 'padme', unread: false });
    for (const wire of [padme, terminal]) {
      expect((await wire.event('message')).params).to.deep.equal({
        seq: message.seq,
        message: { ...message, unread: true },
      });
    }
    expect((await anakin.event('message')).params).to.deep.equal({ seq: message.seq, message });
    expect((await anakin.result('messages.send', { to: 'padme', text: 'x', clientId: 'm1' })).message).to.deep.equal(
      message,
    );
    expect((await terminal.result('messages.conversations')).conversations).to.deep.equal([
      { with: 'anakin', unread: 1, last: { ...message, unread: true } },
    ]);
    const marked = await padme.result('messages.markRead', { with: 'anakin', number: message.number });
    expect(marked).to.include({ with: 'anakin', unread: 0 });
    expect((await terminal.event('unread')).params).to.deep.equal(marked);
    expect((await terminal.result('messages.read', { with: 'anakin' })).messages[0].unread).to.equal(false);
    for (const params of [{}, { with: 'padme' }, { with: 'anakin' }, { sinceSeq: 0 }, { before: message.number + 1 }]) {
      expect((await spy.result('messages.read', params)).messages).to.deep.equal([]);
      expect((await owner.call('messages.read', params)).messages).to.deep.equal([]);
    }
    expect((await spy.result('forum.search', { text: 'meet' })).posts).to.deep.equal([]);
    await spy.result('watch', { forum: true, sinceSeq: 0 });
    await owner.call('watch', { forum: true, sinceSeq: 0 });
    expect(named(spy, 'message')).to.deep.equal([]);
    expect(named(spy, 'unread')).to.deep.equal([]);
    expect(overheard).to.equal(0);
    const local = await daemon.connect({ resume: false });
    const refused = await local.call('messages.read', {}).catch((error) => error);
    expect(refused.code).to.equal('NOT_SIGNED_IN');
    expect((await anakin.call('messages.send', { to: 'jarjar', text: 'x' })).error?.code).to.equal(401);
  });

  it('lose and repeat no event, even if a client reconnects in between', async () => {
    const { first: writer } = await member('c3po');
    const { first: other } = await member('r2d2');
    const { another } = await member('jawa');
    const start = (await writer.result('hello', { protocol: 1, client: 'test' })).seq as number;
    const numbers: number[] = [];
    let jawas = 0;
    let cursor = start;
    /** Every event in order of arrival, over all connections. */
    const heard: { seq: number; what: string }[] = [];
    const take = (line: Answer) => {
      if (line.method !== 'post' && line.method !== 'message') return;
      const { seq, post, message } = line.params;
      heard.push({ seq, what: post ? `post ${post.number} ${post.text}` : `message ${message.number}` });
      cursor = seq;
    };
    const write = async (kind: number, i: number) => {
      const from = i % 2 ? writer : other;
      if (kind === 0) await from.result('messages.send', { to: 'jawa', text: `${i}` });
      else if (kind === 1) await from.result('messages.send', { to: i % 2 ? 'r2d2' : 'c3po', text: `${i}` });
      else if (kind === 2 && numbers.length > 0) {
        const number = numbers[i % numbers.length]!;
        await owner.call('forum.edit', { number, text: `edit ${i}` });
      } else numbers.push((await from.result('forum.post', { text: `post ${i}` })).post.number);
      if (kind === 0) jawas += 1;
    };
    let i = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 10, maxLength: 60 }),
        fc.nat(59),
        fc.nat(59),
        async (kinds, come, go) => {
          let wire: Wire | undefined;
          let watching: Promise<unknown> | undefined;
          const writing: Promise<unknown>[] = [];
          for (const [at, kind] of kinds.entries()) {
            if (at === come % kinds.length) {
              wire = await another();
              watching = wire.result('watch', { forum: true, sinceSeq: cursor });
            }
            writing.push(write(kind, i++));
            if (at % 7 === 0) await writing.at(-1);
            if (at === go % kinds.length && watching) {
              await watching;
              wire!.close(); // between events
              wire!.lines.forEach(take);
              wire = undefined;
              watching = undefined;
            }
          }
          await Promise.all(writing);
          wire ??= await another();
          watching ??= wire.result('watch', { forum: true, sinceSeq: cursor });
          await watching;
          const { seq } = await wire.result('hello', { protocol: 1, client: 'test' });
          wire.close();
          wire.lines.forEach(take);
          cursor = seq;
        },
      ),
      { numRuns: 12 },
    );
    const seqs = heard.map(({ seq }) => seq);
    expect(seqs).to.deep.equal([...new Set(seqs)].sort((a, b) => a - b));
    const messages = heard.filter(({ what }) => what.startsWith('message'));
    expect(messages).to.have.length(jawas);
    // Only the last change of a post is replayed: in the end the client knows its current state.
    const last = new Map<string, string>();
    for (const { what } of heard) {
      const [, number, text] = /^post (\d+) (.*)$/.exec(what) ?? [];
      if (number) last.set(number, text!);
    }
    const now = new Map<string, string>();
    for (const number of numbers) {
      const { posts } = await writer.result('forum.read', { before: number + 1, limit: 1 });
      now.set(`${number}`, posts[0].text);
    }
    expect([...last].sort()).to.deep.equal([...now].sort());
  });

  it('replay at the pace of the reader, for any number of posts', async () => {
    const { first: writer } = await member('talker');
    const { seq } = await writer.result('hello', { protocol: 1, client: 'test' });
    const text = 'x'.repeat(4000);
    for (let i = 0; i < 40; i++) {
      await Promise.all(Array.from({ length: 40 }, () => writer.result('forum.post', { text })));
    }
    const { first: reader } = await member('slow');
    reader.socket.pause();
    const watching = reader.result('watch', { forum: true, sinceSeq: seq });
    await writer.result('forum.post', { text: 'meanwhile' });
    setTimeout(() => reader.socket.resume(), 300);
    await watching;
    await writer.result('forum.post', { text: 'live' });
    await reader.wait((line) => line.method === 'post' && line.params.post.text === 'live');
    const numbers = named(reader, 'post').map((line) => line.params.post.number as number);
    expect(numbers).to.deep.equal(Array.from({ length: 1602 }, (_, i) => numbers[0]! + i));
  });
});
