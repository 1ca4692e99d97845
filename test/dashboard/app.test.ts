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
      perform: (effect) => effects.push(effect),
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

  it('paints at most twenty times a second, and the last state always', () => {
    app.start();
    for (let i = 0; i < 1000; i++) {
      app.dispatch({ type: 'notice', text: `${i}`, tone: 'info' });
      advance(1);
    }
    advance(60);
    expect(frames.length).to.be.within(15, 22);
    expect(frames.at(-1)!.notice?.text).to.equal('999');
  });

  it('shows a key within 50 ms, however much else happens', () => {
    app.start();
    advance(200);
    for (let i = 0; i < 10; i++) {
      app.dispatch({ type: 'notice', text: `${i}`, tone: 'info' });
      advance(7);
    }
    app.dispatch({ type: 'key', key: { name: 'x', text: 'x' } });
    const pressed = clock;
    while (frames.at(-1)!.input.text !== 'x') advance(1);
    expect(clock - pressed).to.be.at.most(50);
  });

  it('ticks once a second', () => {
    app.start();
    advance(3001);
    expect(app.state.now).to.equal(4000);
    expect(frames).to.have.length(4);
  });

  it('hands out effects in their order', () => {
    app.start();
    app.dispatch({ type: 'link', link: { phase: 'online' } });
    app.dispatch({ type: 'key', key: { name: 'c', ctrl: true } });
    expect(effects).to.deep.equal([{ type: 'refresh' }, { type: 'quit' }]);
  });

  it('paints no more once it is stopped', () => {
    app.start();
    app.dispatch({ type: 'resized', columns: 100, rows: 30 });
    app.stop();
    app.dispatch({ type: 'resized', columns: 101, rows: 30 });
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
