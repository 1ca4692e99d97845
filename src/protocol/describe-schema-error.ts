import type { TSchema } from 'typebox';
import { sanitizeText } from '../domain/text.ts';

/** The part of a validation error of TypeBox that is described. */
export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer, such as `/rows/0/1`. */
  readonly instancePath: string;
}

/** The keywords of JSON Schema that src/protocol uses. */
interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode | readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Names of parameters in words; every other name is split at its capital letters. */
const FIELD_WORDS: Readonly<Record<string, string>> = {
  at: 'time',
  before: 'number to start before',
  in: 'currency or unit',
  n: 'number',
  replyTo: 'number of the message to reply to',
  seq: 'sequence number',
  sinceSeq: 'first sequence number',
  sinceTime: 'start time',
  thread: 'number of the thread',
  with: 'member name',
};
/** Descriptions that state a format; others state a purpose and do not help here. */
const FORMAT_DESCRIPTION = /\d|letters|digits|epoch|such as/;
const MAX_QUOTED_CHARACTERS = 40;

/** What is wrong with a value, in words: the field, the value or its size, and what is expected. Shows no long text. */
export function describeSchemaError(error: SchemaError, schema: TSchema, value: unknown): string {
  const keys = error.instancePath.split('/').slice(1).map(unescapePointer);
  const node = keys.reduce<SchemaNode>(childSchema, schema as SchemaNode);
  const part = keys.reduce<unknown>((whole, key) => (whole as Record<string, unknown> | null)?.[key], value);
  const expected = describeExpectation(node);
  const end = expected.endsWith('.') ? '' : '.';
  return `${fieldName(keys, node)} ${describeProblem(error.keyword, part)}. Expected: ${expected}${end}`;
}

function unescapePointer(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function childSchema(node: SchemaNode, key: string): SchemaNode {
  const { items } = node;
  const child = node.properties?.[key] ?? (Array.isArray(items) ? items[Number(key)] : (items as SchemaNode));
  if (child) return child;
  for (const alternative of node.anyOf ?? []) {
    const found = childSchema(alternative, key);
    if (Object.keys(found).length > 0) return found;
  }
  return {};
}

/** `The topic`, `Entry 3 of the rows`. */
function fieldName(keys: readonly string[], node: SchemaNode): string {
  const index = keys.findIndex((key) => /^\d+$/.test(key));
  const name = index < 0 ? keys.at(-1) : keys[index - 1];
  if (name === undefined) return 'The parameter object';
  const words = name === 'to' && isMemberName(node) ? 'member name' : wordsOf(name);
  return index < 0 ? `The ${words}` : `Entry ${Number(keys[index]) + 1} of the ${words}`;
}

function isMemberName({ description }: SchemaNode): boolean {
  return description?.startsWith('member name') === true;
}

function wordsOf(name: string): string {
  const words = Object.hasOwn(FIELD_WORDS, name)
    ? FIELD_WORDS[name]!
    : name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return sanitizeText(words).slice(0, 64);
}

function describeProblem(keyword: string, value: unknown): string {
  if (value === undefined) return 'is missing';
  if (typeof value === 'string') {
    if (value === '') return 'is empty';
    if (keyword === 'minLength') return `has only ${value.length} characters`;
    if (keyword === 'maxLength') return `has ${value.length.toLocaleString('en-US')} characters, which are too many`;
    if (keyword === 'pattern') return 'has another format';
    if (keyword === 'type') return 'is a text';
    return `is "${sanitizeText(value).slice(0, MAX_QUOTED_CHARACTERS)}"`;
  }
  if (Array.isArray(value)) return keyword === 'type' ? 'is a list' : `has ${value.length} entries`;
  if (typeof value === 'object') return value === null ? 'is null' : 'is an object';
  return `is ${String(value)}`;
}

function describeExpectation(node: SchemaNode): string {
  const { description, anyOf } = node;
  if (anyOf) return [...new Set(anyOf.map(describeExpectation))].join(', or ');
  const limits = describeLimits(node);
  if (description === undefined || !FORMAT_DESCRIPTION.test(description)) return limits;
  const format = description.replaceAll('`', '').replace(/^[a-z ]+: (?=\d)/, '');
  return /\d-\d|\d,\d/.test(format) ? format : `${format}; ${limits}`;
}

function describeLimits(node: SchemaNode): string {
  if (node.enum) return `one of ${node.enum.join(', ')}`;
  if ('const' in node) return JSON.stringify(node.const);
  switch (node.type) {
    case 'string':
      if (node.pattern === '^[0-9a-f]{64}$') return '64 hexadecimal digits';
      return `${rangeOf(node.minLength ?? 0, node.maxLength)} characters`;
    case 'integer':
      return numberRange('a whole number', node);
    case 'number':
      return numberRange('a number', node);
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${rangeOf(node.minItems ?? 0, node.maxItems)} entries`;
    case 'null':
      return 'null';
    default:
      return 'an object';
  }
}

function rangeOf(least: number, most: number | undefined): string {
  if (most === undefined) return `${least} or more`;
  const upper = most.toLocaleString('en-US');
  return least === 0 ? `at most ${upper}` : `${least}-${upper}`;
}

function numberRange(kind: string, { minimum, maximum }: SchemaNode): string {
  if (minimum === undefined) return maximum === undefined ? kind : `${kind} of at most ${maximum}`;
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `${kind} of ${minimum} or more`
    : `${kind} from ${minimum} to ${maximum}`;
}
