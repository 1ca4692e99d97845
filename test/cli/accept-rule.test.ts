import { expect } from 'chai';
import fc from 'fast-check';
import { evaluateRule, parseAcceptRule } from '../../src/cli/accept-rule.ts';
import { AppError } from '../../src/domain/app-error.ts';

describe('--accept', () => {
  it('names a member, and maybe a size', () => {
    expect(parseAcceptRule('yoda')).to.deep.equal({ member: 'yoda', maxBytes: Number.POSITIVE_INFINITY });
    expect(parseAcceptRule('@Obi-wan:1.5GB')).to.deep.equal({ member: 'Obi-wan', maxBytes: 1.5e9 });
    for (const text of ['', ':5MB', 'yoda:', 'yoda:much', 'yo da']) {
      expect(() => parseAcceptRule(text), text).to.throw(
        AppError,
        `--accept is "${text}". Expected MEMBER or MEMBER:SIZE`,
      );
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseAcceptRule(text).maxBytes).to.be.above(0);
        } catch (thrown) {
          expect((thrown as AppError).code).to.equal('USAGE');
        }
      }),
    );
  });

  it('takes what it allows, in whatever case the name is', () => {
    const rules = ['yoda:5MB', 'Đặng'].map(parseAcceptRule);
    expect(evaluateRule(rules, { member: 'Yoda', size: 5_000_000 })).to.equal('take');
    expect(evaluateRule(rules, { member: 'Yoda', size: 5_000_001 })).to.equal('too large');
    expect(evaluateRule(rules, { member: 'đặng', size: 1e15 })).to.equal('take');
    expect(evaluateRule(rules, { member: 'han', size: 1 })).to.equal('unknown');
    expect(evaluateRule([...rules, parseAcceptRule('yoda')], { member: 'yoda', size: 1e15 })).to.equal('take');
  });
});
