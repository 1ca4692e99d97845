import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

const HASH = 'ab'.repeat(32);
const KEY = 'cd'.repeat(32);
const file = { size: 1000, hash: HASH, modified: 1_700_000_000_000 };

describe('the file methods', () => {
  let daemon: DaemonFixture;
  before(async () => {
    daemon = await DaemonFixture.start({
      config: { limits: { listings: 40, callsPerSecond: 1e6, callsBurst: 1e6, signUpsPerHour: 1000 } },
    });
  });
  after(() => daemon.stop());

  const member = async (name: string, peer: object | null = { port: 6000, key: KEY }) => {
    const wire = await Wire.greet(daemon.address, { tls: true });
    await wire.result('account.signUp', { name, password: 'secret', ...(peer ? { peer } : {}) });
    return wire;
  };

  it('publish, list, find and unpublish files with their peer', async () => {
    const yoda = await member('yoda');
    const hans = await member('hans', null);
    expect(
      await yoda.result('files.publish', { name: 'Bài 1.mp4', description: ' The Force ', ...file }),
    ).to.deep.include({
      status: 202,
    });
    const { listings, cursor } = await hans.result('files.discover');
    const { at, ...listing } = listings[0];
    expect(at).to.be.closeTo(Date.now(), 60_000);
    expect(listing).to.deep.equal({
      member: 'yoda',
      name: 'Bài 1.mp4',
      description: 'The Force',
      key: KEY,
      online: true,
      ...file,
    });
    expect(cursor).to.equal(null);
    expect((await hans.result('files.discover', { text: 'BAI' })).listings).to.have.length(1);
    expect((await hans.result('files.discover', { text: 'nothing' })).listings).to.be.empty;
    expect(await hans.result('files.find', { name: 'bai 1.MP4' })).to.deep.equal({
      status: 204,
      sources: [
        {
          member: 'yoda',
          address: '127.0.0.1',
          port: 6000,
          key: KEY,
          name: 'Bài 1.mp4',
          description: 'The Force',
          online: true,
          ...file,
        },
      ],
    });
    yoda.close();
    await hans.result('watch', { members: true });
    while ((await hans.result('files.discover')).listings.length > 0);
    expect((await hans.result('files.discover', { member: 'YODA' })).listings[0].online).to.equal(false);
    expect((await hans.result('files.find', { name: 'Bài 1.mp4' })).sources[0]).to.include({
      address: null,
      port: null,
      online: false,
    });
    const again = await Wire.member(daemon.address, 'yoda');
    expect(await again.result('files.unpublish', { name: 'Bài 1.mp4' })).to.deep.equal({});
    expect((await again.call('files.unpublish', { name: 'Bài 1.mp4' })).error).to.include({ code: 406 });
    const missing = (await hans.call('files.find', { name: 'Bài 1.mp4' })).error!;
    expect(missing).to.deep.nested.include({ code: 406, 'data.reason': 'NO_SUCH_FILE', 'data.suggestions': [] });
    for (const wire of [hans, again]) wire.close();
  });

  it('refuse parameters, and name the invalid field', async () => {
    const wire = await member('picky');
    const refusal = async (params: object) => {
      const { error } = await wire.call('files.publish', { name: 'a', ...file, ...params });
      return [error?.data.reason, error?.data.path ?? error?.data.field];
    };
    const wrong: [object, string, string][] = [
      [{ name: '../a' }, 'INVALID_REQUEST', 'name'],
      [{ name: 'a\u202eb' }, 'INVALID_REQUEST', 'name'],
      [{ name: '' }, 'INVALID_PARAMS', '/name'],
      [{ name: 'x'.repeat(5000) }, 'INVALID_PARAMS', '/name'],
      [{ size: -1 }, 'INVALID_PARAMS', '/size'],
      [{ size: 1.5 }, 'INVALID_PARAMS', '/size'],
      [{ size: 2 ** 53 }, 'INVALID_PARAMS', '/size'],
      [{ hash: 'AB'.repeat(32) }, 'INVALID_PARAMS', '/hash'],
      [{ hash: `${HASH}\n` }, 'INVALID_PARAMS', '/hash'],
      [{ key: 'x' }, 'INVALID_PARAMS', '/key'],
      [{ modified: 'now' }, 'INVALID_PARAMS', '/modified'],
      [{ description: 'x'.repeat(501) }, 'TOO_LARGE', 'description'],
      [{ secret: 1 }, 'INVALID_PARAMS', '/secret'],
    ];
    for (const [params, ...expected] of wrong)
      expect(await refusal(params), JSON.stringify(params)).to.deep.equal(expected);
    const none = await member('peerless', null);
    const { error } = await none.call('files.publish', { name: 'a', ...file });
    expect(error).to.deep.nested.include({ 'data.reason': 'INVALID_PARAMS', 'data.path': '/key' });
    expect((await none.result('files.publish', { name: 'a', ...file, key: KEY })).status).to.equal(202);
    const stranger = await Wire.greet(daemon.address);
    for (const method of ['files.discover', 'peer.ping']) {
      expect((await stranger.call(method, method === 'peer.ping' ? { member: 'picky' } : {})).error?.code).to.equal(
        407,
      );
    }
    for (const each of [wire, none, stranger]) each.close();
  });

  it('limit the listings of a member', async () => {
    const wire = await member('hoarder');
    const answers = await Promise.all(
      Array.from({ length: 45 }, (_, i) => wire.call('files.publish', { name: `${i}`, ...file })),
    );
    expect(answers.filter(({ result }) => result)).to.have.length(40);
    expect(answers.at(-1)!.error).to.deep.nested.include({ code: 413, 'data.limit': 40 });
    wire.close();
  });

  it('send events to watchers, and replay them from a seq on, in order with posts', async () => {
    const watcher = await member('watcher');
    const talker = await member('talker');
    const { seq } = await watcher.result('watch', { files: true });
    await talker.result('files.publish', { name: 'one', ...file });
    await talker.result('forum.post', { text: 'listed' });
    await talker.result('messages.send', { to: 'watcher', text: 'for you' });
    await talker.result('files.publish', { name: 'two', ...file });
    await talker.result('files.publish', { name: 'three', ...file });
    await talker.result('files.publish', { name: 'one', ...file, size: 7 });
    await talker.result('files.unpublish', { name: 'two' });
    const last = await watcher.wait(({ params }) => params?.change === 'unpublished');
    expect(last.params).to.deep.include({ change: 'unpublished' });
    const told = (wire: Wire) =>
      wire.lines
        .filter(({ method }) => method === 'listing' || method === 'post' || method === 'message')
        .map(({ method, params }) =>
          method === 'listing' ? `${params.change} ${params.listing.name} ${params.listing.size}` : method,
        );
    expect(told(watcher)).to.deep.equal([
      'published one 1000',
      'published two 1000',
      'published three 1000',
      'published one 7',
      'unpublished two 1000',
    ]);
    expect(watcher.lines.find(({ method }) => method === 'listing')?.params.listing).to.include({
      member: 'talker',
      online: true,
    });
    watcher.lines.length = 0;
    await watcher.result('watch', { files: true, forum: true, sinceSeq: seq });
    expect(told(watcher)).to.deep.equal([
      'post',
      'message',
      'published three 1000',
      'published one 7',
      'unpublished two 1000',
    ]);
    const seqs = watcher.lines.flatMap(({ params }) => params?.seq ?? []);
    expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));
    watcher.lines.length = 0;
    await watcher.result('watch', { files: true, sinceSeq: seq });
    expect(told(watcher)).to.deep.equal(['published three 1000', 'published one 7', 'unpublished two 1000']);
    await watcher.result('watch', { forum: true, sinceSeq: seq });
    expect(told(watcher).slice(3)).to.deep.equal(['post', 'message']);
    for (const wire of [watcher, talker]) wire.close();
  });

  it('replay each event once during concurrent publishing', async () => {
    const talker = await member('busy');
    const watcher = await member('late');
    const before = (await watcher.result('hello', { protocol: 1, client: 'test' })).seq;
    const listing = (async () => {
      for (let i = 0; i < 120; i++) await talker.result('files.publish', { name: `${i % 30}`, ...file, size: i });
    })();
    for (let i = 0; i < 5; i++) await watcher.result('watch', { files: true, sinceSeq: before });
    await watcher.result('watch', {}); // events that arrived live would be repeated
    watcher.lines.length = 0;
    await watcher.result('watch', { files: true, sinceSeq: before });
    await listing;
    await watcher.wait(({ params }) => params?.listing?.size === 119);
    const seqs = watcher.lines.flatMap(({ method, params }) => (method === 'listing' ? [params.seq] : []));
    expect(new Set(seqs).size).to.equal(seqs.length);
    expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));
    const latest = new Map(
      watcher.lines.flatMap(({ params }) => (params?.listing ? [[params.listing.name, params.listing.size]] : [])),
    );
    for (let i = 0; i < 30; i++) expect(latest.get(`${i}`)).to.equal(90 + i);
    for (const wire of [watcher, talker]) wire.close();
  });

  it('keep listings across a restart', async () => {
    const wire = await member('keeper');
    await wire.result('files.publish', { name: 'kept', ...file });
    wire.close();
    await daemon.restart();
    const again = await Wire.member(daemon.address, 'keeper');
    expect((await again.result('files.find', { name: 'kept' })).sources[0].hash).to.equal(HASH);
    again.close();
  });
});
