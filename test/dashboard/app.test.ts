import { expect } from 'chai';
import type { Effect } from '../../src/dashboard/action.ts';
import { App } from '../../src/dashboard/app.ts';
import { initialState, type State } from '../../src/dashboard/state.ts';

const STATE = initialState({ columns: 80, rows: 24, now: 0, address: '', theme: 'dark', unicode: true });

describe('the app', () => {
  let clock = 0;
  let frames: State[];
  let effects: Effect[];
  let app: App;

  let waiting: { at: number; work: () => void }[];

  const advance = (ms: number): void => {
    for (const end = clock + ms; clock < end; ) {
      clock += 1;
      const due = waiting.filter(({ at }) => at <= clock);
      waiting = waiting.filter(({ at }) => at > clock);
      for (const { work } of due) work();
    }
  };

  beforeEach(() => {
    clock = 1000;
    frames = [];
    effects = [];
    waiting = [];
    app = new App({
      state: STATE,
      runEffect: (effect) => effects.push(effect),
      paint: (state) => frames.push(state),
      clock: {
        now: () => clock,
        monotonic: () => clock,
        after: (ms, work) => {
          const timer = { at: clock + ms, work };
          waiting.push(timer);
          return () => {
            waiting = waiting.filter((each) => each !== timer);
          };
        },
      },
    });
  });

  it('paints at once, and again when something changes', () => {
    app.start();
    expect(frames).to.have.length(1);
    advance(500);
    expect(frames).to.have.length(1);
    app.dispatch({ type: 'key', key: { name: 'x', text: 'x' } });
    advance(1);
    expect(frames).to.have.length(2);
    expect(frames[1]!.input.text).to.equal('x');
  });

  const busy = (ms: number, more: (i: number) => void = () => {}): void => {
    for (let i = 0; i < ms; i++) {
      app.dispatch({ type: 'notice', text: `${i}`, tone: 'info' });
      more(i);
      advance(1);
    }
  };
  const type = (text: string): void => app.dispatch({ type: 'key', key: { name: text, text } });

  it('paints sixteen times a second, and the last state always', () => {
    app.start();
    busy(1000);
    advance(63);
    expect(frames.length).to.be.within(16, 18);
    expect(frames.at(-1)!.notice?.text).to.equal('999');
  });

  it('shows a key at once, however much else happens, ten of them a second', () => {
    app.start();
    for (let keys = 1; keys <= 50; keys++) {
      busy(60 + ((keys * 37) % 81));
      type('x');
      advance(1);
      expect(frames.at(-1)!.input.text).to.equal('x'.repeat(keys));
    }
  });

  it('shows a key at once when all was quiet, and the next three', () => {
    app.start();
    advance(500);
    for (const wanted of ['x', 'xx', 'xxx', 'xxxx']) {
      type('x');
      advance(1);
      expect(frames.at(-1)!.input.text).to.equal(wanted);
    }
  });

  it('paints at most twenty times in any second, also when keys come faster than frames', () => {
    const painted: number[] = [];
    let shown = 0;
    app.start();
    busy(4000, (i) => {
      if (i % 400 < 200 && i % 7 === 0) type('x');
      for (; shown < frames.length; shown++) painted.push(clock);
    });
    for (const from of painted) {
      expect(painted.filter((at) => at >= from && at < from + 1000).length).to.be.at.most(20);
    }
    advance(63);
    expect(frames.at(-1)!.input.text).to.have.length(app.state.input.text.length);
  });

  it('ticks once a second', () => {
    app.start();
    advance(3001);
    expect(app.state.now).to.equal(4000);
    expect(frames).to.have.length(4);
  });

  it('hands out effects in their order', () => {
    app.start();
    app.dispatch({ type: 'connection', connection: { phase: 'online' } });
    app.dispatch({ type: 'key', key: { name: 'c', ctrl: true } });
    expect(effects).to.deep.equal([{ type: 'refresh' }, { type: 'quit' }]);
  });

  it('paints no more once it is stopped', () => {
    app.start();
    app.dispatch({ type: 'resize', columns: 100, rows: 30 });
    app.stop();
    app.dispatch({ type: 'resize', columns: 101, rows: 30 });
    app.repaint();
    advance(2000);
    expect(frames).to.have.length(1);
    expect(app.state.columns).to.equal(101);
  });

  it('paints the same state again where the screen was lost', () => {
    app.start();
    advance(100);
    app.repaint();
    advance(1);
    expect(frames).to.have.length(2);
    expect(frames[1]).to.equal(frames[0]);
  });
});
