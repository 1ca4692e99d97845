import { expect } from 'chai';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { describeSchemaError } from '../../src/protocol/describe-schema-error.ts';
import { METHODS, type MethodName } from '../../src/protocol/methods.ts';
import { EXAMPLES } from './examples.ts';

/** What TypeBox and JSON Schema call things, which nobody should have to read. */
const PARSER_TEXT = /must (?:not )?(?:have|be|match)|anyOf|schema|^\/|undefined|NaN/;

describe('errors of parameters', () => {
  const described = (method: MethodName, params: object): string | undefined => {
    const schema = METHODS[method].params as TSchema;
    const [error] = Compile(schema)
      .Errors(params)
      .filter(({ keyword }) => keyword !== 'boolean');
    return error && describeSchemaError(error, schema, params);
  };

  it('name the field, what is wrong and what is expected', () => {
    for (const [method, params, message] of [
      [
        'forum.post',
        { text: 'x', topic: '' },
        'The topic is empty. Expected: letters, digits, - _; default: lobby; 1-64 characters.',
      ],
      ['forum.post', { text: '' }, 'The text is empty. Expected: 1-4,096 characters.'],
      [
        'forum.post',
        { text: 'x'.repeat(8193) },
        'The text has 8,193 characters, which are too many. Expected: 1-4,096 characters.',
      ],
      ['forum.post', { text: 5 }, 'The text is 5. Expected: 1-4,096 characters.'],
      [
        'forum.post',
        { text: 'x', replyTo: 0 },
        'The number of the message to reply to is 0. Expected: a whole number of 1 or more.',
      ],
      ['forum.read', { limit: 500 }, 'The limit is 500. Expected: a whole number from 1 to 200.'],
      ['forum.read', { limit: 1.5 }, 'The limit is 1.5. Expected: a whole number from 1 to 200.'],
      ['messages.send', { to: '', text: 'x' }, 'The member name is empty. Expected: 1-32 letters, digits, - _ .'],
      ['account.setRole', { name: 'x', role: 'god' }, 'The role is "god". Expected: one of owner, moderator, member.'],
    ] as const) {
      expect(described(method, params), `${method} ${JSON.stringify(params).slice(0, 60)}`).to.equal(message);
    }
  });

  it('are in words for every parameter of every method', () => {
    let count = 0;
    for (const { method, params } of Object.entries(METHODS).map(([name, each]) => ({
      method: name as MethodName,
      params: each.params as unknown as { properties: Record<string, object> },
    }))) {
      for (const name of Object.keys(params.properties)) {
        for (const value of [
          '',
          'x'.repeat(70_000),
          '\u001b[31m',
          -1,
          1.5,
          1e300,
          null,
          [],
          [1],
          {},
          true,
          [[]],
          [{}],
        ]) {
          const message = described(method, { ...validParams(method), [name]: value });
          if (message === undefined) continue;
          count++;
          expect(message, `${method} ${name}`).to.match(/^[A-Z].*\. Expected: .*\.$/);
          expect(message, `${method} ${name}`).to.not.match(PARSER_TEXT);
          expect(message.length, `${method} ${name}`).to.be.below(300);
        }
      }
    }
    expect(count).to.be.above(500);
  });

  it('show no control character and no long value', () => {
    const message = described('account.setRole', { name: 'x', role: `\u001b[31m${'x'.repeat(1000)}` })!;
    expect(message).to.not.include('\u001b');
    expect(message.length).to.be.below(150);
  });
});

function validParams(method: MethodName): object {
  return EXAMPLES[method].params;
}
