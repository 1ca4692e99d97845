import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { Store } from '../../src/store/store.ts';
import { Wire } from '../server/wire.ts';
import { memoryStore } from '../store/temporary.ts';
import { type CrashHome, crashHome, DaemonProcess } from './daemon-process.ts';
import { FlakySource } from './sources.ts';

const HOUR = 3_600_000;
/** Offsets of the clock: forward and back, a day off, and correct again. */
const JUMPS = [HOUR, -2 * HOUR, 24 * HOUR, 0];

describe('clock changes', function () {
  this.timeout(60_000);
  let home: CrashHome;
  let daemon: DaemonProcess;
  let source: FlakySource;
  let clock: string;

  before(async () => {
    source = new FlakySource('steady', Math.random);
    const settings = await source.start();
    source.mend();
    home = await crashHome({ idleMs: 1_800_000 }, { providers: { [source.id]: settings } });
    clock = join(home.path, 'clock');
    await writeFile(clock, '0');
    daemon = await begin();
  });
  after(async () => {
    await daemon?.end('SIGKILL');
    await source.stop();
    await home.remove();
  });

  const begin = () =>
    DaemonProcess.start(home, {
      imports: [new URL('clock-shift.js', import.meta.url).href],
      env: { GOLDCTL_TEST_CLOCK: clock },
    });

  /** Sets the daemon's clock, and resolves when the daemon uses it. */
  async function set(shift: number, wire: Wire): Promise<void> {
    await writeFile(clock, String(shift));
    const off = async () => (await wire.result('hello', { protocol: 1, client: 'x' })).now - Date.now() - shift;
    while (Math.abs(await off()) > 5000) await pause(10);
  }

  it('lose, repeat and reorder nothing, and prolong no lock', async () => {
    const leia = await Wire.member(daemon.address, 'leia');
    const han = await Wire.greet(daemon.address);
    const { token } = await han.result('account.signUp', { name: 'han', password: 'secret' });
    await leia.result('watch', { forum: true, rates: true, members: true });
    const guesser = await Wire.greet(daemon.address);
    const guess = () => guesser.call('account.signIn', { name: 'leia', password: 'wrong' });
    let locked = await guess();
    while (locked.error?.code !== 423) locked = await guess();
    let wait = locked.error!.data.retryAfterMs as number;
    const texts: string[] = [];
    const isSource = ({ id }: { id: string }) => id === source.id;
    for (const jump of JUMPS) {
      await set(jump, han);
      const text = `at ${jump}`;
      texts.push(text);
      await han.result('forum.post', { text });
      const quotes = () => leia.lines.filter(({ method }) => method === 'quote').length;
      if (jump < 0) {
        // The source's clock shows that the local one is behind: it dates no prices, and the provider reports it.
        const problem = async () => (await leia.result('rates.providers')).providers.find(isSource).lastError;
        while (!/2 h behind the clocks of the price sources/.test((await problem()) ?? '')) await pause(20);
      } else for (const before = quotes(); quotes() === before; ) await pause(20);
      const again = await guess();
      if (again.error?.code === 423) {
        expect(again.error.data.retryAfterMs, text).to.be.at.most(wait);
        wait = again.error.data.retryAfterMs;
      }
      const back = await Wire.greet(daemon.address);
      await back.result('account.resume', { token });
      const { members } = await back.result('members.active');
      for (const { name, idleMs } of members) expect(idleMs, `${name} ${text}`).to.be.below(60_000);
      back.close();
    }
    const heard = leia.lines.filter(({ method }) => method === 'post').map(({ params }) => params.post.text);
    expect(heard).to.deep.equal(texts);
    expect(leia.lines.filter(({ method, params }) => method === 'member' && params.change === 'idle')).to.deep.equal(
      [],
    );
    expect(leia.closed || han.closed).to.equal(false);
    const { posts } = await leia.result('forum.read', {});
    expect(posts.map(({ text }: { text: string }) => text)).to.deep.equal(texts);
    // By time: posts whose own time is late enough, in any order.
    const late = await leia.result('forum.read', { sinceTime: Date.now() + 12 * HOUR });
    expect(late.posts.map(({ text }: { text: string }) => text)).to.deep.equal([`at ${24 * HOUR}`]);
    const latest = (await leia.result('rates.list')).quotes[0];
    const event = leia.lines.findLast(({ method }) => method === 'quote')!.params.quote;
    expect(latest.buy, 'the newest price is the one received last').to.equal(event.buy);
    for (const wire of [leia, han, guesser]) wire.close();
  });

  it('leave a journal that starts again, and an equal read model', async () => {
    await daemon.end('SIGKILL');
    daemon = await begin();
    const wire = await Wire.member(daemon.address, 'chewie');
    const { post } = await wire.result('forum.post', { text: 'on it goes' });
    expect(post.number).to.equal(JUMPS.length + 1);
    wire.close();
    await daemon.end('SIGTERM');
    const store = await Store.inFolder(join(home.path, 'data'));
    const engine = new LocalEngine(store, new ReadModel(store));
    await engine.start();
    const fresh = memoryStore();
    await fresh.open();
    await rebuildStore(store, fresh);
    // At most the seq of the search index differs.
    expect((await differingKeys(store, fresh)).filter((key) => !key.startsWith('w/'))).to.have.length.at.most(1);
    await engine.stop();
  });

  it('do not affect the end of a temporary ban', async () => {
    daemon = await begin();
    const owner = await Wire.over(connect(join(home.path, 'control.sock')));
    const wire = await Wire.member(daemon.address, 'greedo');
    await owner.result('admin.ban', { name: 'greedo', minutes: 30 });
    await wire.ended();
    const again = async () => {
      const back = await Wire.greet(daemon.address);
      const { error } = await back.call('account.signIn', { name: 'greedo', password: 'secret' });
      back.close();
      return error?.code;
    };
    expect(await again()).to.equal(416);
    await set(HOUR, owner);
    expect(await again()).to.equal(undefined);
    owner.close();
  });
});
