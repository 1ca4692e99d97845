import { expect } from 'chai';
import {
  commandForKey,
  KEY_BINDINGS,
  type KeyCommand,
  type KeyContext,
  keyName,
} from '../../src/dashboard/key-bindings.ts';
import { PANES } from '../../src/dashboard/state.ts';

describe('the keys of the dashboard', () => {
  it('are named as the table has them', () => {
    expect(keyName({ name: 'c', ctrl: true })).to.equal('C-c');
    expect(keyName({ name: 'b', meta: true })).to.equal('M-b');
    expect(keyName({ name: 'tab', shift: true })).to.equal('S-tab');
    expect(keyName({ name: 'return' })).to.equal('enter');
    expect(keyName({ name: 't', text: 'T', shift: true })).to.equal('T');
    expect(keyName({ name: 'space', text: ' ' })).to.equal('space');
    expect(keyName({ name: '?', text: '?' })).to.equal('?');
    expect(keyName({ name: 'up' })).to.equal('up');
  });

  it('mean one thing in one context', () => {
    const seen = new Set<string>();
    for (const { keys, context } of KEY_BINDINGS) {
      for (const key of keys) {
        expect(seen.has(`${context} ${key}`), `${key} in ${context}`).to.equal(false);
        seen.add(`${context} ${key}`);
      }
    }
  });

  it('say what they do', () => {
    for (const { keys, context, command, help } of KEY_BINDINGS) {
      expect(keys, `${command} in ${context}`).to.not.be.empty;
      expect(help, `${command} in ${context}`).to.match(/\S/);
    }
  });

  it('leave every character to be typed in the input and in a form', () => {
    const typing: KeyContext[] = ['input', 'form', 'global'];
    for (const { keys, context } of KEY_BINDINGS.filter((each) => typing.includes(each.context))) {
      for (const key of keys) expect(key, `${key} in ${context}`).to.match(/^(?:[CMS]-.+|[a-z]\w+)$/);
    }
  });

  it('are found from the nearest context outwards', () => {
    const of = (name: string, focus: (typeof PANES)[number], more = {}): KeyCommand | undefined =>
      commandForKey({ name, ...(name.length === 1 ? { text: name } : {}) }, { focus, help: null, form: null, ...more });
    expect(of('up', 'rates')).to.equal('up');
    expect(of('up', 'chart')).to.equal('longerRange');
    expect(of('up', 'input')).to.equal('older');
    expect(of('q', 'input')).to.equal(undefined);
    expect(of('q', 'rates')).to.equal('quit');
    expect(of('q', 'rates', { help: { scroll: 0 } })).to.equal('back');
    expect(of('enter', 'chart')).to.equal(undefined);
    for (const focus of PANES) {
      expect(commandForKey({ name: 'c', ctrl: true }, { focus, help: null, form: null })).to.equal('quit');
      expect(of('f1', focus)).to.equal('toggleHelp');
    }
  });
});
