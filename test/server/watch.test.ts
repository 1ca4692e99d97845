import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { type Answer, Wire } from './wire.ts';

describe('watch', () => {
  let daemon: DaemonFixture;
  let control: Client;
  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 1000 } } });
    control = await daemon.connect();
  });
  after(() => daemon.stop());

  const store = (instrument: string, sell: number) =>
    control.call('rates.import', { instrument, rows: [[Date.now(), sell - 1, sell]] });

  it('sends new prices of watched instruments, and no others', async () => {
    const wire = await Wire.member(daemon.address, 'watcher');
    await wire.result('watch', { rates: ['vàng sjc'] });
    await store('BTC', 90_000);
    await store('SJC', 151e6);
    const { params } = await wire.event('quote');
    expect(params.quote).to.deep.include({ instrument: 'SJC', sell: 151e6, stale: false });
    expect(params.seq).to.be.a('number');
    wire.close();
  });

  it('refuses unknown instruments', async () => {
    const wire = await Wire.member(daemon.address, 'mistaken');
    expect((await wire.call('watch', { rates: ['SJX'] })).error?.data.suggestions).to.include('SJC');
    wire.close();
  });

  it('replays every missed change of a post once, then live ones', async () => {
    const writer = await Wire.member(daemon.address, 'writer');
    const { post: first } = await writer.result('forum.post', { text: 'one' });
    for (const text of ['two', 'three']) await writer.result('forum.post', { text });
    await writer.result('forum.edit', { number: first.number, text: 'one, edited' });
    const reader = await Wire.member(daemon.address, 'reader');
    const watching = reader.result('watch', { forum: true, sinceSeq: first.seq });
    const live = Promise.all(['four', 'five', 'six'].map((text) => writer.result('forum.post', { text })));
    await watching;
    await live;
    await reader.wait((line) => line.method === 'post' && line.params.post.text === 'six');
    const texts = reader.lines.filter((line) => line.method === 'post').map((line) => line.params.post.text);
    expect(texts).to.deep.equal(['two', 'three', 'one, edited', 'four', 'five', 'six']);
    for (const wire of [writer, reader]) wire.close();
  });

  it('sends who joins and leaves', async () => {
    const wire = await Wire.member(daemon.address, 'porter');
    await wire.result('watch', { members: true });
    const guest = await Wire.member(daemon.address, 'guest');
    expect((await wire.wait((line) => line.params?.change === 'joined')).params.name).to.equal('guest');
    guest.close();
    expect((await wire.wait((line) => line.params?.change === 'left')).params.name).to.equal('guest');
    wire.close();
  });

  describe('concurrent events', () => {
    const post = (id: string, text: string) =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method: 'forum.post', params: { text } })}\n`;
    const posts = (name: string, count: number) =>
      Array.from({ length: count }, (_, i) => post(`${name}-${i}`, `${name} ${i}`)).join('');
    const textsOf = (wire: Wire) => wire.lines.filter(isPost).map(({ params }) => params.post.text as string);
    const seqsOf = (wire: Wire) => wire.lines.filter(isPost).map(({ params }) => params.seq as number);
    const isPost = ({ method }: Answer) => method === 'post';

    it('arrive in the order of the journal, despite calls in between', async () => {
      const wire = await Wire.member(daemon.address, 'orderly');
      await wire.result('watch', { forum: true });
      const calls = Array.from({ length: 30 }, (_, i) => post(`${i}`, `ordered ${i}`) + read(`r${i}`));
      wire.send(calls.join(''));
      await wire.wait(({ params }) => params?.post?.text === 'ordered 29');
      await wire.wait(({ id }) => id === 'r29');
      expect(textsOf(wire)).to.deep.equal(Array.from({ length: 30 }, (_, i) => `ordered ${i}`));
      const answers = wire.lines.filter(({ id }) => /^\d+$/.test(String(id)) && typeof id === 'string');
      expect(answers.map(({ id }) => id)).to.deep.equal(Array.from({ length: 30 }, (_, i) => `${i}`));
      expect(seqsOf(wire)).to.deep.equal(answers.map(({ result }) => result.post.seq));
      wire.close();
    });

    it('arrive by subscription, for prices, members and posts', async () => {
      const everything = await Wire.member(daemon.address, 'everything');
      const prices = await Wire.member(daemon.address, 'prices');
      const one = await Wire.member(daemon.address, 'one-price');
      const talk = await Wire.member(daemon.address, 'talk');
      await everything.result('watch', { rates: true, forum: true, members: true });
      await prices.result('watch', { rates: true });
      await one.result('watch', { rates: ['SJC', 'BTC'] });
      await talk.result('watch', { forum: true });
      const guest = await Wire.member(daemon.address, 'mixed-guest');
      await Promise.all([
        store('SJC', 152e6),
        store('ETH', 3000),
        store('BTC', 91_000),
        guest.result('forum.post', { text: 'mixed' }),
      ]);
      guest.close();
      const last = await everything.wait(({ params }) => params?.change === 'left' && params.name === 'mixed-guest');
      expect(last.method).to.equal('member');
      for (const wire of [prices, one, talk]) await wire.result('rates.list');
      const told = (wire: Wire) =>
        wire.lines
          .filter(({ method }) => method)
          .map(({ params }) => params.quote?.instrument ?? params.post?.text ?? params.change);
      expect(told(everything)).to.have.members(['joined', 'SJC', 'ETH', 'BTC', 'mixed', 'left']);
      expect(told(prices)).to.have.members(['SJC', 'ETH', 'BTC']);
      expect(told(one)).to.have.members(['SJC', 'BTC']);
      expect(told(talk)).to.deep.equal(['mixed']);
      for (const wire of [everything, prices, one, talk]) wire.close();
    });

    it('arrive once for a client that changes its subscription', async () => {
      const wire = await Wire.member(daemon.address, 'changer');
      const calls = Array.from({ length: 40 }, (_, i) =>
        watch(`w${i}`, i % 2 ? { forum: true } : { rates: true, forum: true }),
      );
      const other = await Wire.member(daemon.address, 'other-poster');
      wire.send(watch('w', { forum: true }));
      await wire.wait(({ id }) => id === 'w');
      other.send(posts('changing', 40));
      for (const call of calls) {
        wire.send(call);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await wire.wait(({ params }) => params?.post?.text === 'changing 39');
      expect(textsOf(wire)).to.deep.equal(Array.from({ length: 40 }, (_, i) => `changing ${i}`));
      for (const each of [wire, other]) each.close();
    });

    it('arrive completely, once and in order, for a client that joins from a seq on', async () => {
      const writer = await Wire.member(daemon.address, 'steady');
      const { post: first } = await writer.result('forum.post', { text: 'first of many' });
      const total = 200;
      const readers: Wire[] = [];
      const entering: Promise<unknown>[] = [];
      for (let sent = 0; sent < total; sent += 10) {
        writer.send(posts(`round${sent}`, 10));
        if (readers.length < 10) {
          const reader = await Wire.member(daemon.address, `joiner-${readers.length}`);
          readers.push(reader);
          entering.push(reader.result('watch', { forum: true, sinceSeq: first.seq }));
        }
        // Some replies come first, so that readers join at any moment of a commit.
        await writer.wait(({ id }) => id === `round${sent}-${sent % 7}`);
      }
      await Promise.all(entering);
      await writer.wait(({ id }) => id === `round${total - 10}-9`);
      const { posts: all } = await writer.result('forum.read', { sinceSeq: first.seq, limit: 200 });
      const seqs = all.map(({ seq }: { seq: number }) => seq);
      expect(seqs).to.have.length(total);
      for (const reader of readers) {
        await reader.wait(({ params }) => params?.seq === seqs.at(-1));
        expect(seqsOf(reader)).to.deep.equal(seqs);
      }
      for (const wire of [writer, ...readers]) wire.close();
    });

    it('may be replayed from a seq on during a subscription', async () => {
      const writer = await Wire.member(daemon.address, 'again-writer');
      const reader = await Wire.member(daemon.address, 'again-reader');
      await reader.result('watch', { forum: true });
      const { post: first } = await writer.result('forum.post', { text: 'again' });
      await reader.wait(({ params }) => params?.seq === first.seq);
      const before = reader.lines.length;
      writer.send(posts('again', 50));
      const { seq } = await reader.result('watch', { forum: true, sinceSeq: first.seq });
      const after = reader.lines.findIndex(({ result }) => result?.seq === seq && result.status === undefined);
      expect(after).to.be.at.least(before);
      await reader.wait(({ params }) => params?.post?.text === 'again 49');
      // Events before the replay come again; from then on each once, in order.
      const seqs = seqsOf(reader).slice(seqsOf(reader).lastIndexOf(first.seq + 1));
      expect(seqs).to.deep.equal(Array.from({ length: 50 }, (_, i) => first.seq + 1 + i));
      for (const wire of [writer, reader]) wire.close();
    });

    function read(id: string): string {
      return `${JSON.stringify({ jsonrpc: '2.0', id, method: 'rates.providers' })}\n`;
    }

    function watch(id: string, params: object): string {
      return `${JSON.stringify({ jsonrpc: '2.0', id, method: 'watch', params })}\n`;
    }
  });
});
