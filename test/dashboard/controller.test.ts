import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { ReconnectingClient } from '../../src/client/reconnecting-client.ts';
import { localTarget, parseTarget, type Target } from '../../src/client/target.ts';
import type { DashboardAction, Effect, RunnableCommand } from '../../src/dashboard/action.ts';
import { App } from '../../src/dashboard/app.ts';
import { Controller } from '../../src/dashboard/controller.ts';
import { initialState, type State } from '../../src/dashboard/state.ts';
import { DashboardStateFile } from '../../src/dashboard/state-file.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { parseCommandLine } from '../../src/repl/grammar.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

const DAY = 24 * 3_600_000;

/** A dashboard without a screen. */
class Headless {
  readonly app: App;
  readonly controller: Controller;
  readonly actions: DashboardAction[] = [];
  readonly #waiting = new Set<() => void>();
  closingMessage: string | undefined;

  constructor(target: Target, home: HomeDirectory) {
    this.app = new App({
      state: initialState({ columns: 80, rows: 24, now: Date.now(), address: '', theme: 'dark', unicode: true }),
      runEffect: (effect) => this.controller.runEffect(effect),
      paint: () => {},
    });
    this.controller = new Controller({
      createClient: (listeners) =>
        new ReconnectingClient({
          target,
          home,
          subscription: { rates: true, forum: true, members: true, files: true },
          ...listeners,
        }),
      home,
      historyFile: home.dashboardHistoryFile,
      onEdit: async (text) => `${text}\nfrom the editor\n`,
      stateFile: new DashboardStateFile(home.dashboardStateFile),
      dispatch: (action) => {
        this.actions.push(action);
        this.app.dispatch(action);
        for (const look of [...this.#waiting]) look();
      },
      state: () => this.app.state,
      user: 'somebody',
      onQuit: (closingMessage) => {
        this.closingMessage = closingMessage ?? '';
        for (const look of [...this.#waiting]) look();
      },
      onSuspend: () => {},
      onRedraw: () => {},
    });
  }

  async until(fits: (state: State) => unknown): Promise<State> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(JSON.stringify(this.app.state))), 10_000);
      const look = (): void => {
        if (!fits(this.app.state)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
    return this.app.state;
  }

  say(line: string): void {
    this.controller.runEffect({ type: 'runCommand', command: parseCommandLine(line) as RunnableCommand });
  }
}

describe('the controller of the dashboard', () => {
  let daemon: DaemonFixture;
  let owner: Client;
  const headless: Headless[] = [];

  const open = async (target?: Target): Promise<Headless> => {
    const one = new Headless(target ?? localTarget(daemon.home), target ? await daemon.anotherHome() : daemon.home);
    headless.push(one);
    await one.controller.start();
    return one;
  };
  const sign = (name: string, type: 'signIn' | 'signUp' = 'signUp'): Effect => ({
    type,
    name,
    password: 'correct horse',
    takeOver: false,
  });

  beforeEach(async () => {
    daemon = await DaemonFixture.start();
    owner = await daemon.connect({ resume: false });
    const rows = Array.from({ length: 40 }, (_, day): [number, number, number] => [
      Math.floor(Date.now() / DAY) * DAY - (40 - day) * DAY,
      100_000_000 + day * 100_000,
      102_000_000 + day * 100_000,
    ]);
    await owner.call('rates.import', { instrument: 'SJC', rows });
  });

  afterEach(async () => {
    for (const { app, controller } of headless.splice(0)) {
      app.stop();
      await controller.stop();
    }
    await daemon.stop();
  });

  it('reads everything when the connection comes', async () => {
    const { app, controller } = await open();
    await controller.waitUntilIdle();
    const { connection, rates, hasLoadedRates, hasLoadedMembers, forum, chart } = app.state;
    expect(connection).to.deep.equal({ phase: 'online' });
    expect({ hasLoadedRates, hasLoadedMembers, isLoaded: forum.isLoaded }).to.deep.equal({
      hasLoadedRates: true,
      hasLoadedMembers: true,
      isLoaded: true,
    });
    expect(rates[0]?.quote.instrument).to.equal('SJC');
    expect(rates[0]?.closes).to.have.length.above(10);
    expect(chart).to.include({ instrument: 'SJC', isLoading: false, error: null, currency: 'VND' });
    expect(chart.candles).to.have.length(40);
  });

  it('does not begin without a daemon', async () => {
    const home = await daemon.anotherHome();
    const one = new Headless(localTarget(home), home);
    headless.push(one);
    const failure = await one.controller.start().catch((thrown) => thrown);
    expect(failure).to.include({ code: 'NO_DAEMON', exit: 3 });
  });

  it('signs up, and says why not', async () => {
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    const { member } = await one.until(({ member }) => member);
    expect(member).to.deep.equal({ name: 'yoda', role: 'owner' });
    one.app.dispatch({ type: 'key', key: { name: 'f3' } });
    one.controller.runEffect(sign('yoda'));
    const { form } = await one.until(({ form }) => form?.error);
    expect(form?.error).to.match(/already/);
  });

  it('asks for an account over the network, where nothing is read without one', async () => {
    const one = await open(parseTarget(`tcp://${daemon.address}`));
    await one.until(({ form }) => form?.kind === 'signIn');
    expect(one.app.state.hasLoadedRates).to.equal(false);
    one.controller.runEffect(sign('luke'));
    await one.until(({ hasLoadedRates, forum }) => hasLoadedRates && forum.isLoaded);
    expect(one.app.state.form).to.equal(null);
  });

  it('posts in the topic that is shown, edits, deletes, reads, and answers what fails', async () => {
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    await one.until(({ member }) => member);
    one.say('MSG Do or do not');
    await one.until(({ forum }) => forum.posts.length === 1);
    await one.until(({ notice }) => notice?.text.startsWith('Message #1 posted at '));
    one.say('EDT #1 There is no try');
    await one.until(({ forum }) => forum.posts[0]?.text === 'There is no try');
    one.say('DLT #1');
    await one.until(({ forum }) => forum.posts[0]?.deletedBy === 'yoda');
    one.say('MSG #gold It is up');
    await one.until(({ forum }) => forum.posts[1]?.topic === 'gold' && forum.posts[1].text === 'It is up');
    one.say('DLT #7');
    await one.until(({ output }) => output);
    one.say('2020-01-01 SJC');
    await one.until(({ output }) => output?.some((line) => line.includes('SJC')));
    one.say('SUM 25');
    await one.until(({ output }) => output?.some((line) => line.includes('Client Number: 25')));
  });

  it('keeps typed lines for the next start, and takes what the editor returns', async () => {
    const one = await open();
    one.controller.runEffect({ type: 'saveHistory', line: 'MARKET BTC' });
    one.controller.runEffect({ type: 'openEditor', text: 'hello' });
    await one.until(({ input }) => input.text === 'hello\nfrom the editor');
    await one.controller.stop();
    const next = await open();
    await next.until(({ input }) => input.history.includes('MARKET BTC'));
  });

  it('follows what others do', async () => {
    const one = await open();
    await one.controller.waitUntilIdle();
    const luke = await daemon.connectAfar();
    await luke.signUp({ name: 'luke', password: 'correct horse' });
    await one.until(({ members }) => members.some(({ name }) => name === 'luke'));
    await luke.call('forum.post', { text: 'hello', topic: 'gold' });
    await one.until(({ forum }) => forum.posts.length === 1 && forum.topics.some(({ topic }) => topic === 'gold'));
    await owner.call('rates.import', { instrument: 'SJC', rows: [[Date.now() - 1000, 110_000_000, 112_000_000]] });
    await luke.close();
    await one.until(({ members }) => members.length === 0);
  });

  it('counts what is unread, and marks it read', async () => {
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    await one.until(({ member }) => member);
    const luke = await daemon.connectAfar();
    await luke.signUp({ name: 'luke', password: 'correct horse' });
    await luke.call('forum.post', { text: 'hi @yoda' });
    await one.until(({ forum }) => forum.topics.some(({ unread, mentions }) => unread === 1 && mentions === 1));
    one.controller.runEffect({ type: 'markRead', topic: null });
    await one.until(({ forum }) => forum.topics.every(({ unread }) => unread === 0));
  });

  it('shows a new role of its member at once', async () => {
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    await one.until(({ member }) => member);
    const luke = await open(parseTarget(`tcp://${daemon.address}`));
    luke.controller.runEffect(sign('luke'));
    await luke.until(({ member, members }) => member?.role === 'member' && members.length === 2);
    luke.actions.length = 0;
    await owner.call('account.setRole', { name: 'luke', role: 'moderator' });
    await luke.until(({ member }) => member?.role === 'moderator');
    expect(luke.actions.map(({ type }) => type)).to.include('role');
    await one.until(({ members }) => members.some(({ name, role }) => name === 'luke' && role === 'moderator'));
    await luke.controller.runEffect({ type: 'refresh' });
    await luke.controller.waitUntilIdle();
    expect(luke.app.state.member).to.deep.equal({ name: 'luke', role: 'moderator' });
  });

  it('keeps the watch list of each member until the next start', async () => {
    const one = await open();
    one.controller.runEffect({ type: 'saveWatchList', instruments: ['SJC', 'BTC'] });
    one.controller.runEffect(sign('yoda'));
    await one.until(({ member, watchList }) => member && watchList.length === 0);
    one.controller.runEffect({ type: 'saveWatchList', instruments: ['PNJ'] });
    await one.controller.stop();
    const next = await open();
    await next.until(({ member, watchList }) => member?.name === 'yoda' && watchList[0] === 'PNJ');
  });

  it('shows the last chart that is wanted, not those that somebody passes on the way', async () => {
    const one = await open();
    await one.controller.waitUntilIdle();
    one.actions.length = 0;
    for (const range of ['3m', '1m', '1w', '1d', 'all'] as const) {
      one.app.dispatch({ type: 'key', key: { name: 'x' } });
      one.controller.runEffect({ type: 'loadChart', instrument: 'SJC', range });
    }
    await one.controller.waitUntilIdle();
    const charts = one.actions.filter(({ type }) => type === 'candles' || type === 'chartFailed');
    expect(charts.length).to.be.within(1, 2);
    expect(charts.at(-1)).to.include({ type: 'candles', range: 'all' });
  });

  const sjc = (state: State) => state.rates.find(({ quote }) => quote.instrument === 'SJC')!;
  const press = (one: Headless, text: string): void =>
    one.app.dispatch({ type: 'key', key: { name: text.toLowerCase(), text } });

  it('shows the next series of an instrument by a key, and again at the next start', async () => {
    const days = Array.from({ length: 10 }, (_, day) => Math.floor(Date.now() / DAY) * DAY - (10 - day) * DAY);
    const west = { provider: 'import', company: '', brand: 'Miền Tây' };
    const rows = days.map((at): [number, number, number] => [at, 104_000_000, 106_000_000]);
    const { refused } = await owner.call('rates.import', { instrument: 'SJC', ...west, rows, force: true });
    expect(refused).to.deep.equal([]);
    const one = await open();
    await one.controller.waitUntilIdle();
    expect(sjc(one.app.state).quote.brand).to.equal('');
    expect(one.app.state.chart.series).to.deep.equal({ ...west, brand: '' });
    one.app.dispatch({ type: 'click', pane: 'chart', row: 0, column: 0, width: 40, height: 10 });
    press(one, 's');
    const shown = await one.until(({ chart, rates }) => chart.candles.length > 0 && rates[0]!.closes.length === 10);
    expect(shown.chart).to.deep.include({ series: west });
    expect(shown.chart.candles.map(({ close }) => close)).to.deep.equal(days.map(() => 106_000_000));
    expect(sjc(shown)).to.deep.include({ closes: days.map(() => 106_000_000) });
    await one.controller.stop();

    const next = await open();
    await next.controller.waitUntilIdle();
    expect(sjc(next.app.state).quote).to.include({ brand: 'Miền Tây', sell: 106_000_000 });
    expect(sjc(next.app.state).closes).to.have.length(10);
    expect(next.app.state.chart.series).to.deep.equal(west);
    next.app.dispatch({ type: 'click', pane: 'chart', row: 0, column: 0, width: 40, height: 10 });
    press(next, 's');
    await next.until(({ chart }) => chart.series?.brand === '');
    expect(next.app.state.choices.size).to.equal(0);
  });

  it('charts the buy price, another instrument in percent, and an earlier period', async () => {
    const one = await open();
    await one.controller.waitUntilIdle();
    one.app.dispatch({ type: 'click', pane: 'chart', row: 0, column: 0, width: 40, height: 10 });
    const { chart } = await one.until(({ chart }) => chart.candles.length > 0);
    press(one, 'b');
    const bought = await one.until(({ chart: { side, candles } }) => side === 'buy' && candles.length > 0);
    expect(bought.chart.candles).to.have.length(chart.candles.length);
    expect(bought.chart.candles.at(-1)!.close).to.be.below(chart.candles.at(-1)!.close);
    press(one, 'b');
    one.controller.runEffect({ type: 'loadChart', instrument: 'SJC', range: '1y', versus: 'SJC' });
    await one.controller.waitUntilIdle();
    const compared = one.actions.findLast(({ type }) => type === 'candles');
    expect(compared).to.deep.include({ versus: 'SJC', versusCandles: chart.candles });
    one.controller.runEffect({ type: 'loadChart', instrument: 'SJC', range: '1y', versus: 'NOSUCH' });
    await one.controller.waitUntilIdle();
    const failed = one.actions.findLast(({ type }) => type === 'candles');
    expect(failed).to.deep.include({ versus: 'NOSUCH', candles: chart.candles });
    expect((failed as { versusError?: string }).versusError).to.include('NOSUCH');
    press(one, '<');
    await one.until(({ chart: { end, isLoading } }) => end !== null && !isLoading);
  });

  it('shows the earlier price once an import is undone', async () => {
    const one = await open();
    await one.controller.waitUntilIdle();
    const { batch } = await owner.call('rates.startImport', { file: 'later.csv' });
    const rows: [number, number, number][] = [[Date.now() - 1000, 104_000_000, 106_000_000]];
    await owner.call('rates.import', { instrument: 'SJC', rows, batch });
    await one.until((state) => sjc(state).quote.sell === 106_000_000);
    await owner.call('rates.undo', { batch });
    await one.until((state) => sjc(state).quote.sell === 105_900_000);
  });

  it('says why there is no chart', async () => {
    const one = await open();
    await one.controller.waitUntilIdle();
    one.app.dispatch({ type: 'paste', text: 'CHART NOSUCH 1y' });
    one.app.dispatch({ type: 'key', key: { name: 'enter' } });
    const { chart } = await one.until(({ chart }) => chart.error);
    expect(chart).to.include({ instrument: 'NOSUCH', isLoading: false });
  });

  it('goes on where it was when the daemon comes back, with what was written meanwhile', async () => {
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    await one.until(({ member }) => member);
    await daemon.restart(async () => {
      const { connection } = await one.until(({ connection }) => connection.phase === 'offline');
      expect(connection).to.have.property('since').that.is.closeTo(Date.now(), 5000);
      one.say('MSG from afar');
      await one.until(({ notice }) => notice?.text.includes('will be sent when the connection is back'));
    });
    await one.until(({ connection, forum }) => connection.phase === 'online' && forum.posts.length === 1);
    expect(one.app.state.member?.name).to.equal('yoda');
  });

  it('shows offers, answers them, and shows how files move', async function () {
    this.timeout(30_000);
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    const other = await open(parseTarget(`tcp://${daemon.address}`));
    other.controller.runEffect(sign('han'));
    for (const each of [one, other]) await each.until(({ member }) => member);
    await one.until(({ members }) => ['yoda', 'han'].every((name) => members.some((each) => each.name === name)));
    const folder = await daemon.anotherHome();
    const path = join(folder.root, 'lecture1.mp4');
    await writeFile(path, Buffer.alloc(300_000, 'x'));
    // Until the other one can be reached it is tried again by itself.
    one.say(`UPD han ${path}`);
    const offered = await other.until(({ files }) => files.offers.length === 1);
    expect(offered.files.offers[0]).to.include({ member: 'yoda', name: 'lecture1.mp4', size: 300_000 });
    other.controller.runEffect({ type: 'answerTransfer', verb: 'accept', id: offered.files.offers[0]!.id });
    await other.until(({ files }) => files.offers.length === 0 && files.transfers[0]?.state === 'done');
    await one.until(({ files }) => files.transfers[0]?.state === 'done');
    const noticesOf = (each: Headless) =>
      each.actions.flatMap((action) => (action.type === 'notice' ? action.text : []));
    expect(noticesOf(one).some((text) => text.startsWith('lecture1.mp4 has been uploaded'))).to.equal(true);
    expect(noticesOf(other).some((text) => text.startsWith('Received lecture1.mp4 from yoda. Saved as '))).to.equal(
      true,
    );
    other.say(`PUBLISH ${path} notes.bin`);
    await one.until(({ files }) => files.listings.includes('notes.bin'));
    expect(noticesOf(one)).to.include('han publishes notes.bin (300 kB): FETCH notes.bin');
    one.say('NOTIFY');
    expect((await one.until(({ output }) => output)).output?.join('\n')).to.match(/lecture1\.mp4 +out +han/);
    one.say('CANCEL 99');
    await one.until(({ output }) => output?.[0] === 'There is no transfer 99.');
  });

  it('says good-bye as the seed has it', async () => {
    const one = await open();
    one.controller.runEffect(sign('yoda'));
    await one.until(({ member }) => member);
    one.say('OUT');
    await one.until(() => one.closingMessage !== undefined);
    expect(one.closingMessage).to.equal('Signed out. Goodbye, yoda!');
  });
});
