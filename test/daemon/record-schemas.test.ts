import { expect } from 'chai';
import { recordProblem } from '../../src/daemon/record-schemas.ts';
import { makeInstrumentId } from '../../src/domain/instrument.ts';
import type { RecordKind } from '../../src/projections/journal-records.ts';
import { AT, EXAMPLES, password, quote } from './record-examples.ts';

const record = (kind: RecordKind, changes: object = {}) => ({ seq: 6, kind, at: AT, ...EXAMPLES[kind], ...changes });

describe('recordProblem', () => {
  it('accepts a record of every kind, with all fields and with unknown later ones', () => {
    for (const kind of Object.keys(EXAMPLES) as RecordKind[]) {
      expect(recordProblem(record(kind)), kind).to.equal(undefined);
      expect(recordProblem(record(kind, { added: 1 })), kind).to.equal(undefined);
    }
    expect(recordProblem(record('forum.posted', { clientId: undefined }))).to.equal(undefined);
    expect(
      recordProblem(record('rates.received', { quotes: [{ ...quote, instrument: makeInstrumentId('bạc') }] })),
    ).to.equal(undefined);
  });

  it('refuses every invalid field of every kind, by its name', () => {
    for (const kind of Object.keys(EXAMPLES) as RecordKind[]) {
      for (const field of ['at', ...Object.keys(EXAMPLES[kind])]) {
        for (const evil of [{ evil: 1 }, [[]], Number.POSITIVE_INFINITY, Number.NaN, Symbol.iterator]) {
          const problem = recordProblem(record(kind, { [field]: evil }));
          expect(problem, `${kind} ${field} ${String(evil)}`).to.be.a('string');
          expect(problem, `${kind} ${field}`).to.include(field);
        }
      }
    }
  });

  it('refuses harmful values', () => {
    const refused: readonly (readonly [RecordKind, object, RegExp])[] = [
      ['account.role', { role: 'god' }, /^role is "god", and must be one of owner, moderator, member$/],
      ['account.created', { role: 'Owner' }, /^role is "Owner"/],
      ['account.created', { password: { ...password, N: 2 ** 30 } }, /^password\.N is 1073741824/],
      ['account.created', { password: { ...password, N: 2 ** 17 } }, /^password must cost 64 MiB at most/],
      ['account.password', { password: { ...password, N: 30_000 } }, /^password\.N is 30000.*power of two/],
      ['account.password', { password: { ...password, p: 1000 } }, /^password\.p is 1000/],
      ['account.rehashed', { password: { ...password, hash: 'secret?!' } }, /^password\.hash must/],
      ['account.created', { name: 'a b' }, /^name is "a b"/],
      ['account.created', { name: '\u001b[31m' }, /^name is /],
      ['session.opened', { expires: 1e300 }, /^expires/],
      ['forum.posted', { text: 'x'.repeat(100_000) }, /^text must/],
      ['forum.posted', { replyTo: -1 }, /^replyTo/],
      ['rates.imported', { rows: [[AT, '1', 2]] }, /^rows\.0 must be/],
      ['rates.imported', { rows: [[AT, 1, 2, null, 'x', [1, 2]]] }, /^rows\.0 must be/],
      ['rates.received', { quotes: [{ ...quote, unit: 'barrel' }] }, /^quotes\.0\.unit is "barrel"/],
      ['address.banned', { range: 'everywhere' }, /^range is "everywhere"/],
    ];
    for (const [kind, changes, expected] of refused) {
      const problem = recordProblem(record(kind, changes));
      expect(problem, JSON.stringify(changes).slice(0, 80)).to.match(expected).and.to.not.match(/\p{C}/u);
    }
    for (const kind of ['account.crowned', '__proto__', 'toString', '']) {
      expect(recordProblem({ seq: 1, kind, at: AT })).to.include('unknown kind of record');
    }
  });
});
