import { expect } from 'chai';
import type { DashboardAction } from '../../../src/dashboard/action.ts';
import { reduce } from '../../../src/dashboard/reducer.ts';
import type { State } from '../../../src/dashboard/state.ts';
import { busy } from '../presentation/states.ts';

const LINES = Array.from({ length: 60 }, (_, i) => (i % 20 === 5 ? `Vàng ${i}` : `line ${i}`));

const applied = (state: State, ...actions: DashboardAction[]): State =>
  actions.reduce((current, action) => reduce(current, action).state, state);
const press = (...names: string[]): DashboardAction[] =>
  names.map((name) => ({ type: 'key', key: { name, ...([...name].length === 1 ? { text: name } : {}) } }));

describe('the box of a long answer', () => {
  const long = applied(busy(), { type: 'output', lines: LINES });

  it('opens for what does not fit over its pane, and closes with Escape', () => {
    expect(long.answer).to.deep.equal({ scroll: 0 });
    expect(applied(busy(), { type: 'output', lines: ['short'] }).answer).to.equal(null);
    const closed = applied(long, ...press('escape'));
    expect([closed.answer, closed.output]).to.deep.equal([null, null]);
    expect(applied(long, { type: 'resize', columns: 80, rows: 200 }).answer).to.equal(null);
  });

  it('scrolls by lines, pages and to its ends, and types nothing into the input line', () => {
    expect(applied(long, ...press('j', 'j', 'k')).answer?.scroll).to.equal(1);
    expect(applied(long, ...press('G')).answer?.scroll).to.equal(applied(long, ...press('G', 'down')).answer?.scroll);
    expect(applied(long, ...press('G', 'g')).answer?.scroll).to.equal(0);
    expect(applied(long, ...press('pagedown')).answer?.scroll).to.be.above(10);
    expect(applied(long, ...press('x', 'y')).input.text).to.equal('');
  });

  it('finds text, the next and the previous one, around the ends', () => {
    const found = applied(long, ...press('/', 'v', 'a', 'n', 'g', 'enter'));
    expect(found.answer?.search).to.deep.equal({ query: 'vang', isTyping: false, line: 5 });
    expect(applied(found, ...press('n')).answer?.search?.line).to.equal(25);
    expect(applied(found, ...press('n', 'n', 'n')).answer?.search?.line).to.equal(5);
    expect(applied(found, ...press('N')).answer?.search?.line).to.equal(45);
    expect(applied(found, ...press('escape')).answer).to.include({ search: null });
    expect(applied(long, ...press('/', 'q', 'q', 'enter')).answer?.search?.line).to.equal(null);
  });

  it('shows a long error whole: the reason why a connection ended, and of a failed call', () => {
    const reason = 'The certificate of the server has changed. '.repeat(8);
    const ended = applied(busy(), { type: 'connection', connection: { phase: 'ended', reason } });
    expect(ended.output).to.deep.equal([reason]);
    expect(applied(busy(), { type: 'notice', text: reason, tone: 'bad' }).output).to.deep.equal([reason]);
    expect(applied(busy(), { type: 'notice', text: 'short', tone: 'bad' }).notice?.text).to.equal('short');
  });
});
