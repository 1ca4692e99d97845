import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { validateEvent, validateResult } from '../../src/client/message-validation.ts';
import { compileCheck, type JsonSchema } from '../../src/client/schema-check.ts';
import { EVENTS } from '../../src/protocol/events.ts';
import { METHODS, type MethodName } from '../../src/protocol/methods.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { fitting, mutations, picker } from '../protocol/generated.ts';
import { ROOT } from '../root.ts';

type Schemas = Readonly<Record<'results' | 'events', Readonly<Record<string, JsonSchema>>>>;

describe('message validation', () => {
  let schemas: Schemas;
  before(async () => {
    schemas = JSON.parse(await readFile(join(ROOT, 'dist/src/client/schemas.json'), 'utf8')) as Schemas;
  });

  it('has every method and every event', () => {
    expect(Object.keys(schemas.results)).to.have.members(Object.keys(METHODS));
    expect(Object.keys(schemas.events)).to.have.members(Object.keys(EVENTS));
  });

  it('accepts the examples of the protocol, and fields of later versions', () => {
    for (const [method, { result }] of Object.entries(EXAMPLES)) {
      expect(validateResult(method, result), method).to.equal(undefined);
      expect(validateResult(method, { ...result, addedLater: 1 }), method).to.equal(undefined);
    }
    expect(validateEvent('addedLater', 1)).to.equal(undefined);
  });

  it('agrees with TypeBox for valid and invalid values', function () {
    this.timeout(60_000);
    const counts = { fit: 0, differ: 0 };
    for (const [name, schema] of [...Object.entries(schemas.results), ...Object.entries(schemas.events)]) {
      const check = compileCheck(schema);
      const validator = Compile(schema as unknown as TSchema);
      for (let seed = 1; seed <= 3; seed++) {
        const value = fitting(schema, { text: () => 'text', pick: picker(seed) });
        expect(check(value), name).to.equal(undefined);
        for (const other of mutations(value)) {
          const fits = validator.Check(other);
          expect(check(other) === undefined, `${name} ${JSON.stringify(other)}`).to.equal(fits);
          counts[fits ? 'fit' : 'differ'] += 1;
        }
      }
    }
    expect(counts.fit).to.be.greaterThan(1000);
    expect(counts.differ).to.be.greaterThan(1000);
  });

  it('names the first invalid field', () => {
    const { result } = EXAMPLES['rates.get' satisfies MethodName];
    const [quote] = result.quotes;
    for (const [field, value] of [
      ['at', 8.64e15 + 1],
      ['checkedAt', 1e300],
      ['buy', '89900000'],
      ['provider', { toString: 'x' }],
    ] as const) {
      expect(validateResult('rates.get', { quotes: [quote, { ...quote, [field]: value }] })).to.equal(
        `/quotes/1/${field}`,
      );
    }
    expect(validateResult('rates.get', {})).to.equal('/quotes');
    expect(validateResult('rates.get', null)).to.equal('');
  });
});
