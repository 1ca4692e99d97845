import { expect } from 'chai';
import fc from 'fast-check';
import { judge, parseRule } from '../../src/cli/accept-rule.ts';
import { Failure } from '../../src/domain/failure.ts';

describe('--accept', () => {
  it('names a member, and maybe a size', () => {
    expect(parseRule('yoda')).to.deep.equal({ member: 'yoda', most: Number.POSITIVE_INFINITY });
    expect(parseRule('@Obi-wan:1.5GB')).to.deep.equal({ member: 'Obi-wan', most: 1.5e9 });
    for (const text of ['', ':5MB', 'yoda:', 'yoda:much', 'yo da']) {
      expect(() => parseRule(text), text).to.throw(Failure, `--accept is "${text}". Expected MEMBER or MEMBER:SIZE`);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseRule(text).most).to.be.above(0);
        } catch (thrown) {
          expect((thrown as Failure).code).to.equal('USAGE');
        }
      }),
    );
  });

  it('takes what it allows, in whatever case the name is', () => {
    const rules = ['yoda:5MB', 'Đặng'].map(parseRule);
    expect(judge(rules, { member: 'Yoda', size: 5_000_000 })).to.equal('take');
    expect(judge(rules, { member: 'Yoda', size: 5_000_001 })).to.equal('too large');
    expect(judge(rules, { member: 'đặng', size: 1e15 })).to.equal('take');
    expect(judge(rules, { member: 'han', size: 1 })).to.equal('unknown');
    expect(judge([...rules, parseRule('yoda')], { member: 'yoda', size: 1e15 })).to.equal('take');
  });
});
