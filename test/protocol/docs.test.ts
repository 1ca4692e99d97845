import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { ERROR_CODES } from '../../src/domain/app-error.ts';
import { EVENTS, type EventName } from '../../src/protocol/events.ts';
import { MAX_LINE_BYTES, parseRpcMessage } from '../../src/protocol/jsonrpc.ts';
import type { Method } from '../../src/protocol/method.ts';
import { METHODS, type MethodName } from '../../src/protocol/methods.ts';
import { ROOT } from '../root.ts';
import { SECTIONS, withSections } from './reference.ts';

const DOCUMENT = join(ROOT, 'docs/protocol.md');

function fits(schema: TSchema, value: unknown, where: string): void {
  expect(Errors(schema, value), where).to.deep.equal([]);
}

describe('docs/protocol.md', () => {
  let document: string;
  before(async () => {
    document = await readFile(DOCUMENT, 'utf8');
  });

  it('agrees with the schemas', () => {
    expect(document, 'run `npm run docs`').to.equal(withSections(document));
  });

  it('describes every method and every event', () => {
    for (const name of Object.keys(METHODS)) expect(document).to.include(`#### ${name}\n`);
    for (const name of Object.keys(EVENTS)) expect(document).to.include(`### ${name}\n`);
  });

  it('names only existing error codes', () => {
    for (const [name, { errors = [] }] of Object.entries(METHODS) as [string, Method][]) {
      for (const error of errors) expect(ERROR_CODES, name).to.have.property(error);
    }
    for (const [, reason] of document.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)) {
      if (!reason!.startsWith('GOLDCTL_')) expect(ERROR_CODES).to.have.property(reason!);
    }
  });

  it('shows valid requests, and valid results of their methods', () => {
    const seen = new Set<string>();
    const lines = Object.values(SECTIONS)
      .flatMap((render) => render().split('\n'))
      .filter((line) => line.startsWith('{'));
    let asked: MethodName | undefined;
    for (const text of lines) {
      expect(Buffer.byteLength(text)).to.be.at.most(MAX_LINE_BYTES);
      const { id, method, params, result } = parseRpcMessage(text);
      if (method === undefined) {
        fits(METHODS[asked!].result, result, `the answer to ${asked}`);
      } else if (id === undefined) {
        fits(EVENTS[method as EventName].params, params, method);
        seen.add(method);
      } else {
        asked = method as MethodName;
        fits(METHODS[asked].params, params, asked);
        seen.add(asked);
      }
    }
    expect([...seen]).to.have.members([...Object.keys(METHODS), ...Object.keys(EVENTS)]);
  });

  it('has schemas that refuse an example with an additional field or a field of another type', () => {
    for (const [name, { params }] of Object.entries(METHODS)) {
      expect(Check(params, { zzz: 1 }), name).to.equal(false);
      for (const field of Object.keys((params as { properties: object }).properties)) {
        expect(Check(params, { [field]: Number.NaN }), `${name} ${field}`).to.equal(false);
      }
    }
  });
});
