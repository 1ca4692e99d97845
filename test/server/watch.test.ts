import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

describe('watching', () => {
  let daemon: DaemonFixture;
  let control: Client;
  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 1000 } } });
    control = await daemon.connect();
  });
  after(() => daemon.stop());

  const store = (instrument: string, sell: number) =>
    control.call('rates.import', { instrument, rows: [[Date.now(), sell - 1, sell]] });

  it('tells new prices of what is watched, and no others', async () => {
    const wire = await Wire.member(daemon.address, 'watcher');
    await wire.result('watch', { rates: ['vàng sjc'] });
    await store('BTC', 90_000);
    await store('SJC', 151e6);
    const { params } = await wire.event('quote');
    expect(params.quote).to.deep.include({ instrument: 'SJC', sell: 151e6, stale: false });
    expect(params.seq).to.be.a('number');
    wire.close();
  });

  it('refuses to watch what nobody knows', async () => {
    const wire = await Wire.member(daemon.address, 'mistaken');
    expect((await wire.call('watch', { rates: ['SJX'] })).error?.data.suggestions).to.include('SJC');
    wire.close();
  });

  it('gives somebody who was away every change of a post once, then live ones', async () => {
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

  it('tells who comes and goes', async () => {
    const wire = await Wire.member(daemon.address, 'porter');
    await wire.result('watch', { members: true });
    const guest = await Wire.member(daemon.address, 'guest');
    expect((await wire.wait((line) => line.params?.change === 'joined')).params.name).to.equal('guest');
    guest.close();
    expect((await wire.wait((line) => line.params?.change === 'left')).params.name).to.equal('guest');
    wire.close();
  });
});
